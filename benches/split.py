#!/usr/bin/env python3
"""Measures split output of unsorted rows of many keys, and checks every file.

    benches/split.py FLOWRUN [--rows N] [--keys N] [--data FOLDER]

10 million rows of 5000 keys, which come in no order, are written into a file for each key. Measured are processor time, time
by the clock, peak memory, and how many files are open at once: those below the folder of the output, and all of them, as
/proc shows them every few milliseconds. Each file must hold the rows of its key, all of them and once, in the order in which
they came, byte for byte. The exit code is 1 when a goal is missed or a row is not where it belongs.
"""

import argparse
import os
import re
import shutil
import sys
from pathlib import Path

from series import HERE, bounded, made_of, run

PEAK_BYTES = 1_000_000_000
OPEN_FILES = 64
# Not output: the list of parts that have no place yet, and that of the files of all steps.
LISTS = re.compile(r"/\.flowrun-(files\.json|[0-9a-f]+-0\.tmp)$")
PIPELINE = """steps:
  rows: {{ read: {source} }}
  save: {{ from: rows, write: {{ path: "{out}/{{key}}.jsonl", by: item.key }} }}
"""


def key(number, keys):
    # Multiplied by a prime and mixed, so that neighbours have keys far from each other and some keys have more rows.
    mixed = number * 2_654_435_761 % 4_294_967_296
    return (mixed ^ mixed >> 15) % keys


def line(number, keys):
    text = f"row {number * 7919 % 1_000_003} of them"
    return f'{{"key":"k{key(number, keys)}","n":{number},"text":"{text}","price":{number % 1000}.25}}\n'


def generated(data, rows, keys):
    lines = (line(number, keys) for number in range(rows))
    return made_of(data / f"split-{rows}-{keys}.jsonl", f"{rows} rows of {keys} keys", lines)


class OpenFiles:
    """The most files of a process that were open at once."""

    def __init__(self, folder):
        self.prefix, self.outputs, self.all, self.samples = f"{folder}/", 0, 0, 0

    def __call__(self, process):
        outputs = all = 0
        try:
            for entry in os.scandir(f"/proc/{process}/fd"):
                all += 1
                outputs += links_into(entry.path, self.prefix)
        except OSError:
            return  # It has just ended.
        self.outputs, self.all = max(self.outputs, outputs), max(self.all, all)
        self.samples += 1


def links_into(path, prefix):
    try:
        target = os.readlink(path)
    except OSError:
        return False  # Closed meanwhile.
    return target.startswith(prefix) and not LISTS.search(target) and not os.path.isdir(path)


def check(out, rows, keys):
    """Numbers grow within a file and belong to its key, so that as many as there are rows are all of them, each once."""
    found = files = 0
    for path in out.iterdir():
        if path.name == ".flowrun-files.json":
            continue
        own, last, files = path.name.removesuffix(".jsonl"), -1, files + 1
        with path.open() as lines:
            for text in lines:
                number = int(text.split('"n":', 1)[1].split(",", 1)[0])
                if number <= last or f"k{key(number, keys)}" != own or text != line(number, keys):
                    sys.exit(f"{path.name}: `{text.rstrip()}` does not belong there, after row {last}")
                last, found = number, found + 1
    expected = len({key(number, keys) for number in range(rows)})
    if (found, files) != (rows, expected):
        sys.exit(f"{found} rows in {files} files instead of {rows} in {expected}")
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flowrun")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--keys", type=int, default=5000)
    parser.add_argument("--data", default=HERE / "data")
    arguments = parser.parse_args()
    data = Path(arguments.data).resolve()
    folder, out = data / "split", data / "split" / "out"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source = generated(data, arguments.rows, arguments.keys)
    (folder / "pipeline.yaml").write_text(PIPELINE.format(source=source, out=out))
    open_files = OpenFiles(out)
    cost = run([Path(arguments.flowrun).resolve(), "-q", "--no-state", folder / "pipeline.yaml"], open_files)
    files = check(out, arguments.rows, arguments.keys)
    missed = show(cost, open_files, arguments.rows, files)
    shutil.rmtree(folder)
    sys.exit(1 if missed else 0)


def show(cost, open_files, rows, files):
    print(f"{rows:,} rows, {files:,} files, each row once and in its place; {open_files.samples:,} looks at open files\n")
    print("| what | measured | goal | |\n|---|--:|--:|---|")
    missed = bounded("peak memory", cost.peak_bytes / 1e6, PEAK_BYTES / 1e6, "MB", ".0f")
    missed |= bounded("open at once", open_files.outputs, OPEN_FILES, "output files", "")
    print(f"| all files open at once | {open_files.all} | | |")
    print(f"| processor time | {cost.processor:.2f} s | | |\n| time by the clock | {cost.clock:.2f} s | | |")
    return missed


if __name__ == "__main__":
    main()
