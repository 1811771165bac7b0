#!/usr/bin/env python3
"""Compares what flowrun and pyarrow read in the files of apache/parquet-testing.

    benches/parquet_testing.py FLOWRUN FOLDER [--only TEXT]

FOLDER is a checkout of that repository. Every file `*.parquet` below `data` and `shredded_variant` is read by flowrun to JSON
Lines and by pyarrow, and compared value by value: rows that hold what JSON has no form for (NaN, integers beyond 64 signed
bits) must be missing, and only those. Printed are what is refused, with the reason and whether pyarrow reads it, what
differs, and how many files are right. Files that are damaged on purpose (`bad_data` and those listed here) are counted by
themselves. pyarrow is a package of the Python that runs this. The exit code is 1 when a value of another file differs or flowrun
refuses what pyarrow reads, unless the reason is listed here, and when flowrun ends otherwise than with 0 or 1.
"""

import argparse
import collections
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow
import pyarrow.parquet

from parquet_values import FloatText, NoItem, is_same, item_text, plain

READ = "steps:\n  in: {{ read: {{ path: {path}, min_success_ratio: 0 }} }}\n  out: {{ from: in, write: out.jsonl }}\n"
LIMIT_SECONDS = 120
# Damaged on purpose, though they lie among the others.
DAMAGED = {
    "datapage_v1-corrupt-checksum.parquet",
    "rle-dict-uncompressed-corrupt-checksum.parquet",
    "nation.dict-malformed.parquet",
}
# What flowrun says of these, and why that is right.
KNOWN = {
    "int96_from_spark.parquet": (
        'item 5, a: "-294554-12-13T14:58:10.448384000" instead of',
        "is what the bytes say: Spark wrote a time beyond its microseconds, and readers of microseconds wrap it around",
    ),
    "repeated_no_annotation.parquet": (
        "the footer says that there are 0 rows, and the row groups have 6",
        "a file whose footer disagrees with its row groups is damaged",
    ),
}
# A map of two strings of a gigabyte and more, which take all memory several times over in Python.
HUGE = {"large_string_map.brotli.parquet"}
DIGITS = {"s": 3, "ms": 3, "us": 6, "ns": 9}


class Stored:
    """How a file holds times, by its types in Arrow."""

    is_duration = True

    def __init__(self, is_int96):
        self.is_int96 = is_int96

    def digits_of(self, kind):
        # Times of 96 bits count nanoseconds, however pyarrow is told to hold them.
        return 9 if self.is_int96 and pyarrow.types.is_timestamp(kind) else DIGITS[kind.unit]

    def is_moment(self, kind):
        return kind.tz is not None


def arrow_items(path):
    """The items that a file holds, as pyarrow reads it. None stands for a row that JSON has no form for."""
    schema = pyarrow.parquet.ParquetFile(path).schema
    is_int96 = any(schema.column(at).physical_type == "INT96" for at in range(len(schema)))
    # Microseconds have room for all times of 96 bits that are in these files.
    file = pyarrow.parquet.ParquetFile(path, coerce_int96_timestamp_unit="us" if is_int96 else None)
    table, stored = file.read(), Stored(is_int96)
    columns = [(field, plain(table.column(at))) for at, field in enumerate(table.schema)]
    items = []
    for row in range(table.num_rows):
        try:
            items.append({field.name: item_text(values[row], field.type, stored) for field, values in columns})
        except NoItem:
            items.append(None)
    return items


def flowrun_items(flowrun, folder, path):
    """The items that flowrun reads, or what it says instead."""
    (folder / "read.yaml").write_text(READ.format(path=json.dumps(str(path))))
    (folder / "out.jsonl").unlink(missing_ok=True)
    call = [flowrun, "read.yaml", "--no-state", "-q", "--color", "never"]
    done = subprocess.run(call, cwd=folder, capture_output=True, text=True, timeout=LIMIT_SECONDS)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{path.name}: flowrun ended with {done.returncode}\n{done.stderr}")
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        said = next((line.split("failed:", 1)[1].strip() for line in lines if "failed:" in line), " ".join(lines[:2]))
        return None, said[:200]
    lines = (folder / "out.jsonl").read_text().split("\n")[:-1]
    return [json.loads(line, parse_float=FloatText) for line in lines], None


def difference(expect, found):
    expect = [item for item in expect if item is not None]
    for at, (want, got) in enumerate(zip(expect, found)):
        if not is_same(want, got):
            name = next((n for n in want if n not in got or not is_same(want[n], got[n])), None)
            return f"item {at}, {name}: {json.dumps(got.get(name))[:80]} instead of {json.dumps(want.get(name))[:80]}"
    return None if len(expect) == len(found) else f"{len(found)} items instead of {len(expect)}"


def compare(flowrun, folder, path):
    """What is to be said of a file: a word that is counted, and the reason."""
    if path.name in HUGE:
        return "left out", "too large to compare"
    word, reason = compare_values(flowrun, folder, path)
    said, why = KNOWN.get(path.name, (None, None))
    return (f"{word}, known", f"{reason}; {why}") if said and said in (reason or "") else (word, reason)


def compare_values(flowrun, folder, path):
    found, refused = flowrun_items(flowrun, folder, path)
    try:
        expect = arrow_items(path)
    except Exception as error:  # Whatever pyarrow raises is told.
        said = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
        if refused:
            return "refused by both", f"{refused}; pyarrow: {said}"
        return "read by flowrun alone", f"pyarrow: {said}"
    if refused:
        return "refused", f"{refused}; pyarrow reads {len(expect)} rows"
    wrong = difference(expect, found)
    return ("different", wrong) if wrong else ("right", None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flowrun", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    root = arguments.folder.resolve()
    found = [path for part in ("data", "shredded_variant", "bad_data") for path in sorted(root.glob(f"{part}/**/*.parquet"))]
    if not found:
        sys.exit(f"no Parquet files below {root}/data")
    tally = {"valid": collections.Counter(), "damaged": collections.Counter()}
    with tempfile.TemporaryDirectory() as place:
        for path in found:
            name = str(path.relative_to(root))
            if arguments.only not in name:
                continue
            is_damaged = path.name in DAMAGED or name.startswith("bad_data")
            word, reason = compare(arguments.flowrun.resolve(), Path(place), path)
            tally["damaged" if is_damaged else "valid"][word] += 1
            if reason:
                print(f"{word:21} {name}: {reason}", flush=True)
    print("\n| files | " + " | ".join(words := sorted({w for t in tally.values() for w in t})) + " |")
    print("|---" * (len(words) + 1) + "|")
    for kind, counts in tally.items():
        print(f"| {kind}: {sum(counts.values())} | {' | '.join(str(counts[word]) for word in words)} |")
    sys.exit(1 if tally["valid"]["different"] or tally["valid"]["refused"] else 0)


if __name__ == "__main__":
    main()
