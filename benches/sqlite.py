#!/usr/bin/env python3
"""Measures rows written into SQLite beside the `sqlite3` shell and pandas, in turns, by processor seconds.

    benches/sqlite.py FLOWRUN [--rows N] [--rounds N] [--data FOLDER]

The rows (eight columns: integers, numbers, texts, a null now and then) are made here, as CSV. Two rows of the table printed:

    append  N rows into an empty table: `mode: append`, `.import`, `to_sql` in chunks
    upsert  a fifth as many rows, of whose ids half are there: `mode: upsert`, `.import` and INSERT … ON CONFLICT DO UPDATE

All have the same table with the same types. `.import` knows no nulls, so empty texts count as null where the databases are
compared: all of them must hold the same rows. pandas is a package of the Python that runs this; it is left out where it is
missing, which is said, and has no upsert. A ratio is the tool's time divided by flowrun's, each the least of its rounds. The
exit code is 1 when a goal is missed or rows differ.
"""

import argparse
import hashlib
import shutil
import sqlite3
import sys
from itertools import chain
from pathlib import Path

from series import HERE, having, in_turns, least, made_of, say

COLUMNS = {"id": "integer", "account": "integer", "price": "number", "ratio": "number?", "name": "string"}
COLUMNS |= {"city": "string?", "note": "string?", "flags": "integer?"}
SQL_TYPES = {"integer": "INTEGER", "number": "REAL", "string": "TEXT"}
# Work → tool → how many times flowrun's processor time it shall take at least.
GOALS = {"append": {"shell": 0.7, "pandas": 3.0}, "upsert": {"shell": 0.7}}
CITIES = ["Bern", "Lyon", "Porto", "Tromsø", "Graz", "Gdańsk", ""]
PIPELINE = """steps:
  rows: {{ read: {{ path: {source}, columns: {{ {columns} }} }} }}
  save: {{ from: rows, write: {{ path: {base}, table: rows, {mode} }} }}
"""
MODES = {"append": "mode: append", "upsert": "mode: upsert, upsert_by: [id]"}
PANDAS = """
import sys, sqlite3, pandas
source, base = sys.argv[1:]
connection = sqlite3.connect(base)
types = {"ratio": "Float64", "flags": "Int64"}
for chunk in pandas.read_csv(source, chunksize=100_000, dtype=types):
    chunk.to_sql("rows", connection, if_exists="append", index=False)
connection.commit()
"""


def line(number, turn):
    """A row as CSV; `turn` makes other values for the same id. SQLite 3.40 reads one of 5000 texts such as 0.274506 as the
    number beside it, so numbers have at most two decimals or are multiples of 1/64."""
    mixed = (number * 2_654_435_761 + turn * 40_503) % 4_294_967_296
    ratio = "" if mixed % 11 == 0 else mixed % 1_000_003 / 64
    note = "" if mixed % 5 else f'"said ""{mixed % 97}"", and {mixed % 13}"'
    flags = "" if mixed % 7 == 0 else mixed % 256
    return f"{number},{mixed * 1009},{mixed % 100_000 / 100 + 0.01:.2f},{ratio},user {mixed:x},{CITIES[mixed % 7]},{note},{flags}\n"


def generated(data, name, numbers, turn):
    head = ",".join(COLUMNS) + "\n"
    lines = (line(number, turn) for number in numbers)
    return made_of(data / f"{name}-{len(numbers)}.csv", f"{len(numbers)} rows for {name}", chain([head], lines))


def create(base):
    base.unlink(missing_ok=True)
    types = [f"{name} {SQL_TYPES[kind.rstrip('?')]}" for name, kind in COLUMNS.items()]
    types[0] += " PRIMARY KEY"
    connection = sqlite3.connect(base)
    connection.execute(f"CREATE TABLE rows ({', '.join(types)})")
    connection.close()


def digest(base):
    """The number of rows, and a digest of them in order of their ids."""
    names = ", ".join(f"nullif({name}, '')" for name in COLUMNS)
    connection, made, count = sqlite3.connect(base), hashlib.sha256(), 0
    cursor = connection.execute(f"SELECT {names} FROM rows ORDER BY id")
    while rows := cursor.fetchmany(10_000):
        count += len(rows)
        made.update("".join(map(repr, rows)).encode())
    connection.close()
    return count, made.hexdigest()


