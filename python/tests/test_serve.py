"""`serve` alone, against a coordinator that is written here."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Dict

import pytest
from coordinator import serve


def test_a_function_answers_every_item_with_its_value(tmp_path: Path) -> None:
    items = [1, -(2**63), 1.5, "ü\n\"\\", None, True, [], {}, {"b": [1, {"a": None}]}, "x" * 300_000]
    with serve(tmp_path, "import flowrun\nflowrun.serve(lambda item: {'got': item})\n") as program:
        answers = program.ask(*items)
    assert [answer["value"]["got"] for answer in answers] == items
    assert program.rest == ""


def test_many_items_in_one_block_are_answered_in_order(tmp_path: Path) -> None:
    with serve(tmp_path, "import flowrun\nflowrun.serve(lambda item: item + 1)\n") as program:
        program.send(*range(1000))
        answers = program.lines(1000)
    assert answers == [{"id": item + 1, "value": item + 1} for item in range(1000)]


def test_items_that_were_sent_before_the_end_are_answered(tmp_path: Path) -> None:
    with serve(tmp_path, "import flowrun\nflowrun.serve(lambda item: item)\n") as program:
        program.send("a", "b")
        program.end()
        assert [json.loads(line) for line in program.rest.splitlines()] == [
            {"id": 1, "value": "a"},
            {"id": 2, "value": "b"},
        ]


ENDINGS = """
import flowrun, sys
def function(item):
    if item == "skip": raise flowrun.Skip("no text")
    if item == "fail": raise flowrun.Fail("broken", {"at": 3})
    if item == "retry": raise flowrun.Retry("busy", after=2.5)
    if item == "exit": sys.exit(4)
    if item == "empty": raise ValueError
    raise ValueError("missing ID")
flowrun.serve(function)
"""


def test_endings_are_told_with_what_they_carry(tmp_path: Path) -> None:
    with serve(tmp_path, ENDINGS) as program:
        answers = program.ask("skip", "fail", "retry", "error", "exit", "empty")
    traces = [answer["error"].pop("traceback") for answer in answers[1:]]
    assert answers == [
        {"id": 1, "skip": "no text"},
        {"id": 2, "error": {"message": "broken", "retryable": False, "fields": {"at": 3}}},
        {"id": 3, "error": {"message": "busy", "after": 2.5}},
        {"id": 4, "error": {"message": "ValueError: missing ID"}},
        {"id": 5, "error": {"message": "SystemExit: 4"}},
        {"id": 6, "error": {"message": "ValueError"}},
    ]
    program_file = tmp_path / "program.py"
    assert traces[2].startswith(f'Traceback (most recent call last):\n  File "{program_file}", line 9, in function')
    assert "_function.py" not in traces[2] and "_serve.py" not in traces[2]


NESTED = """
def nested(levels):
    return [nested(levels - 1)] if levels > 1 else []
"""


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("{'a': [1, float('nan')]}", "the result['a'][1] is nan, which JSON cannot hold"),
        ("[None, float('inf')]", "the result[1] is inf, which JSON cannot hold"),
        ("{'a': {1, 2}}", "the result['a'] is a value of type set, which JSON cannot hold"),
        ("'\\ud800'", "the result is text with half a surrogate pair, which JSON cannot hold"),
        ("[{'a\\ud800': 1}]", "the result[0] has a key with half a surrogate pair, which JSON cannot hold"),
        ("[{'a': 2**63}]", "the result[0]['a'] is an integer beyond 64 bits, which flowrun does not keep"),
        ("{'a': -2**63 - 1}", "the result['a'] is an integer beyond 64 bits, which flowrun does not keep"),
        ("10**400", "the result is an integer beyond 64 bits, which flowrun does not keep"),
        ("nested(501)", f"the result{'[0]' * 26}[0… is nested more than 500 levels deep, which flowrun does not keep"),
        ("'x' * (64 << 20)", "the result is 64.0 MiB long, and flowrun takes at most 63 MiB from a program"),
    ],
)
def test_what_json_cannot_hold_fails_its_item_with_the_place(tmp_path: Path, expression: str, message: str) -> None:
    text = f"import flowrun\n{NESTED}flowrun.serve(lambda item: {expression} if item else 'fine')\n"
    with serve(tmp_path, text) as program:
        assert program.ask(True, False) == [{"id": 1, "error": {"message": message}}, {"id": 2, "value": "fine"}]


def test_what_is_just_within_the_bounds_is_kept(tmp_path: Path) -> None:
    values = ["nested(500)", "[2**63 - 1, -2**63]", "['9' * 30] + [[]] * 600", "'[' * 1000 + '\\\\\"' + '{' * 1000", "1e22"]
    text = f"import flowrun\n{NESTED}flowrun.serve(lambda item: [{', '.join(values)}][item])\n"
    scope: Dict[str, Any] = {}
    exec(NESTED, scope)
    with serve(tmp_path, text) as program:
        assert [answer["value"] for answer in program.ask(*range(len(values)))] == [eval(value, scope) for value in values]


def test_a_long_log_is_cut_and_the_answer_still_one(tmp_path: Path) -> None:
    text = "import flowrun\ndef f(item):\n    print('x' * (70 << 20) + 'end')\n    return item\nflowrun.serve(f)\n"
    with serve(tmp_path, text) as program:
        for answer in program.ask(1, 2):
            assert answer["log"][0] == "…" and answer["log"][1].endswith("xend") and len(answer["log"][1]) < 1 << 20


def test_a_cyclic_result_fails_its_item(tmp_path: Path) -> None:
    text = "import flowrun\ndef f(item):\n    loop = []\n    loop.append(loop)\n    return loop\nflowrun.serve(f)\n"
    with serve(tmp_path, text) as program:
        (answer,) = program.ask(1)
    assert answer["error"]["message"] == "the result[0] holds itself, which JSON cannot hold"


def test_a_generator_yields_the_results_of_a_flat_map(tmp_path: Path) -> None:
    text = "import flowrun\ndef f(item):\n    yield from item.split()\nflowrun.serve(f)\n"
    with serve(tmp_path, text) as program:
        answers = program.ask("a b", "", "c")
    assert [answer["values"] for answer in answers] == [["a", "b"], [], ["c"]]


def test_a_generator_that_fails_half_way_fails_its_item(tmp_path: Path) -> None:
    text = "import flowrun\ndef f(item):\n    yield 1\n    raise KeyError('b')\nflowrun.serve(f)\n"
    with serve(tmp_path, text) as program:
        (answer,) = program.ask("a")
    assert answer["error"]["message"] == "KeyError: 'b'" and "values" not in answer


def test_the_context_tells_of_the_attempt_and_of_setup(tmp_path: Path) -> None:
    text = """
