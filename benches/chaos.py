#!/usr/bin/env python3
"""Kills what a step on worker processes is made of, at random moments: `benches/chaos.py BINARY [SEEDS [FIRST]]`.

Workers get SIGKILL, SIGTERM, or SIGSTOP for a while; the coordinator gets SIGKILL or SIGHUP, and `flowrun attach` goes on, until the
run has ended. Then output and counters must be those of a run here, each item must have had its ending once, nobody may be left, and no more
items may have run again than some a kill. Each seed says what happened; the first one that is wrong is kept and ends it.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PIPELINE = """steps:
  n: { read: n.jsonl }
  w:
    from: n
    map:
      concurrency: 2
      min_success_ratio: 0.9
      retries: { max: 2, delay: 5ms }
      lua: |
        if item.n % 97 == 0 then error('never') end
        if item.n % 31 == 0 and ctx.attempt == 1 then flow.retry('once more') end
        exec.run({'sh', '-c', 'echo ' .. item.n .. ' >> ran; sleep 0.01'})
        return { n = item.n, dice = math.random(1000) }
  even: { from: w, filter: return item.n % 2 == 0 }
  save: { from: even, write: out.jsonl }
  lost: { from: w.failed, write: lost.jsonl }
permissions: { exec: [sh] }
"""
ITEMS = 600
SETTINGS = ["send_from=1", "workers=3", "commit=1s", "attempts=1000"]


def workers(place):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as file:
                words = file.read().split("\0")
        except OSError:
            continue
        if "worker" in words and any(place in word for word in words):
            found.append(int(pid))
    return found


def project(folder, name):
    place = os.path.join(folder, name)
    os.mkdir(place)
    with open(os.path.join(place, "pipeline.yaml"), "w") as file:
        file.write(PIPELINE)
    with open(os.path.join(place, "n.jsonl"), "w") as file:
        file.writelines('{"n":%d}\n' % n for n in range(1, ITEMS + 1))
    return place


def outputs(binary, place):
    words = [binary, "show", "latest", "w", "--format", "json"]
    step = json.loads(subprocess.run(words, cwd=place, capture_output=True, check=True).stdout)
    lost = []
    for line in open(os.path.join(place, "lost.jsonl")):
        item = json.loads(line)
        lost.append((item["index"], item["attempts"], item["error"]["message"]))
    return open(os.path.join(place, "out.jsonl")).read(), lost, step["retried"]


def tell(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass


def world(binary, place, seed, expect):
    dice = random.Random(seed)
    words = [binary, "pipeline.yaml", "-q", "--seed", "3", "--on", "processes"]
    for setting in SETTINGS:
        words += ["--executor-set", setting]
    run = subprocess.Popen(words, cwd=place, stderr=subprocess.PIPE, text=True)
    did, stopped, begun = [], [], time.monotonic()
    while run.poll() is None or run.returncode in (-signal.SIGKILL, 129):
        assert time.monotonic() - begun < 120, f"seed {seed} does not end after {did}"
        if run.poll() is not None:
            run = subprocess.Popen([binary, "attach", "-q"], cwd=place, stderr=subprocess.PIPE, text=True)
        time.sleep(dice.uniform(0.02, 0.5))
        for pid in stopped:
            tell(pid, signal.SIGCONT)
        stopped = []
        there = workers(place)
        act = dice.choice(["kill", "term", "stop", "coordinator", "hangup", "nothing"]) if len(did) < 12 else "nothing"
        if act == "coordinator":
            tell(run.pid, signal.SIGKILL)
        elif act == "hangup":
            tell(run.pid, signal.SIGHUP)
        elif act != "nothing" and there:
            pid = dice.choice(there)
            tell(pid, {"kill": signal.SIGKILL, "term": signal.SIGTERM, "stop": signal.SIGSTOP}[act])
            if act == "stop":
                stopped.append(pid)
        else:
            continue
        did.append(act)
    said = run.stderr.read()
    assert run.returncode == 0, f"seed {seed} ended with {run.returncode} after {did}: {said}"
    assert outputs(binary, place) == expect, f"seed {seed}: another output after {did}"
    assert not workers(place), f"seed {seed}: somebody is left after {did}"
    ran = open(os.path.join(place, "ran")).read().split()
    again, kills = len(ran) - len(set(ran)), did.count("kill") + did.count("stop")
    assert again <= 60 * kills, f"seed {seed}: {again} items ran again after {did}"
    print(f"seed {seed}: {len(did)} acts, {again} items ran again, {time.monotonic() - begun:.1f} s")


def main():
    binary, seeds = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 50
    folder = tempfile.mkdtemp()
    here = project(folder, "here")
    subprocess.run([binary, "pipeline.yaml", "-q", "--seed", "3"], cwd=here, check=True)
    expect = outputs(binary, here)
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    for seed in range(first, first + seeds):
        place = project(folder, f"seed{seed}")
        world(binary, place, seed, expect)
        shutil.rmtree(place)
    shutil.rmtree(folder)
    print(f"{seeds} seeds are right")


if __name__ == "__main__":
    main()