def shell_statements(work, source):
    if work == "append":
        return [f".import --csv --skip 1 {source} rows"]
    # Without types the column of a new table would hold texts, and each of them would be converted once more.
    names = [name for name in COLUMNS if name != "id"]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    return [
        "CREATE TEMP TABLE new AS SELECT * FROM rows WHERE false",
        f".import --csv --skip 1 --schema temp {source} new",
        f"INSERT INTO rows SELECT * FROM new WHERE true ON CONFLICT (id) DO UPDATE SET {changes}",
    ]


class Bases:
    def __init__(self, arguments):
        self.flowrun, self.rounds, self.missed = Path(arguments.flowrun).resolve(), arguments.rounds, 0
        self.data = Path(arguments.data).resolve()
        self.out = self.data / "sqlite"
        self.out.mkdir(parents=True, exist_ok=True)
        there = {"shell": shutil.which("sqlite3"), "pandas": having("pandas")}
        self.tools = [tool for tool in there if there[tool]]
        for tool in there.keys() - set(self.tools):
            say(f"no {tool}: it is left out")

    def command(self, tool, work, source, base):
        if tool == "shell":
            return ["sqlite3", base, *shell_statements(work, source)]
        if tool == "pandas":
            return [sys.executable, "-c", PANDAS, source, base]
        pipeline = self.out / f"{work}.yaml"
        columns = ", ".join(f"{name}: {kind}" for name, kind in COLUMNS.items())
        pipeline.write_text(PIPELINE.format(source=source, base=base, columns=columns, mode=MODES[work]))
        return [self.flowrun, "-q", "--no-state", pipeline]

    def work(self, work, source, begun):
        """Each tool writes the rows into a copy of the database `begun`, or into an empty one."""
        tools = ["flowrun", *(tool for tool in GOALS[work] if tool in self.tools)]
        bases = {tool: self.out / f"{work}-{tool}.db" for tool in tools}

        def prepared(tool):
            if begun:
                shutil.copyfile(begun, bases[tool])
            else:
                create(bases[tool])
            return self.command(tool, work, source, bases[tool])

        costs = in_turns(tools, prepared, self.rounds)
        found = {tool: digest(base) for tool, base in bases.items()}
        for tool in tools[1:]:
            if found[tool] != found["flowrun"]:
                sys.exit(f"{work}: {tool} has other rows than flowrun: {found[tool]}, {found['flowrun']}")
        self.show(work, costs, found["flowrun"][0])
        return bases["flowrun"]

    def show(self, work, costs, count):
        ours = least(costs["flowrun"])
        for tool, all in costs.items():
            theirs = least(all)
            ratio, clock = theirs[0] / ours[0], theirs[1] / ours[1]
            goal, verdict = GOALS[work].get(tool), ""
            if goal is not None:
                self.missed += ratio < goal
                verdict = f"≥ {goal:g} {'MISSED' if ratio < goal else 'ok'}"
            peak = max(cost.peak_bytes for cost in all) / 1e6
            cells = [work, f"{count:,}", tool, f"{theirs[0]:.2f}", f"{theirs[1]:.2f}", f"{peak:.0f}", f"{ratio:.2f}", f"{clock:.2f}"]
            print(f"| {' | '.join(cells)} | {verdict} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flowrun")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", default=HERE / "data")
    arguments = parser.parse_args()
    bases, rows = Bases(arguments), arguments.rows
    print("| work | rows there | tool | processor s | clock s | peak MB | tool ÷ flowrun, processor | clock | goal |")
    print("|---|--:|---|--:|--:|--:|--:|--:|---|", flush=True)
    first = generated(bases.data, "append", range(rows), 0)
    begun = bases.work("append", first, None)
    more = generated(bases.data, "upsert", range(rows - rows // 10, rows + rows // 10), 1)
    bases.work("upsert", more, begun)
    shutil.rmtree(bases.out)
    sys.exit(1 if bases.missed else 0)


if __name__ == "__main__":
    main()