import flowrun
def f(item, ctx):
    return [ctx.step, ctx.run, ctx.key, ctx.attempt, ctx.max_attempts, ctx.worker, ctx.index, ctx.state]
flowrun.serve(f, setup=lambda: "loaded")
"""
    with serve(tmp_path, text) as program:
        assert program.ask(1, attempt=2, max_attempts=3)[0]["value"] == [
            *("clean", "7f3a", "k", 2, 3, 1, 1, "loaded")
        ]


PRINTS = """
import flowrun, os, subprocess, sys
def f(item):
    print("printed", item)
    print("half", end="")
    os.write(1, b"raw\\n")
    subprocess.run(["echo", "child"])
    print("grumbled", file=sys.stderr)
    return sys.stdin.read()
flowrun.serve(f)
"""


def test_prints_and_input_do_not_touch_the_protocol(tmp_path: Path) -> None:
    with serve(tmp_path, PRINTS) as program:
        assert [program.ask(item) for item in (1, 2)] == [[{"id": 1, "value": ""}], [{"id": 2, "value": ""}]]
    for words in ("printed 1\n", "printed 2\n", "half", "raw\n", "child\n", "grumbled\n"):
        assert words in program.log
    assert program.rest == ""


def test_prints_come_with_the_answer_where_several_items_are_in_flight(tmp_path: Path) -> None:
    with serve(tmp_path, PRINTS) as program:
        assert program.ask("a", "b") == [
            {"id": 1, "value": "", "log": ["printed a", "half"]},
            {"id": 2, "value": "", "log": ["printed b", "half"]},
        ]
    assert "printed" not in program.log and program.log.count("raw\nchild\ngrumbled\n") == 2


def test_a_finished_answer_does_not_wait_for_a_slow_function(tmp_path: Path) -> None:
    # The second item waits for a file that is made once the first answer has come.
    text = """
import flowrun, os, time
def f(item):
    while item and not os.path.exists(item): time.sleep(0.001)
    return item
flowrun.serve(f)
"""
    door = tmp_path / "door"
    with serve(tmp_path, text) as program:
        program.send("", str(door))
        assert program.line() == {"id": 1, "value": ""}
        door.touch()
        assert program.line() == {"id": 2, "value": str(door)}


def test_an_async_function_works_on_its_items_at_once(tmp_path: Path) -> None:
    # Each one waits until all three have begun, so that they could not end one after the other.
    text = """
import asyncio, flowrun
begun = 0
async def setup():
    return asyncio.Event()
async def f(item, ctx):
    global begun
    begun += 1
    if begun == 3: ctx.state.set()
    print("waits", item)
    await ctx.state.wait()
    print("goes on")
    if item == 2: raise flowrun.Skip("two")
    return item
flowrun.serve(f, setup=setup)
"""
    with serve(tmp_path, text, parallel=True) as program:
        answers = program.ask(1, 2, 3)
    assert [answer.pop("log") for answer in answers] == [[f"waits {item}", "goes on"] for item in (1, 2, 3)]
    assert answers == [{"id": 1, "value": 1}, {"id": 2, "skip": "two"}, {"id": 3, "value": 3}]


def test_an_async_generator_yields_the_results_of_a_flat_map(tmp_path: Path) -> None:
    text = "import flowrun\nasync def f(item):\n    yield item\n    yield item * 2\nflowrun.serve(f)\n"
    with serve(tmp_path, text, parallel=True) as program:
        assert [answer["values"] for answer in program.ask(1, 2)] == [[1, 2], [2, 4]]


DATACLASSES = """
from __future__ import annotations
from dataclasses import dataclass, field
from typing import Dict, List, Optional
import flowrun
@dataclass
class Tag:
    name: str
