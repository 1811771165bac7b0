#!/usr/bin/env python3
"""Measures flowrun and the best of its rivals in turns, by processor seconds, and prints the ratios beside their goals.

    benches/series.py FLOWRUN RIVAL [--rounds N] [--only ROW …] [--scale S] [--data FOLDER]

RIVAL is the program of benches/rivals/rust. In each round every program of a row runs once, one after the other, so that
what else the machine does meets all of them; of its rounds each program keeps the least processor time (user and system),
and the least time by the clock. The outputs of the last round are compared as values. A ratio is the rival's time divided
by flowrun's: above 1 flowrun takes less.

Rows: records filter wide text floats strings tables patterns json pictures starts one memory. `--scale 0.01` takes a hundredth of the
lines, to see that it works. Node, Bun, DuckDB, polars and sharp are left out where they are missing, which is said; PATH finds
`node` and `bun`, NODE_PATH sharp, and the others (Pillow too) are packages of the Python that runs this. The exit code is 1 when a goal is missed.
"""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUST, NODE, BUN = "rust, typed structs", "node, worker threads", "bun, worker threads"
DUCKDB, POLARS = "duckdb", "polars"
PILLOW, SHARP, XARGS = "Pillow, two threads", "sharp", "xargs -P 4"


@dataclass
class Row:
    name: str
    # Kind of the input, which `rival gen` makes.
    input: str
    lines: int
    # Rival → how many times flowrun's processor time it shall take at least.
    goals: dict


ROWS = [
    Row("records", "records", 2_000_000, {RUST: 1.0}),
    Row("filter", "records", 2_000_000, {RUST: 1.2, DUCKDB: 2.5, POLARS: None}),
    Row("wide", "wide", 200_000, {RUST: 1.4}),
    Row("text", "text", 300_000, {NODE: 3.2, BUN: 2.2}),
    Row("floats", "numeric", 1_000_000, {NODE: 1.5, BUN: 1.0}),
    Row("strings", "records", 300_000, {NODE: None, BUN: 1.0}),
    Row("tables", "records", 200_000, {NODE: None, BUN: 1.0}),
    Row("patterns", "text", 200_000, {NODE: None, BUN: 1.0}),
    Row("json", "records", 500_000, {NODE: None, BUN: 1.0}),
]
# One item from start to exit: processor seconds at most, and how often it is run in each round.
ONE_SECONDS, ONE_RUNS = 0.009, 20
# Pictures that are made small, and items that start a program each.
PICTURES, STARTS = 200, 3000
# Peak memory at so many lines, in bytes at most.
MEMORY_LINES, MEMORY_BYTES = 10_000_000, 40_000_000


@dataclass
class Cost:
    processor: float
    clock: float
    peak_bytes: int


