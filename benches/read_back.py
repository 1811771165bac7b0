#!/usr/bin/env python3
"""Writes files with every option that `write` has, and reads them back by the programs that people read them with.

    benches/read_back.py FLOWRUN [--only TEXT] [--keep FOLDER]

Readers: Python's own modules, pandas, polars, DuckDB and pyarrow (packages of the Python that runs this), Miller (`mlr`) and the
`sqlite3` shell, each told what a user would have to tell it: delimiter, quotes, that texts stay texts. Every value has to be
the one that was written. Formats without types are read as texts: null is an empty field there, lists are JSON, a number has to
be the same number. Printed are a table of option × reader, and the reasons of what is not `ok`: `ok*` where a reader is known to
change a value, `–` for what it has no way to read, `DIFF` for all else, and then the exit code is 1.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import read_back_readers as readers

TEXTS = ["plain", "", "NULL", "NA", "true", "007", "1e5", "-", "#no comment", "é😀", "a'b", "$x"]
HARD = ["a,b", "semi;colon", 'quote " in', '"', '""', "two\nlines", "crlf\r\nline", "tab\there", "back\\slash \\n \\t", " blanks ", "\ttab first"]
NUMBERS = [0.1, -0.0, 1e300, 5e-324, 1e22, 123456.789, -2.5, 1.0, 0.30000000000000004]
BIG = [2**53 + 1, 2**63 - 1, -(2**63), 0, -1]


def rows(texts):
    return [
        {
            "id": at,
            "big": BIG[at % len(BIG)],
            "number": None if at % 4 == 3 else NUMBERS[at % len(NUMBERS)],
            "text": text,
            "flag": at % 3 == 0,
            "may": None if at % 2 else f"may {at}",
            "tags": ["x", text] if at % 2 else ["y"],
        }
        for at, text in enumerate(texts)
    ]


ROWS = {"hard": rows(TEXTS + HARD), "plain": rows(TEXTS)}
for row in ROWS["plain"]:
    # Lists are JSON with quotes.
    row["tags"] = None
# The first items lack a key that later ones have.
ROWS["ragged"] = [{k: v for k, v in row.items() if row["id"] > 4 or k != "may"} for row in ROWS["hard"]]
ROWS["one"] = ROWS["hard"][-1:]
ROWS["typed"] = [{k: v for k, v in row.items() if k in ("id", "number", "text")} for row in ROWS["hard"]]


@dataclass
class Option:
    path: str
    # Keys of `write` beside the path, as YAML.
    keys: str = ""
    rows: str = "hard"
    # append: in two runs, each half of the rows; again: in two runs, each all of them.
    runs: str = "once"

    def __str__(self):
        return " ".join(word for word in (self.path, self.keys) if word)


DECLARED = "columns: {id: integer!, number: number, text: string}"
OPTIONS = [
    Option("a.csv"),
    Option("a.csv.gz"),
    Option("a.csv.zst"),
    Option("a.csv", 'delimiter: ";"'),
    Option("a.csv", 'delimiter: "|", quoting: all'),
    Option("a.csv", "quoting: all"),
    Option("a.csv", "quoting: none", "plain"),
    Option("a.csv", "bom: true"),
    Option("a.csv", "line_end: crlf"),
    Option("a.csv", 'bom: true, line_end: crlf, delimiter: ";"'),
    Option("a.csv", "all_columns: true", "ragged"),
    Option("a.csv", "columns: [id, number, text]", "typed"),
    Option("a.csv", "mode: append", runs="append"),
    Option("a.csv.gz", "mode: append", runs="append"),
    Option("a.csv.zst", "mode: append", runs="append"),
    Option("a-{key}.csv", "by: item.flag"),
    Option("a-{part:03}.csv", "rows: 5"),
    Option("a.tsv", rows="plain"),
    Option("a.tsv"),
    Option("a.tsv", "quoting: needed"),
    Option("a.tsv", "quoting: all"),
    Option("a.tsv", "bom: true, line_end: crlf, quoting: needed"),
    Option("a.tsv.gz", "quoting: all"),
    Option("a.tsv", "mode: append, quoting: needed", runs="append"),
    Option("a.jsonl"),
    Option("a.jsonl.gz"),
    Option("a.jsonl.zst"),
    Option("a.jsonl", rows="ragged"),
    Option("a.jsonl", "mode: append", runs="append"),
    Option("a.jsonl.gz", "mode: append", runs="append"),
    Option("a.jsonl.zst", "mode: append", runs="append"),
    Option("{key}/{part}.jsonl", "by: item.flag, rows: 5"),
    Option("{part}.jsonl.gz", "bytes: 1KB"),
    Option("a.json"),
    Option("a.json", "pretty: true"),
    Option("a.json", "single: true", "one"),
    Option("a.json.gz"),
    Option("a.json.zst"),
    Option("a.parquet"),
    Option("a.parquet", rows="ragged"),
    Option("a.parquet", "compression: zstd"),
    Option("a.parquet", "compression: gzip"),
    Option("a.parquet", "compression: none"),
    Option("a.parquet", "row_group: 1MB"),
    Option("a.parquet", DECLARED, "typed"),
    Option("{key}.parquet", "by: item.flag"),
    Option("a.db", "table: rows"),
    Option("a.db", "table: rows, mode: append", runs="append"),
    Option("a.db", "table: rows, mode: upsert, upsert_by: [id]", runs="again"),
]


def written(flowrun, folder, option):
    """The files that flowrun makes of the rows of an option."""
    out, items = folder / "out", ROWS[option.rows]
    shutil.rmtree(out, ignore_errors=True)
    path = f'"out/{option.path}"'
    keys = f", {option.keys}" if option.keys else ""
    pipeline = f"steps:\n  rows: {{ read: in.jsonl }}\n  save: {{ from: rows, write: {{ path: {path}{keys} }} }}\n"
    (folder / "pipeline.yaml").write_text(pipeline)
    half = len(items) // 2
    runs = {"once": [items], "append": [items[:half], items[half:]], "again": [items[half:], items]}[option.runs]
    for run in runs:
        (folder / "in.jsonl").write_text("".join(json.dumps(item) + "\n" for item in run))
        done = subprocess.run([flowrun, "-q", "--no-state", "pipeline.yaml"], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{option}: flowrun ended with {done.returncode}\n{done.stderr}")
    return sorted(path for path in out.rglob("*") if path.is_file() and not path.name.startswith("."))


def is_same(expect, found, typed):
    """Whether a reader's value is the one that was written."""
    if isinstance(expect, float) and not isinstance(found, str):
        return isinstance(found, float) and repr(found) == repr(expect)
    if isinstance(expect, list) and isinstance(found, str):
        return json.loads(found) == expect
    if typed:
        return type(found) is type(expect) and found == expect
    if expect in (None, ""):
        return found in (None, "")
    if isinstance(expect, float):
        return repr(float(found)) == repr(expect)
    return found == (expect if isinstance(expect, str) else json.dumps(expect))


