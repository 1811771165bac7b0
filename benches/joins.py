#!/usr/bin/env python3
"""Measures `join` and `aggregate` beside the tools that people have for it, in turns, by processor seconds.

    benches/joins.py FLOWRUN RIVAL [--rounds N] [--only ROW …] [--without TOOL …] [--scale S] [--data FOLDER]

RIVAL is the program of benches/rivals/rust, which makes the inputs and compares the outputs. Rows, at full scale:

    join-1m    10 million orders, each with a partner among 1 million
    join-10m   10 million orders, each with a partner among 10 million, which spills
    aggregate  10 million calls of 100,000 users: count, sum, mean, 95th percentile
    exact      sums and means of numbers that plain and compensated summation get wrong, against exact rational arithmetic

Tools: DuckDB, polars (streaming) and pandas are packages of the Python that runs this, Miller is `mlr` in PATH; who is missing
is left out, which is said. Outputs are compared as sets of values; sums and means of the tools may differ in the last digits.
A ratio is the tool's processor time divided by flowrun's, each the least of its rounds. The exit code is 1 when a goal is missed.
"""

import argparse
import importlib.util
import json
import random
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

from series import HERE, generated, in_turns, least, run, say

# Tool → how many times flowrun's processor time it shall take at least.
GOALS = {"miller": 5.0, "pandas": 3.0, "duckdb": None, "polars": None}
# Row → kind and lines of the inputs.
INPUTS = {
    "join-1m": [("orders", 10_000_000), ("customers", 1_000_000)],
    "join-10m": [("matched", 10_000_000), ("customers", 10_000_000)],
    "aggregate": [("calls", 10_000_000)],
}
PEAK_BYTES = 1_000_000_000
# Sums of the tools may be off by so much of themselves.
TOLERANCE = 1e-9


def miller(row, inputs, target):
    if row == "aggregate":
        stats = "stats1 -i -a count,sum,mean,p95 -f ms -g user"
        names = "rename user,key,ms_count,calls,ms_sum,total,ms_mean,mean,ms_p95,p95"
        return f"mlr --ijsonl --ojsonl {stats} then {names} {inputs[0]} > {target}"
    join = f"join -f {inputs[1]} -l id -r customer -j customer"
    # The partner's `id` becomes the key; the order's own has to be told from it.
    first = "cut -f id,customer,amount then rename id,order"
    return f"mlr --ijsonl --ojsonl {first} then {join} then cut -o -f order,amount,name then rename order,id {inputs[0]} > {target}"


