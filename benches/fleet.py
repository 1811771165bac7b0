#!/usr/bin/env python3
"""Measures the coordinator of worker processes: with a hundred million items, and at rest.

    benches/fleet.py FLOWRUN [--items N] [--data FOLDER]     items through two workers, and through a run here
    benches/fleet.py FLOWRUN --rest [SECONDS] [--shards N]   200 shards that sleep

Items are numbers of nine digits, so that a row has ten bytes, and their function gives them back. Measured are time by the clock,
processor time (workers included), the peak memory of the coordinator alone, and the size of its database; the file must be
byte for byte that of a run without workers. At rest every worker has one item that sleeps; the processor time of the
coordinator alone is what has a goal, as a share of a core. What workers cost beside threads is measured by sent.py. The exit
code is 1 when a goal is missed or the files differ.
"""

import argparse
import filecmp
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from series import HERE, bounded, made_of, run

CLOCK_SECONDS, MEMORY_BYTES, BASE_BYTES = 300, 80_000_000, 60_000_000
REST_SHARE = 0.03
FIRST = 100_000_000
BLOCK = 1_000_000
PIPELINE = """steps:
  rows: {{ read: {source} }}
  work: {{ from: rows, map: {{ concurrency: {concurrency}, lua: return item }} }}
  save: {{ from: work, write: {target} }}
"""
REST = """steps:
  rows: {{ read: {source} }}
  work: {{ from: rows, map: {{ concurrency: 1, lua: time.sleep(3600) }} }}
"""


def generated(data, items):
    blocks = (range(FIRST + begin, FIRST + min(begin + BLOCK, items)) for begin in range(0, items, BLOCK))
    texts = ("\n".join(map(str, numbers)) + "\n" for numbers in blocks)
    return made_of(data / f"digits-{items}.jsonl", f"{items} items", texts)


def sent(flowrun, pipeline, workers, *more):
    words = [flowrun, "run", pipeline, "-q", "--on", "processes", *more]
    for setting in (f"workers={workers}", "cores=1", "send_from=1"):
        words += ["--executor-set", setting]
    return words


class Memory:
    """The peak memory of one process, without those that it has started."""

    peak_bytes = 0

    def __call__(self, process):
        try:
            status = Path(f"/proc/{process}/status").read_text()
        except OSError:
            return
        if "VmHWM:" in status:
            self.peak_bytes = max(self.peak_bytes, int(status.split("VmHWM:")[1].split()[0]) * 1024)


def processor_seconds(process):
    """What a process has used itself until now."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def limit(what, value, most, unit):
    return bounded(what, value, most, unit, ".4g")


def many(flowrun, folder, source, items):
    costs, memory, targets = {}, Memory(), {}
    for name, concurrency in (("here", 2), ("sent", 1)):
        targets[name], pipeline = folder / f"{name}.jsonl", folder / f"{name}.yaml"
        pipeline.write_text(PIPELINE.format(source=source, target=targets[name], concurrency=concurrency))
        state = ["--state-dir", folder / f"state-{name}"]
        if name == "here":
            costs[name] = run([flowrun, "run", pipeline, "-q", *state])
            shutil.rmtree(state[1])
        else:
            costs[name] = run(sent(flowrun, pipeline, 2, *state), memory)
    base = sum(path.stat().st_size for path in folder.glob("state-sent/runs/*/run.db*"))
    print(f"{items:,} items\n\n| run | processor s | clock s |\n|---|--:|--:|")
    for name, cost in costs.items():
        print(f"| {name} | {cost.processor:.1f} | {cost.clock:.1f} |")
    print("\n| what | measured | goal | |\n|---|--:|--:|---|")
    missed = limit("time by the clock", costs["sent"].clock, CLOCK_SECONDS, "s")
    missed |= limit("peak memory of the coordinator", memory.peak_bytes / 1e6, MEMORY_BYTES / 1e6, "MB")
    missed |= limit("run.db", base / 1e6, BASE_BYTES / 1e6, "MB")
    if not filecmp.cmp(targets["here"], targets["sent"], shallow=False):
        sys.exit("the file of the workers is another one than that of the run here")
    return missed


def workers_of(process):
    """The processes that it has started and that are there."""
    found = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True)
    return found.stdout.split()


def rest(flowrun, folder, seconds, shards):
    pipeline = folder / "rest.yaml"
    pipeline.write_text(REST.format(source=generated(folder, shards)))
    words = sent(flowrun, pipeline, shards, "--state-dir", folder / "state", "--grace", "0s")
    coordinator = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 120
        while len(workers := workers_of(coordinator.pid)) < shards:
            if coordinator.poll() is not None or time.monotonic() > until:
                sys.exit(f"only {len(workers)} of {shards} workers are there, and the coordinator's status is {coordinator.poll()}")
            time.sleep(0.5)
        # What begins is not at rest yet.
        time.sleep(10)
        used, begun = {one: -processor_seconds(one) for one in [coordinator.pid, *workers]}, time.monotonic()
        time.sleep(seconds)
        if workers_of(coordinator.pid) != workers:
            sys.exit("other workers are there at the end")
        shares = {one: (before + processor_seconds(one)) / (time.monotonic() - begun) for one, before in used.items()}
    finally:
        coordinator.send_signal(signal.SIGINT)
        coordinator.wait(timeout=120)
    own = shares.pop(coordinator.pid)
    print("| what | measured | goal | |\n|---|--:|--:|---|")
    print(f"| each worker at rest | {sum(shares.values()) / shards * 100:.2g} % of a core | | |")
    return limit(f"coordinator at rest, {shards} shards, {seconds} s", own * 100, REST_SHARE * 100, "% of a core")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flowrun", type=Path)
    parser.add_argument("--items", type=int, default=100_000_000)
    parser.add_argument("--rest", type=int, nargs="?", const=60, metavar="SECONDS")
    parser.add_argument("--shards", type=int, default=200)
    parser.add_argument("--data", default=HERE / "data")
    arguments = parser.parse_args()
    data, flowrun = Path(arguments.data).resolve(), arguments.flowrun.resolve()
    folder = data / "fleet"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if arguments.rest:
        missed = rest(flowrun, folder, arguments.rest, arguments.shards)
    else:
        missed = many(flowrun, folder, generated(data, arguments.items), arguments.items)
    shutil.rmtree(folder)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