@dataclass
class Doc:
    id: int
    tags: List[Tag] = field(default_factory=list)
    best: Optional[Tag] = None
    by_name: Dict[str, Tag] = field(default_factory=dict)
    parent: Optional[Doc] = None
    _note: str = "kept"
def f(doc: Doc) -> Doc:
    assert isinstance(doc, Doc)
    assert all(isinstance(tag, Tag) for tag in [*doc.tags, *doc.by_name.values()])
    assert doc.parent is None or isinstance(doc.parent, Doc)
    return doc
flowrun.serve(f)
"""


def test_dataclasses_go_in_and_out(tmp_path: Path) -> None:
    empty: Dict[str, Any] = {"tags": [], "best": None, "by_name": {}, "parent": None, "_note": "kept"}
    whole = {"id": 1, "tags": [{"name": "a"}], "best": {"name": "b"}, "by_name": {"c": {"name": "c"}}}
    with serve(tmp_path, DATACLASSES) as program:
        answers = program.ask({"id": 2}, {**whole, "parent": {"id": 3}}, {"id": 4, "other": 1}, 5)
    assert answers[0]["value"] == {"id": 2, **empty}
    assert answers[1]["value"] == {**whole, "_note": "kept", "parent": {"id": 3, **empty}}
    assert "unexpected keyword argument 'other'" in answers[2]["error"]["message"]
    assert answers[3]["error"]["message"] == "TypeError: Doc is made from a map, and this item is int"


def test_pydantic_models_go_in_and_out(tmp_path: Path) -> None:
    pytest.importorskip("pydantic")
    text = """
import flowrun
from datetime import date
from pydantic import BaseModel
class Doc(BaseModel):
    id: int
    day: date = date(2026, 12, 1)
def f(docs: list[Doc]) -> Doc:
    return docs[0]
flowrun.serve(f)
"""
    with serve(tmp_path, text) as program:
        answers = program.ask([{"id": "7"}], [{"id": "x"}])
    assert answers[0]["value"] == {"id": 7, "day": "2026-12-01"}
    assert answers[1]["error"]["message"].startswith("ValidationError: 1 validation error for Doc")


PLAIN = """
import datetime, enum, flowrun, pathlib, uuid
class Color(enum.Enum):
    RED = "red"
flowrun.serve(lambda item: [
    Color.RED, datetime.datetime(2026, 12, 1, 9, 30, tzinfo=datetime.timezone.utc), datetime.date(2026, 12, 1),
    pathlib.Path("a/b"), uuid.UUID(int=1), (1, 2), {1: "one"}, None])
"""


@pytest.mark.parametrize("library", ["orjson", "json"])
def test_other_types_are_written_alike_by_both_libraries(tmp_path: Path, library: str) -> None:
    if library == "orjson":
        pytest.importorskip("orjson")
    hidden = "import sys; sys.modules['orjson'] = None\n" if library == "json" else ""
    with serve(tmp_path, hidden + PLAIN) as program:
        (answer,) = program.ask(1)
    assert answer["value"] == [
        "red",
        "2026-12-01T09:30:00+00:00",
        "2026-12-01",
        "a/b",
        "00000000-0000-0000-0000-000000000001",
        [1, 2],
        {"1": "one"},
        None,
    ]


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    text = """
import flowrun, numpy
flowrun.serve(lambda item: {"sum": numpy.sum(item), "mean": numpy.float32(0.5), "all": numpy.array(item) * 2})
"""
    with serve(tmp_path, text) as program:
        assert program.ask([1, 2])[0]["value"] == {"sum": 3, "mean": 0.5, "all": [2, 4]}


@pytest.mark.parametrize("signature", ["", "a, b, c", "item, *, needed"])
def test_a_function_that_cannot_be_called_with_an_item_is_refused(tmp_path: Path, signature: str) -> None:
    text = f"import flowrun\ndef f({signature}): return 1\nflowrun.serve(f)\n"
    (tmp_path / "bad.py").write_text(text)
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path), "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(
        [sys.executable, str(tmp_path / "bad.py")], input="", capture_output=True, text=True, env=environment
    )
    assert ended.returncode == 1 and ended.stdout == ""
    assert "TypeError: an item function takes the item and, if it wants, a context" in ended.stderr


@pytest.mark.parametrize("kind", ["", "async "])
def test_a_program_ends_when_flowrun_has_gone_away(tmp_path: Path, kind: str) -> None:
    text = f"import flowrun\n{kind}def f(item):\n    return item\nflowrun.serve(f)\n"
    program = serve(tmp_path, text, parallel=kind != "")
    assert program.process.stdout is not None
    program.process.stdout.close()
    program.send(1)
    killer = threading.Timer(30, program.process.kill)
    killer.start()
    assert program.process.wait() == 1
    killer.cancel()
    program.process.stderr.close()  # type: ignore[union-attr]