class Joins:
    def __init__(self, arguments):
        self.flowrun, self.rival = Path(arguments.flowrun).resolve(), Path(arguments.rival).resolve()
        self.rounds, self.scale, self.missed = arguments.rounds, arguments.scale, 0
        self.data = Path(arguments.data).resolve()
        self.out = self.data / "out"
        self.out.mkdir(parents=True, exist_ok=True)
        there = {tool: importlib.util.find_spec(tool) for tool in GOALS} | {"miller": shutil.which("mlr")}
        self.tools = [tool for tool in GOALS if there[tool] and tool not in arguments.without]
        for tool in GOALS.keys() - set(self.tools):
            say(f"no {tool}: it is left out")

    def input(self, kind, lines):
        return generated(self.rival, self.data, kind, max(int(lines * self.scale), 100))

    def command(self, tool, row, inputs, target):
        task = row.split("-")[0]
        if tool == "flowrun":
            names = {"join": ["orders", "partners"], "aggregate": ["input"]}[task]
            params = [word for name, file in zip(names, inputs) for word in ("-p", f"{name}={file}")]
            return [self.flowrun, "-q", "--no-state", HERE / "pipelines" / f"{task}.yaml", *params, "-p", f"output={target}"]
        if tool == "miller":
            return ["sh", "-c", "exec " + miller(row, inputs, target)]
        return [sys.executable, HERE / "rivals" / "tables.py", tool, task, *inputs, target]

    def row(self, row):
        inputs = [self.input(kind, lines) for kind, lines in INPUTS[row]]
        tools = ["flowrun", *self.tools]
        targets = {tool: self.out / f"{row}.{tool}.jsonl" for tool in tools}
        costs = in_turns(tools, lambda tool: self.command(tool, row, inputs, targets[tool]), self.rounds)
        for tool in self.tools:
            self.compare(row, targets["flowrun"], targets[tool])
        ours = least(costs["flowrun"])
        for tool in tools:
            processor, clock = least(costs[tool])
            peak = max(cost.peak_bytes for cost in costs[tool])
            goal = GOALS.get(tool)
            verdict = "" if goal is None else f"≥ {goal:g} {self.verdict(processor / ours[0] >= goal)}"
            if tool == "flowrun" and self.scale == 1:
                verdict = f"< {PEAK_BYTES / 1e6:g} MB {self.verdict(peak < PEAK_BYTES)}"
            ratios = f"{processor / ours[0]:.2f} | {clock / ours[1]:.2f}"
            print(f"| {row} | {tool} | {processor:.2f} | {clock:.2f} | {peak / 1e6:.0f} | {ratios} | {verdict} |", flush=True)

    def compare(self, row, ours, theirs):
        if row != "aggregate":
            subprocess.run([self.rival, "check-sets", ours, theirs], check=True)
            return
        left, right = ({group["key"]: group for group in map(json.loads, file.open())} for file in (ours, theirs))
        if left.keys() != right.keys():
            sys.exit(f"{ours} and {theirs} have other groups")
        for key, group in left.items():
            for field, value in group.items():
                if field != "key" and abs(value - right[key][field]) > abs(value) * TOLERANCE:
                    sys.exit(f"{field} of {key}: {value} in {ours}, {right[key][field]} in {theirs}")

    def exact(self):
        """Each group is a list of numbers that cancel, at all magnitudes, in an order by chance."""
        chance = random.Random(17)
        groups = {f"g{at}": hard_numbers(chance) for at in range(max(int(20_000 * self.scale), 200))}
        lines = [(user, ms) for user, all in groups.items() for ms in all]
        chance.shuffle(lines)
        source, target = self.data / "hard.jsonl", self.out / "exact.flowrun.jsonl"
        source.write_text("".join(f'{{"user":"{user}","ms":{ms!r}}}\n' for user, ms in lines))
        run(self.command("flowrun", "aggregate", [source], target))
        wrong = plain = 0
        for group in map(json.loads, target.open()):
            numbers = groups[group["key"]]
            total = sum(map(Fraction, numbers))
            wrong += group["total"] != float(total) or group["mean"] != float(total / len(numbers))
            plain += naive(numbers) != float(total)
        verdict = self.verdict(wrong == 0)
        print(f"\nexact: {len(groups)} groups, {wrong} wrong by flowrun, {plain} by adding up {verdict}", flush=True)

    def verdict(self, good):
        self.missed += not good
        return "ok" if good else "MISSED"


def naive(numbers):
    total = 0.0
    for number in numbers:
        total += number
    return total


def hard_numbers(chance):
    """Numbers of all magnitudes, most of them with their opposites, so that the sum is far below them."""
    some = [chance.uniform(-1, 1) * 2.0 ** chance.randint(-300, 300) for _ in range(chance.randint(1, 40))]
    small = [chance.uniform(-1, 1) * 2.0 ** chance.randint(-60, 60) for _ in range(chance.randint(1, 5))]
    return some + [-number for number in some] + small


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flowrun")
    parser.add_argument("rival")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=[*INPUTS, "exact"], default=[*INPUTS, "exact"])
    parser.add_argument("--without", nargs="+", metavar="TOOL", choices=GOALS, default=[])
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--data", default=HERE / "data")
    arguments = parser.parse_args()
    joins = Joins(arguments)
    print("| work | tool | processor s | clock s | peak MB | tool ÷ flowrun, processor | clock | goal |")
    print("|---|---|--:|--:|--:|--:|--:|---|", flush=True)
    for row in INPUTS:
        if row in arguments.only:
            joins.row(row)
    if "exact" in arguments.only:
        joins.exact()
    sys.exit(1 if joins.missed else 0)


if __name__ == "__main__":
    main()
