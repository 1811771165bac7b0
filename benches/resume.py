#!/usr/bin/env python3
"""Measures `resume`: of a kept run that is finished, and of one that was killed half way.

    benches/resume.py FLOWRUN [--rows N] [--data FOLDER]

10 million items go through a function and into a file, and their results are kept. Rows of the table:

    whole     the run, from its beginning to its end
    finished  `resume` of it, which reuses all results and writes the file anew
    killed    the same run, ended by SIGKILL when half of the results are committed
    halved    `resume` of that one

Each shows processor time, time by the clock, peak memory, and how many items were reused of how many that were committed. The
files of `finished` and `halved` must be byte for byte that of `whole`, and every committed item must be reused. The exit code
is 1 when it is otherwise.
"""

import argparse
import filecmp
import os
import shutil
import signal
import sqlite3
import sys
import time
from pathlib import Path

from series import HERE, made_of, run, say

PIPELINE = """steps:
  rows: {{ read: {source} }}
  work:
    from: rows
    map: |
      local s = 0
      for i = 1, {loops} do s = (s * 31 + i + item.id) % 1000003 end
      return {{ id = item.id, sum = s, name = item.name:upper() }}
  save: {{ from: work, write: {target} }}
"""
LOOPS = 100
COMMITTED = "SELECT coalesce(sum(rows), 0) FROM commits WHERE step = 'work'"
REUSED = "SELECT reused, redone FROM steps WHERE step = 'work'"


def generated(data, rows):
    lines = (f'{{"id":{n},"name":"row {n * 7919 % 1_000_003}"}}\n' for n in range(rows))
    return made_of(data / f"resume-{rows}.jsonl", f"{rows} rows", lines)


class Project:
    """A pipeline in a folder of its own, with its state."""

    def __init__(self, flowrun, folder, source):
        self.flowrun, self.state, self.target = flowrun, folder / "state", folder / "out.jsonl"
        folder.mkdir(parents=True)
        self.pipeline = folder / "pipeline.yaml"
        self.pipeline.write_text(PIPELINE.format(source=source, target=self.target, loops=LOOPS))

    def words(self, *words):
        return [self.flowrun, *words, "-q", "--state-dir", self.state]

    def ask(self, query, folder="*"):
        """One row of a run's database, or None where there is none yet."""
        base = next(self.state.glob(f"runs/{folder}/run.db"), None)
        if base is None:
            return None
        connection = sqlite3.connect(f"file:{base}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchone()
        except sqlite3.OperationalError:
            return None  # It is just being made.
        finally:
            connection.close()

    def runs(self):
        return {path.name for path in self.state.glob("runs/*")}

    def whole(self):
        return run(self.words("run", self.pipeline))

    def killed(self, rows):
        """Ends the run when half of the rows are committed."""
        looked = time.monotonic()

        def watch(process):
            nonlocal looked
            if time.monotonic() - looked < 0.02:
                return
            found, looked = self.ask(COMMITTED), time.monotonic()
            if found and found[0] >= rows // 2:
                os.kill(process, signal.SIGKILL)

        return run(self.words("run", self.pipeline), watch, -signal.SIGKILL)

    def resumed(self):
        """What `resume` costs, and how many items it has reused and redone."""
        before = self.runs()
        # By its name, because without one a run that ended well is not gone through again.
        cost = run(self.words("resume", max(before)))
        (new,) = self.runs() - before or before
        return cost, self.ask(REUSED, new)


def megabytes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def show(name, cost, *counts):
    cells = [f"{cost.processor:.2f}", f"{cost.clock:.2f}", f"{cost.peak_bytes / 1e6:.0f}"]
    cells += [f"{count:,}" for count in counts] or ["", ""]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def measured(first, second, expect, rows):
    """Runs, kills and resumes; how many of the two resumed runs are not right."""
    show("whole", first.whole())
    first.target.rename(expect)
    wrong = 0
    for name, project in [("finished", first), ("halved", second)]:
        if project is second:
            show("killed", second.killed(rows))
        committed = project.ask(COMMITTED)[0]
        cost, (reused, redone) = project.resumed()
        show(name, cost, reused, committed)
        same = filecmp.cmp(expect, project.target, shallow=False)
        if not same or reused < committed or reused + redone != rows:
            wrong += 1
            say(f"{name}: {'the same file' if same else 'ANOTHER FILE'}, {reused} reused, {redone} redone")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flowrun", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--data", default=HERE / "data")
    arguments = parser.parse_args()
    data, rows = Path(arguments.data).resolve(), arguments.rows
    folder = data / "resume"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source, flowrun = generated(data, rows), arguments.flowrun.resolve()
    print("| run | processor s | clock s | peak MB | reused | of committed |\n|---|--:|--:|--:|--:|--:|", flush=True)

    first, second = (Project(flowrun, folder / name, source) for name in ("first", "second"))
    wrong = measured(first, second, folder / "whole.jsonl", rows)
    file = (folder / "whole.jsonl").stat().st_size / 1e6
    sizes = f"{megabytes(first.state):.0f} MB in the state of both runs, {file:.0f} MB in the file"
    print(f"\n{'NOT right' if wrong else 'the same files'}; {sizes}")
    shutil.rmtree(folder)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
