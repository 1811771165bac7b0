#!/usr/bin/env python3
"""Runs the example `nightly` for thirty days, three of which fail, repairs them and goes on, as somebody would at a prompt.

    benches/nightly.py [BINARY]          target/release/flowrun

The carrier and the webhook are a server on loopback; the carrier is down for three seconds of the night. One day's export
has a row that cannot be read, one has not come, and one day has a parcel that the carrier does not know. Printed are the
commands and what they say. Ends with 1 when a day is missing in the end, a parcel was asked for again whose answer was kept, or an
end was not told to the webhook.
"""
import json, os, pathlib, random, shutil, subprocess, sys, tempfile, threading, time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/flowrun").resolve())
DAYS = [f"2026-11-{day:02}" for day in range(1, 31)]
BROKEN, LATE, UNKNOWN = DAYS[6], DAYS[15], DAYS[22]
PARCELS = 40


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock, self.answered, self.refused, self.told = threading.Lock(), Counter(), 0, []
        self.unknown = {parcel(UNKNOWN, 11)}
        self.down_from = None
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Two small writes in a row would wait for each other's acknowledgement.
    disable_nagle_algorithm = True

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.wfile.write(b"HTTP/1.1 %d Answer\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))

    def do_GET(self):
        name, server = self.path.rsplit("/", 1)[-1], self.server
        with server.lock:
            # Down from the first parcel of the tenth day on.
            if server.down_from is None and name.startswith(parcel(DAYS[9], 0)[:5]):
                server.down_from = time.monotonic()
            if server.down_from is not None and time.monotonic() < server.down_from + 3:
                server.refused += 1
                return self.answer(503, "down")
            if name in server.unknown:
                return self.answer(404, {"error": f"no parcel {name}"})
            server.answered[name] += 1
        self.answer(200, {"state": ["delivered", "on its way", "at the depot"][int(name[1:]) % 3]})

    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Authorization"] == "Bearer token-of-the-night"
        with self.server.lock:
            self.server.told.append(told)
        self.answer(200, {})

    def log_message(self, *_):
        pass


def parcel(day, number):
    return f"P{day[5:7]}{day[8:10]}{number:02}"


def export(day):
    dice = random.Random(day)
    rows = [f"{parcel(day, number)},{dice.uniform(0.3, 12):.1f}\n" for number in range(PARCELS)]
    return "parcel,weight\n" + "".join(rows)


def flowrun(folder, words):
    """Runs it, prints the command and what it says in the end, and how long it took."""
    print(f"\n$ flowrun {words}")
    begun = time.monotonic()
    environment = dict(os.environ, HOOK_TOKEN="token-of-the-night")
    ran = subprocess.run([BINARY, *words.split()], cwd=folder, env=environment, capture_output=True, text=True)
    print(ran.stdout + ran.stderr.rstrip())
    print(f"[exit {ran.returncode}, {time.monotonic() - begun:.1f} s]")
    return ran.returncode


def main():
    server = Server()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copy(ROOT / "examples/nightly/pipeline.yaml", folder)
        (folder / "data").mkdir()
        for day in DAYS:
            (folder / f"data/{day}.csv").write_text(export(day))
        broken = folder / f"data/{BROKEN}.csv"
        broken.write_text(export(BROKEN).replace(f"{parcel(BROKEN, 30)},", f"{parcel(BROKEN, 30)},ca. "))
        (folder / f"data/{LATE}.csv").unlink()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        (folder / "night.yaml").write_text(f"carrier: {url}\nhook: {url}/hook\n")
        set_up = "--set located.breaker.pause=300ms --set located.retries.delay=50ms"

        failed = flowrun(folder, f"pipeline.yaml -q --each day={DAYS[0]}..{DAYS[-1]} --params-file night.yaml {set_up}")
        flowrun(folder, "runs --status failed")
        told = [told for told in server.told if told["status"] == "failed"]
        print("# The webhook has heard of them:", *map(json.dumps, told), sep="\n")
        before = server.answered.copy()
        print(f"\n# The export of {BROKEN} is mended, that of {LATE} has come, and the carrier has found its parcel.")
        broken.write_text(export(BROKEN))
        (folder / f"data/{LATE}.csv").write_text(export(LATE))
        server.unknown.clear()
        resumed = flowrun(folder, "resume pipeline.yaml --all -q")
        flowrun(folder, "runs")
        again = flowrun(folder, f"pipeline.yaml -q --each day={DAYS[0]}..{DAYS[-1]} --params-file night.yaml {set_up}")

        written = sum((folder / f"out/{day}.csv").exists() for day in DAYS)
        twice = [name for name, times in server.answered.items() if times > 1]
        ends = Counter(told["status"] for told in server.told)
        print(f"\n{written} of {len(DAYS)} days are written; {len(server.answered)} parcels were answered for, {len(twice)} of "
              f"them twice, {sum((server.answered - before).values())} when the days were resumed; the carrier was asked {server.refused} "
              f"times while it was down for 3 s; the webhook was told of {dict(ends)}")
        good = (failed, resumed, again, written, twice, ends) == (1, 0, 0, 30, [], {"succeeded": 30, "failed": 3})
        return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
