"""Prints the ratios that run.sh measured beside their goals. The exit code is 1 when a goal is missed.

    python3 table.py RESULTS

Speeds are those of the fastest run of each program: on a shared machine noise only ever makes a run slower. The ratio of
the medians stands beside it.
"""

import json
import sys
from pathlib import Path

# (part, rival, how many times as fast as the rival flowrun must be)
SPEED_GOALS = [
    ("records", "rust, serde_json::Value", 0.9),
    ("records", "rust, typed structs", 0.35),
    ("records", "node, worker threads", 2),
    ("records", "python, multiprocessing", 6),
    ("records", "flowyml, map_task", 40),
    ("text", "rust, serde_json::Value", None),
    ("text", "rust, typed structs", None),
    ("text", "node, worker threads", 1.5),
    ("text", "python, multiprocessing", None),
    ("numeric", "rust, serde_json::Value", None),
    ("numeric", "rust, typed structs", None),
    ("numeric", "node, worker threads", 1.5),
    ("numeric", "python, multiprocessing", None),
]


class Results:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.missed = 0

    def number(self, name):
        file = self.folder / name
        return float(file.read_text()) if file.exists() else None

    def times(self, part):
        """Name → (fastest, median) in seconds."""
        file = self.folder / f"{part}.json"
        if not file.exists():
            return {}
        results = json.loads(file.read_text())["results"]
        return {r["command"]: (r["min"], r["median"]) for r in results}

    def rates(self, part):
        """Name → (best, median) in items a second."""
        lines = self.number(f"{part}.lines")
        return {name: tuple(lines / s for s in both) for name, both in self.times(part).items()}

    def verdict(self, good):
        self.missed += not good
        return "ok" if good else "MISSED"

    def speeds(self):
        print("| work | program | items/s | flowrun is … times as fast | of medians | goal | |")
        print("|---|---|--:|--:|--:|--:|---|")
        for part in ("records", "text", "numeric"):
            rates = self.rates(part)
            if not rates:
                continue
            if part == "records":
                rates |= self.rates("flowyml")
            ours = rates["flowrun"]
            print(f"| {part} | **flowrun** | {ours[0]:,.0f} | | | | |")
            for name, goal in [(name, goal) for p, name, goal in SPEED_GOALS if p == part]:
                if name not in rates:
                    print(f"| {part} | {name} | not measured | | | | |")
                    continue
                ratio, medians = (a / b for a, b in zip(ours, rates[name]))
                text, verdict = ("", "") if goal is None else (f"≥ {goal:g}", self.verdict(ratio >= goal))
                print(f"| {part} | {name} | {rates[name][0]:,.0f} | {ratio:.2f} | {medians:.2f} | {text} | {verdict} |")
        print()

    def limits(self):
        rows = []

        def row(what, value, unit, goal, below=True):
            if value is not None:
                good = value <= goal if below else value >= goal
                rows.append(f"| {what} | {value:.4g} {unit} | {'≤' if below else '≥'} {goal:g} {unit} | {self.verdict(good)} |")

        cpu = self.times("cpu")
        if cpu:
            row("CPU-bound items, concurrency 2 against 1", cpu["concurrency 1"][0] / cpu["concurrency 2"][0], "×", 1.8, below=False)
        for part, what, scale, unit, goal in [
            ("ten", "ten items, start to exit", 1000, "ms", 30),
            ("retry", "1000 items of 1 ms, 10 % retried after 1 s, concurrency 4", 1, "s", 2),
            ("sleep", "1000 items that sleep 50 ms, concurrency 1000", 1, "s", 0.5),
        ]:
            for _, median in self.times(part).values():
                row(what, median * scale, unit, goal)
        row("… threads", self.number("sleep.threads"), "", 8)
        for size in ("small", "large"):
            kilobytes = self.number(f"memory-{size}.kb")
            lines = self.number(f"memory-{size}.lines")
            if kilobytes is not None:
                row(f"peak memory, {lines:,.0f} lines", kilobytes * 1024 / 1e6, "MB", 60)
        if rows:
            print("| what | measured | goal | |\n|---|--:|--:|---|")
            print("\n".join(rows))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    results = Results(sys.argv[1])
    results.speeds()
    results.limits()
    sys.exit(1 if results.missed else 0)
