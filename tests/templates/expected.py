#!/usr/bin/env python3
"""Writes what Jinja2 makes of the templates here: of each `.j2` beside it, as `.out`, and of each line of `lines.txt` as a line of `lines.out`.

Made with Jinja2 3.1.6 as it comes, with its own extensions for `break`, `continue` and `do`: `pip install jinja2==3.1.6; ./expected.py`.
The test does not need it."""

import json
import pathlib

import jinja2

here = pathlib.Path(__file__).parent
environment = jinja2.Environment(extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do"])


def variables(path):
    # Tables of Lua have no order; flowrun shows them in the order of their keys.
    return json.loads(path.read_text(), object_hook=lambda pairs: dict(sorted(pairs.items())))


def rendered(source, values):
    return environment.from_string(source).render(values)


for path in sorted(here.glob("*.json")):
    for template in sorted((here / path.stem).glob("*.j2")):
        text = rendered(template.read_bytes().decode(), variables(path))
        template.with_suffix(".out").write_bytes(text.encode())
lines = (json.loads(line) for line in (here / "lines.txt").read_text().splitlines())
results = (rendered(line, variables(here / "lines.json")) for line in lines)
(here / "lines.out").write_text("".join(json.dumps(text, ensure_ascii=False) + "\n" for text in results))