def difference(option, found, quirk=lambda value: value):
    """The first value that differs, or None. A quirk is what a reader is known to make of values."""
    items, typed = ROWS[option.rows], not any(kind in option.path for kind in (".csv", ".tsv"))
    names = list(ROWS["hard"][0]) if option.rows == "ragged" else list(items[0])
    if "{" in option.path:
        found = sorted(found, key=lambda row: int(row["id"]))
    if len(found) != len(items):
        return f"{len(found)} rows instead of {len(items)}"
    for item, row in zip(items, found):
        if extra := set(row) - set(names):
            return f"column {extra}"
        for name in names:
            expect = quirk(item.get(name))
            if ".db" in option.path and isinstance(expect, bool):
                expect = int(expect)  # SQLite has no booleans.
            if not is_same(expect, row.get(name), typed):
                return f"{name} of row {item['id']}: {row.get(name)!r} instead of {expect!r}"
    return None


def verdict(reader, option, paths):
    """A cell of the table, and what is to be said of it."""
    quirk, reason = readers.QUIRKS.get((reader, readers.kind_of(paths[0])), (None, None))
    try:
        found = readers.read(reader, option, paths)
        wrong = difference(option, found)
        if wrong and quirk and difference(option, found, quirk) is None:
            return "ok*", f"* {reason}"
    except readers.Refused as refused:
        return "–", str(refused)
    except Exception as error:  # Whatever a reader raises is told.
        wrong = f"{type(error).__name__}: " + (str(error).strip() or "-").splitlines()[0][:150]
    return ("DIFF", f"DIFF {wrong}") if wrong else ("ok", None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flowrun", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=Path, help="leaves the files of what differs there")
    arguments = parser.parse_args()
    names, notes, wrong = readers.available(), {}, 0
    print(f"| `write` | rows | {' | '.join(names)} |\n|---|---|{'---|' * len(names)}", flush=True)
    with tempfile.TemporaryDirectory() as place:
        for at, option in enumerate(option for option in OPTIONS if arguments.only in str(option)):
            paths = written(arguments.flowrun.resolve(), Path(place), option)
            cells = []
            for reader in names:
                cell, note = verdict(reader, option, paths)
                cells.append(cell)
                if note:
                    notes.setdefault((reader, note), []).append(str(option))
            shown = str(option).replace("|", "\\|")
            print(f"| `{shown}` | {option.rows} | {' | '.join(cells)} |", flush=True)
            wrong += cells.count("DIFF")
            if arguments.keep and "DIFF" in cells:
                shutil.copytree(Path(place) / "out", arguments.keep / str(at), dirs_exist_ok=True)
    print()
    for (reader, reason), options in sorted(notes.items()):
        print(f"- {reader}: {reason} ({len(options)}: {'; '.join(options[:3])}{' …' if len(options) > 3 else ''})")
    print(f"\n{wrong} differences")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