def run(command, watch=None, code=0):
    """What one run of a program costs. `watch` gets its process id, every few milliseconds while it runs, and may kill it."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    ended, status, usage = os.wait4(child.pid, os.WNOHANG if watch else 0)
    while not ended:
        watch(child.pid)
        time.sleep(0.005)
        ended, status, usage = os.wait4(child.pid, os.WNOHANG)
    clock = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != code:
        sys.exit(f"`{' '.join(map(str, command))}` ended with {child.returncode}")
    # Linux counts kilobytes.
    return Cost(usage.ru_utime + usage.ru_stime, clock, usage.ru_maxrss * 1024)


def in_turns(programs, command, rounds):
    """The costs of each program: in each round all of them run once, one after the other."""
    costs = {program: [] for program in programs}
    for _ in range(rounds):
        for program in programs:
            costs[program].append(run(command(program)))
    return costs


def least(costs):
    """Processor time and time by the clock, each the least of all rounds."""
    return min(cost.processor for cost in costs), min(cost.clock for cost in costs)


def made(file, what, make):
    """The file, which `make` makes under another name unless it is there."""
    if not file.exists():
        say(f"generating {what}")
        part = file.with_suffix(".part")
        make(part)
        part.rename(file)
    return file


def made_of(file, what, texts):
    """The same of a file of these texts, which are not asked for when it is there."""

    def write(part):
        with part.open("w") as out:
            out.writelines(texts)

    return made(file, what, write)


def generated(rival, data, kind, lines):
    """The input of a kind with so many lines, made by the rival unless it is there."""

    def generate(part):
        subprocess.run([rival, "gen", kind, str(lines), part], check=True)

    return made(data / f"{kind}-{lines}.jsonl", f"{lines} lines of {kind}", generate)


def bounded(what, value, most, unit, shown):
    """A row of what is measured and its goal; whether that is missed."""
    verdict = "ok" if value <= most else "MISSED"
    print(f"| {what} | {value:{shown}} {unit} | ≤ {most:g} {unit} | {verdict} |", flush=True)
    return value > most


class Series:
    def __init__(self, arguments):
        self.flowrun = Path(arguments.flowrun).resolve()
        self.rival = Path(arguments.rival).resolve()
        self.rounds = arguments.rounds
        self.scale = arguments.scale
        self.data = Path(arguments.data).resolve()
        self.out = self.data / "out"
        self.out.mkdir(parents=True, exist_ok=True)
        self.missed = 0
        self.programs = {NODE: shutil.which("node"), BUN: shutil.which("bun"), RUST: self.rival}
        self.programs |= {DUCKDB: having("duckdb"), POLARS: having("polars")}
        for name, program in self.programs.items():
            if program is None:
                say(f"no {name.split(',')[0]}: its rows are left out")

    def input(self, kind, lines):
        return generated(self.rival, self.data, kind, max(int(lines * self.scale), 1))

    def command(self, program, row, source, target):
        match program:
            case "flowrun":
                pipeline = HERE / "pipelines" / f"{row.name}.yaml"
                return [self.flowrun, "-q", "--no-state", pipeline, "-p", f"input={source}", "-p", f"output={target}"]
            case _ if program == RUST:
                return [self.rival, "typed", row.name, source, target]
            case _ if program in (DUCKDB, POLARS):
                return [sys.executable, HERE / "rivals" / f"{program}_filter.py", source, target]
            case _:
                return [self.programs[program], HERE / "rivals" / "node.mjs", row.name, source, target]

    def row(self, row):
        source = self.input(row.input, row.lines)
        programs = ["flowrun", *(program for program in row.goals if self.programs[program])]
        targets = {program: self.out / f"{row.name}.{program.split(',')[0]}.jsonl" for program in programs}
        costs = in_turns(programs, lambda program: self.command(program, row, source, targets[program]), self.rounds)
        for program in programs[1:]:
            subprocess.run([self.rival, "check", targets["flowrun"], targets[program]], check=True)
        items = sum(1 for _ in source.open("rb"))
        self.compare(row.name, costs, items, row.goals)

    def compare(self, name, costs, items, goals):
        programs = list(costs)
        best = {program: least(all) for program, all in costs.items()}
        ours = best["flowrun"]
        say(f"{name}: " + ", ".join(f"{program} {cost[0]:.3f} s" for program, cost in best.items()))
        for program in programs[1:]:
            ratio, clock = (theirs / own for theirs, own in zip(best[program], ours))
            goal = goals.get(program)
            verdict = "" if goal is None else f"≥ {goal:g} | {self.verdict(ratio >= goal)}"
            print(
                f"| {name} | {program} | {ours[0] / items * 1e6:.3f} | {ratio:.2f} | {clock:.2f} | {verdict or '|'} |",
                flush=True,
            )

    def pictures(self):
        """JPEGs of 1600 x 1200 made to 224 x 224."""
        count = max(int(PICTURES * self.scale), 2)
        source, out = self.data / f"images-{count}", self.out
        pillow = HERE / "rivals" / "pillow.py"
        subprocess.run([sys.executable, pillow, "generate", str(count), source], check=True)
        (out / "images.flowrun").mkdir(exist_ok=True)
        commands = {
            "flowrun": [self.flowrun, "-q", "--no-state", HERE / "pipelines" / "images.yaml", "-p", f"pictures={source}/*.jpg"]
            + ["-p", f"out={out}/images.flowrun", f"--allow-read={source}", f"--allow-write={out}"],
            PILLOW: [sys.executable, pillow, "resize", source, out / "images.pillow", "2"],
        }
        if has_sharp():
            commands[SHARP] = ["node", HERE / "rivals" / "sharp.mjs", source, out / "images.sharp"]
        else:
            say("no sharp below NODE_PATH: it is left out")
        costs = in_turns(list(commands), lambda program: commands[program], self.rounds)
        made = [sum(1 for _ in folder.glob("*.jpg")) for folder in out.glob("images.*")]
        assert all(number == count for number in made), made
        self.compare("pictures", costs, count, {})

    def starts(self):
        """Items that start `true`, four at once."""
        count, true = max(int(STARTS * self.scale), 2), shutil.which("true")
        pipeline = self.out / "starts.yaml"
        numbers = self.out / "numbers.jsonl"
        numbers.write_text("".join(f"{number}\n" for number in range(count)))
        pipeline.write_text(
            f"permissions: {{ exec: [{true}] }}\nsteps:\n  numbers: {{ read: {numbers} }}\n  run:\n    from: numbers\n"
            f"    map: {{ concurrency: 4, lua: 'return exec.run({{ \"{true}\" }}).code' }}\n  save: {{ from: run, write: {self.out}/starts.jsonl }}\n"
        )
        commands = {
            "flowrun": [self.flowrun, "-q", "--no-state", pipeline],
            XARGS: ["sh", "-c", f"xargs -P 4 -n 1 {true} < {numbers}"],
        }
        self.compare("starts", in_turns(list(commands), lambda program: commands[program], self.rounds), count, {})

    def one(self):
        command = [self.flowrun, "-q", "--no-state", HERE / "pipelines" / "one.yaml", "-p", f"output={self.out}/one.jsonl"]
        costs = [run(command) for _ in range(self.rounds * ONE_RUNS)]
        self.limit("one item, start to exit", least(costs)[0] * 1e3, ONE_SECONDS * 1e3, "ms")

    def memory(self):
        source = self.input("records", MEMORY_LINES)
        row = Row("records", "records", MEMORY_LINES, {})
        cost = run(self.command("flowrun", row, source, self.out / "memory.jsonl"))
        self.limit(f"peak memory at {int(MEMORY_LINES * self.scale):,} lines", cost.peak_bytes / 1e6, MEMORY_BYTES / 1e6, "MB")

    def limit(self, what, value, most, unit):
        self.missed += bounded(what, value, most, unit, ".1f")

    def verdict(self, good):
        self.missed += not good
        return "ok" if good else "MISSED"


def having(package):
    """This Python, if it has the package."""
    return sys.executable if importlib.util.find_spec(package) else None


def has_sharp():
    return (Path(os.environ.get("NODE_PATH", ".")) / "sharp").is_dir() and shutil.which("node") is not None


def say(text):
    print(f"== {text}", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flowrun")
    parser.add_argument("rival")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", metavar="ROW")
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--data", default=HERE / "data")
    arguments = parser.parse_args()
    series = Series(arguments)
    names = [row.name for row in ROWS] + ["pictures", "starts", "one", "memory"]
    wanted = arguments.only or names
    if unknown := set(wanted) - set(names):
        sys.exit(f"no row is called {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    print("| work | rival | flowrun, µs an item | processor time, rival ÷ flowrun | by the clock | goal | |")
    print("|---|---|--:|--:|--:|--:|---|", flush=True)
    for row in ROWS:
        if row.name in wanted:
            series.row(row)
    if "pictures" in wanted:
        series.pictures()
    if "starts" in wanted:
        series.starts()
    print("\n| what | measured | goal | |\n|---|--:|--:|---|", flush=True)
    if "one" in wanted:
        series.one()
    if "memory" in wanted:
        series.memory()
    sys.exit(1 if series.missed else 0)


if __name__ == "__main__":
    main()
