#!/usr/bin/env python3
"""A trivial Python function over a million records: hand-written multiprocessing beside `program:`.

    python3 benches/program.py target/release/flowrun [--records 1000000] [--runs 3]

Every way reads the same JSON lines and writes the same result lines. Times are the best of the runs, from start to end of the whole process;
processor time is that of all processes together; memory is the largest of flowrun's own process. A ratio above 1 means faster than by hand.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PACKAGE = str(Path(__file__).resolve().parent.parent / "python")

FUNCTION = """
def work(item):
    return {"id": item["id"], "text": item["text"].strip().lower(), "total": item["price"] * item["count"]}
"""

BY_HAND = FUNCTION + """
import json, multiprocessing, sys

def one(line):
    return json.dumps(work(json.loads(line)))

if __name__ == "__main__":
    with open("records.jsonl") as source, open("out.jsonl", "w") as out, multiprocessing.Pool(2) as pool:
        for line in pool.imap(one, source, chunksize=1000):
            out.write(line + "\\n")
"""

SERVED = FUNCTION + "import flowrun\nflowrun.serve(work)\n"

BATCHES = """
import flowrun, numpy
def work(items):
    prices = numpy.array([item["price"] for item in items])
    counts = numpy.array([item["count"] for item in items])
    for item, total in zip(items, (prices * counts).tolist()):
        yield {"id": item["id"], "text": item["text"].strip().lower(), "total": total}
flowrun.serve(work)
"""

FLOWYML = FUNCTION + """
import json, sys
from flowyml.core.map_task import map_task
with open("records.jsonl") as source:
    items = [json.loads(line) for _, line in zip(range(int(sys.argv[1])), source)]
results = map_task(concurrency=2, name="work")(work)(items).results
with open("out.jsonl", "w") as out:
    for result in results: out.write(json.dumps(result) + "\\n")
"""

MAP_TASK = FLOWYML.replace("flowyml.core.map_task", "flowrun").replace(FUNCTION, "from work import work\n")


def pipeline(lanes, *, batch=None, hidden=None):
    steps = {"records": {"read": "records.jsonl"}}
    source, verb, script = "records", "map", "served.py"
    if batch:
        steps["lists"] = {"from": "records", "batch": batch}
        source, verb, script = "lists", "flat_map", "batches.py"
    program = {"run": [sys.executable, script], "env": {"PYTHONPATH": PACKAGE}}
    steps["work"] = {"from": source, verb: {"program": program, "lanes": lanes, "concurrency": 2 * lanes}}
    steps["save"] = {"from": "work", "write": "out.jsonl"}
    return json.dumps({"version": 1, "steps": steps})


def prepare(folder, count):
    with open(folder / "records.jsonl", "w") as out:
        for number in range(count):
            record = {"id": number, "text": f"  Record {number} of Many ", "price": number % 997 + 0.25, "count": number % 7}
            out.write(json.dumps(record) + "\n")
    scripts = {"work": FUNCTION, "by_hand": BY_HAND, "served": SERVED, "batches": BATCHES, "flowyml_": FLOWYML, "map_task": MAP_TASK}
    for name, text in scripts.items():
        (folder / f"{name}.py").write_text(text)
    for name, text in {"lanes-64": pipeline(64), "lanes-1": pipeline(1), "batches": pipeline(4, batch=1000)}.items():
        (folder / f"{name}.yaml").write_text(text)


def peak_memory(process):
    """The peak of the process alone in MB, read while it runs; its children are not counted."""
    peak = 0
    try:
        while process.poll() is None:
            for line in open(f"/proc/{process.pid}/status"):
                if line.startswith("VmHWM"):
                    peak = max(peak, int(line.split()[1]))
            time.sleep(0.05)
    except OSError:
        pass
    return peak / 1000


def measure(folder, command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": PACKAGE}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    memory = []
    watch = threading.Thread(target=lambda: memory.append(peak_memory(process)))
    watch.start()
    said = process.stderr.read()
    process.wait()
    seconds = time.monotonic() - start
    watch.join()
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{said.decode()[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, processor, memory[0]


def is_there(module):
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    binary, count = arguments.binary.resolve(), arguments.records
    few = min(count, 20_000)
    run = [binary, "run", "--no-state", "--progress", "none"]
    os.environ["FLOWRUN_BIN"] = str(binary)
    ways = [
        ("by hand: Pool(2), chunks of 1000", [sys.executable, "by_hand.py"], count),
        ("program, 2 processes, lanes 64", [*run, "lanes-64.yaml"], count),
        ("program, 2 processes, lanes 1", [*run, "lanes-1.yaml"], count),
        ("flowrun.map_task, 2 processes", [sys.executable, "map_task.py", str(count)], count),
    ]
    if is_there("numpy"):
        ways.insert(3, ("program, numpy on batches of 1000", [*run, "batches.yaml"], count))
    if is_there("flowyml"):
        ways.append((f"FlowyML map_task, {few:,} scaled", [sys.executable, "flowyml_.py", str(few)], few))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, count)
        hand, expected = None, None
        print(f"{count:,} records; orjson is {'there' if is_there('orjson') else 'not there'}\n")
        print(f"{'':36}{'seconds':>9}{'ratio':>8}{'records/s':>12}{'processor s':>13}{'memory MB':>11}")
        for title, command, records in ways:
            seconds, processor, memory = min(measure(folder, command) for _ in range(arguments.runs))
            lines = [json.loads(line) for line in open(folder / "out.jsonl")]
            expected = expected or lines
            assert lines == expected[:records], f"{title}: other results"
            if records < count:
                # What it takes to start is not scaled.
                idle = measure(folder, [*command[:-1], "0"])
                seconds, processor = (
                    start + (whole - start) * count / records for start, whole in zip(idle, (seconds, processor))
                )
            hand = hand or seconds
            print(
                f"{title:36}{seconds:>9.2f}{hand / seconds:>8.2f}{count / seconds:>12,.0f}{processor:>13.2f}{memory:>11.0f}"
            )


if __name__ == "__main__":
    main()
