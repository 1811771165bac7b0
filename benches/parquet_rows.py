#!/usr/bin/env python3
"""Measures Parquet → `filter` → Parquet over twelve columns of the usual types.

    benches/parquet_rows.py FLOWRUN [OLD] [--rows N] [--rounds N] [--data FOLDER]

10 million rows are read, half of them are kept, and written again. Measured are processor time, time by the clock and peak
memory; with OLD, another flowrun, both run in turns, and the ratio is the least processor time of FLOWRUN divided by that of
OLD. The copy must have the schema of the source, as pyarrow has it, and the rows that pyarrow keeps, value for value. pyarrow
is a package of the Python that runs this. The exit code is 1 when a goal is missed or something differs.
"""

import argparse
import shutil
import sys
from pathlib import Path

import numpy
import pyarrow
import pyarrow.compute
import pyarrow.parquet

from series import HERE, bounded, in_turns, least, made

PEAK_BYTES = 300_000_000
# Processor time, divided by that of another flowrun.
OLD_RATIO = 0.8
BATCH = 500_000
PIPELINE = """steps:
  rows: {{ read: {source} }}
  half: {{ from: rows, filter: item.quantity % 2 == 0 }}
  save: {{ from: half, write: {target} }}
"""
SCHEMA = pyarrow.schema(
    [
        pyarrow.field("id", pyarrow.int64(), nullable=False),
        ("quantity", pyarrow.int32()),
        ("price", pyarrow.float64()),
        ("weight", pyarrow.float32()),
        ("paid", pyarrow.bool_()),
        ("name", pyarrow.string()),
        ("country", pyarrow.string()),
        ("day", pyarrow.date32()),
        ("at", pyarrow.timestamp("us", "UTC")),
        ("amount", pyarrow.decimal128(12, 2)),
        ("tags", pyarrow.list_(pyarrow.string())),
        ("digest", pyarrow.binary()),
    ]
)
COUNTRIES = pyarrow.array(["CH", "FR", "PT", "NO", "AT", "PL", "DE", "IT"])
TAGS = pyarrow.array([["new"], [], ["sale", "new"], ["a longer tag"], None], pyarrow.list_(pyarrow.string()))


def batch(begin, end):
    """Rows of these numbers; one in seven or so of most columns is null."""
    ids = numpy.arange(begin, end, dtype="int64")
    mixed = ids * 2_654_435_761 % 4_294_967_296

    def some(values, of, kind=None):
        made = pyarrow.array(values, mask=mixed % of == 0)
        return made.cast(kind) if kind else made

    # A decimal is a whole number of 128 bits.
    cents = numpy.stack([mixed % 10_000_000, numpy.zeros_like(mixed)], axis=1)
    names = pyarrow.compute.binary_join_element_wise("user", pyarrow.array(mixed % 1_000_003).cast("string"), " ")
    columns = [
        pyarrow.array(ids),
        pyarrow.array((mixed % 1000).astype("int32")),
        some(mixed / 977.0, 7),
        some((mixed % 5000 / 8).astype("float32"), 11),
        some(mixed % 3 == 0, 13),
        names,
        COUNTRIES.take(pyarrow.array(mixed % len(COUNTRIES))),
        some((mixed % 20_000).astype("int32"), 17, pyarrow.date32()),
        some(1_600_000_000_000_000 + mixed * 12_345, 19, pyarrow.timestamp("us", "UTC")),
        pyarrow.Array.from_buffers(pyarrow.decimal128(12, 2), len(ids), [None, pyarrow.py_buffer(cents.tobytes())]),
        TAGS.take(pyarrow.array(mixed % len(TAGS))),
        pyarrow.compute.cast(names, pyarrow.binary()),
    ]
    return pyarrow.table(columns, schema=SCHEMA)


def generated(data, rows):
    def write(part):
        with pyarrow.parquet.ParquetWriter(part, SCHEMA) as writer:
            for begin in range(0, rows, BATCH):
                writer.write_table(batch(begin, min(begin + BATCH, rows)))

    return made(data / f"parquet-{rows}.parquet", f"{rows} rows", write)


def check(source, target):
    """Compares the schema and all rows, some at a time."""
    files = [pyarrow.parquet.ParquetFile(path) for path in (source, target)]
    schemas = [file.schema_arrow for file in files]
    if not schemas[0].equals(schemas[1], check_metadata=True):
        sys.exit(f"the schema of the copy is\n{schemas[1]}\n\ninstead of\n{schemas[0]}")
    stored = [str(file.schema).split("\n", 1)[1] for file in files]
    if stored[0] != stored[1]:
        sys.exit(f"the columns of the copy are\n{stored[1]}\n\ninstead of\n{stored[0]}")
    kept = files[1].iter_batches(BATCH)
    rest, count = next(kept, None), 0
    for rows in files[0].iter_batches(BATCH):
        rows = rows.filter(pyarrow.array(rows.column("quantity").to_numpy() % 2 == 0))
        while rows.num_rows:
            if rest is None:
                sys.exit(f"the copy ends after {count} rows")
            some = min(rows.num_rows, rest.num_rows)
            if not rows.slice(0, some).equals(rest.slice(0, some)):
                sys.exit(f"rows {count} to {count + some} of the copy differ")
            rows, rest, count = rows.slice(some), rest.slice(some), count + some
            if rest.num_rows == 0:
                rest = next(kept, None)
    if rest is not None:
        sys.exit(f"the copy has more than {count} rows")
    return count


def show(costs, rows, kept):
    best = {program: least(all) for program, all in costs.items()}
    peak = max(cost.peak_bytes for cost in costs["flowrun"])
    limits = [("peak memory", peak / 1e6, PEAK_BYTES / 1e6, "MB")]
    if "old" in costs:
        limits.append(("processor time", best["flowrun"][0] / best["old"][0], OLD_RATIO, "of OLD's"))
    print(f"{rows:,} rows, {kept:,} kept, each as pyarrow keeps it; the same schema\n")
    print("| program | processor s | clock s | peak MB |\n|---|--:|--:|--:|")
    for program, all in costs.items():
        memory = max(cost.peak_bytes for cost in all) / 1e6
        print(f"| {program} | {best[program][0]:.2f} | {best[program][1]:.2f} | {memory:.0f} |")
    print("\n| what | measured | goal | |\n|---|--:|--:|---|")
    return any([bounded(*limit, ".4g") for limit in limits])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flowrun", type=Path)
    parser.add_argument("old", type=Path, nargs="?")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", default=HERE / "data")
    arguments = parser.parse_args()
    data = Path(arguments.data).resolve()
    folder = data / "parquet-rows"
    folder.mkdir(parents=True, exist_ok=True)
    source = generated(data, arguments.rows)
    programs = {"flowrun": arguments.flowrun} | ({"old": arguments.old} if arguments.old else {})
    for name in programs:
        (folder / f"{name}.yaml").write_text(PIPELINE.format(source=source, target=folder / f"{name}.parquet"))

    def command(name):
        return [programs[name].resolve(), "-q", "--no-state", folder / f"{name}.yaml"]

    costs = in_turns(list(programs), command, arguments.rounds)
    kept = [check(source, folder / f"{name}.parquet") for name in programs]
    missed = show(costs, arguments.rows, kept[0])
    shutil.rmtree(folder)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
