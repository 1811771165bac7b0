#!/usr/bin/env python3
"""Measures what worker processes cost beside threads: `benches/sent.py BINARY [ROUNDS]`.

400,000 items of some 18 microseconds run here and in two workers, in turns; of each the least processor time of all
rounds counts, workers included. Then the time from the start of a run to the first record of a worker, for one item.
"""

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time

PIPELINE = """
steps:
  rows: { read: rows.jsonl }
  work:
    from: rows
    map: { concurrency: %d, lua: "local s = 0 for i = 1, %d do s = (s * 31 + i) %% 1000003 end return { n = item.n, s = s }" }
  save: { from: work, write: out.jsonl }
"""
ITEMS = 400_000
LOOPS = 1500


def processor_seconds(words, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def first_record(binary, folder):
    begun, found = time.monotonic(), []

    def look():
        while not found and time.monotonic() - begun < 30:
            for path, _, files in os.walk(os.path.join(folder, ".flowrun")):
                if path.endswith("remote/done") and files:
                    found.append(time.monotonic() - begun)
                    return

    looker = threading.Thread(target=look)
    looker.start()
    subprocess.run(sent(binary, "1s") + ["--executor-set", "send_from=1"], cwd=folder, check=True, stderr=subprocess.DEVNULL)
    looker.join()
    return found[0] if found else None


def sent(binary, commit):
    words = [binary, "pipeline.yaml", "-q", "--on", "processes"]
    for setting in ["workers=2", "cores=1", f"commit={commit}"]:
        words += ["--executor-set", setting]
    return words


def main():
    binary, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as there:
        for folder, concurrency in [(here, 2), (there, 1)]:
            with open(os.path.join(folder, "pipeline.yaml"), "w") as file:
                file.write(PIPELINE % (concurrency, LOOPS))
            with open(os.path.join(folder, "rows.jsonl"), "w") as file:
                file.writelines(f'{{"n":{n}}}\n' for n in range(ITEMS))
        times = {"here": [], "commit 1s": [], "commit 30s": []}
        for _ in range(rounds):
            times["here"].append(processor_seconds([binary, "pipeline.yaml", "-q"], here))
            for commit in ["1s", "30s"]:
                times[f"commit {commit}"].append(processor_seconds(sent(binary, commit), there))
        least = {name: min(all_of) for name, all_of in times.items()}
        for name, seconds in least.items():
            print(f"{name:12} {seconds:6.2f} s of processor time, {seconds / least['here']:.3f} of here")
        print(f"an item takes {least['here'] / ITEMS * 1e6:.1f} us")
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "pipeline.yaml"), "w") as file:
            file.write("steps:\n  n: { items: [1] }\n  w: { from: n, map: return item }\n")
        print(f"first record after {first_record(binary, folder):.3f} s")


main()
