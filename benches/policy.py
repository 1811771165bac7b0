#!/usr/bin/env python3
"""Measures what policies do, at a server on loopback that writes down when its requests come.

  benches/policy.py [BIN]     two rate limits at once, then a breaker beside retries alone

Two limits: 600 requests and 90,000 tokens a minute for 2,000 items of random cost, with a minute as a second (a rate of
60 in a minute is one a second, so both are asked for as `600/s` and `90000/s`). No window of a second may hold more than
either; the time must be at most what the tighter limit allows, and a twentieth.

Breaker: 300 items ask a server that is down for 30 s, scaled to 3 s. How many requests it gets while it is down, and how
long after it is up again work goes on; with the breaker, and with retries alone.

Ends with 1 when a window is passed or a limit is used for less than 95 %.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BINARY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "../target/release/flowrun")


class Server(ThreadingHTTPServer):
    """Answers 200, or 503 while it is down, and keeps the time and the size of each request."""

    request_queue_size = 1024
    daemon_threads = True

    def __init__(self):
        self.seen, self.lock, self.up_at = [], threading.Lock(), 0.0
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d/" % self.server_address[1]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Two small writes in a row would wait for each other's acknowledgement.
    disable_nagle_algorithm = True

    def do_POST(self):
        now = time.monotonic()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.seen.append((now, int(body)))
        status = 200 if now >= self.server.up_at else 503
        self.wfile.write(b"HTTP/1.1 %d Answer\r\nContent-Length: 2\r\n\r\n{}" % status)

    def log_message(self, *_):
        pass


def run(items, pipeline):
    """Runs a pipeline, which reads these items from `in.jsonl`, to its end: the summary."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in.jsonl").write_text("".join(f"{json.dumps(item)}\n" for item in items))
        path = Path(folder) / "pipeline.yaml"
        path.write_text(pipeline)
        ran = subprocess.run([BINARY, "run", path, "--output", "json", "--no-state"], capture_output=True, text=True)
    try:
        return json.loads(ran.stdout)
    except ValueError:
        sys.exit(f"flowrun said {ran.stdout}\n{ran.stderr}")


def step(summary, name):
    return next(step for step in summary["steps"] if step["id"] == name)


def fullest(seen, weight):
    """The most that any window of a second holds."""
    seen, most, first, held = sorted(seen), 0, 0, 0
    for at, cost in seen:
        held += weight(cost)
        while seen[first][0] <= at - 1.0:
            held -= weight(seen[first][1])
            first += 1
        most = max(most, held)
    return most


def two_limits():
    random.seed(7)
    costs = [random.randint(1, 299) for _ in range(2000)]
    server = Server()
    summary = run([{"cost": cost} for cost in costs], f"""
rate_limits: {{ requests: 600/s, tokens: 90000/s }}
permissions: {{ net: ['127.0.0.1'] }}
steps:
  docs: {{ read: in.jsonl }}
  ask:
    from: docs
    map:
      concurrency: 64
      rate_limit: [requests, {{ limit: tokens, cost: item.cost }}]
      lua: |
        http.post('{server.url}', {{ body = tostring(item.cost) }}):check()
        return item.cost
  save: {{ from: ask, write: out.jsonl }}
""")
    seen = server.seen
    requests, tokens = fullest(seen, lambda _: 1), fullest(seen, lambda cost: cost)
    # A window may be full at its very beginning, so the last start is due after so many whole seconds.
    took = max(at for at, _ in seen) - min(at for at, _ in seen)
    allowed = max(replay(costs, 600, 90_000))
    share = allowed / took if took else 1.0
    print(f"two limits: {step(summary, 'ask')['successes']} items, {sum(costs)} tokens in {took:.2f} s; "
          f"the fullest second held {requests} of 600 requests and {tokens} of 90000 tokens; "
          f"{share:.1%} of what the tighter one allows ({allowed:.2f} s)")
    return requests <= 600 and tokens <= 90_000 and share >= 0.95


def replay(costs, requests, tokens):
    """When each item could start at the earliest, one after the other, under both limits."""
    starts, first, held = [], 0, 0
    now = 0.0
    for at, cost in enumerate(costs):
        while at - first >= requests or held + cost > tokens:
            now = max(now, starts[first] + 1.0)
            held -= costs[first]
            first += 1
        starts.append(now)
        held += cost
    return starts


def breaker():
    for name, more in [("retries alone", ""), ("with a breaker", "breaker: { after: 20, pause: 600ms, max_pause: 1s }")]:
        server = Server()
        begun = time.monotonic()
        server.up_at = begun + 3.0
        summary = run([{"id": at} for at in range(300)], f"""
permissions: {{ net: ['127.0.0.1'] }}
steps:
  docs: {{ read: in.jsonl }}
  ask:
    from: docs
    map:
      concurrency: 32
      min_success_ratio: 0
      retries: {{ max: 8, delay: 50ms, max_delay: 800ms }}
      {more}
      lua: |
        http.post('{server.url}', {{ body = '1' }}):check()
        return item
  save: {{ from: ask, write: out.jsonl }}
""")
        down = [at for at, _ in server.seen if at < server.up_at]
        up = [at for at, _ in server.seen if at >= server.up_at]
        counts = step(summary, "ask")
        goes_on = f"{min(up) - server.up_at:.2f} s after it is up" if up else "never"
        print(f"{name}: {len(down)} requests while it is down, goes on {goes_on}; "
              f"{counts['successes']} succeeded, {counts['failures']} failed, {counts['duration']:.2f} s in all")


if __name__ == "__main__":
    good = two_limits()
    breaker()
    sys.exit(0 if good else 1)
