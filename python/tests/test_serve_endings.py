"""Whatever a served function does, each item has an answer, and nothing else writes one."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import pytest
from coordinator import serve

from flowrun import Fail, Retry, Skip

ODD = """
import asyncio, flowrun, sys
class Own(BaseException): pass
class Mute(Exception):
    def __str__(self): raise RuntimeError("no words")
class Late(flowrun.Retry):
    def __init__(self): pass
class Bare(flowrun.Skip):
    def __init__(self): pass
def raises(item):
    if item == "mute": raise Mute
    if item == "own": raise Own("mine")
    if item == "generator": raise GeneratorExit
    if item == "cancelled": raise asyncio.CancelledError
    if item == "late": raise Late
    if item == "bare": raise Bare
    if item == "none": raise flowrun.Skip(None)
    if item == "five": raise flowrun.Skip(5)
    if item == "set":
        error = flowrun.Retry("busy", fields={"a": 1})
        error.after = "soon"
        raise error
    if item == "out": sys.stdout = None
    print("said")
    return item
"""


@pytest.mark.parametrize("kind", ["", "async "])
def test_whatever_is_raised_is_answered(tmp_path: Path, kind: str) -> None:
    call = f"{kind}def f(item): return raises(item)\nflowrun.serve(f)\n"
    with serve(tmp_path, ODD + call, parallel=kind != "") as program:
        answers = [
            program.ask(item)[0]
            for item in ("mute", "own", "generator", "cancelled", "late", "bare", "none", "five", "set", "out", "end")
        ]
    said = [answer.get("error", {}).get("message", answer.get("skip", answer.get("value"))) for answer in answers]
    assert said[:4] == ["Mute", "Own: mine", "GeneratorExit", "CancelledError"]
    assert said[4:8] == ["", None, None, "5"] and [("skip" in answer) for answer in answers[4:8]] == [False, True, True, True]
    assert said[8].startswith("busy (its fields are left out: `after` is a number of seconds or a timedelta, not 'soon'")
    assert said[9:] == ["out", "end"]


def test_what_is_printed_must_be_text(tmp_path: Path) -> None:
    text = "import flowrun, sys\ndef f(item):\n    sys.stdout.write(item)\n    return item\nflowrun.serve(f)\n"
    with serve(tmp_path, text) as program:
        first, second = program.ask(5, "a")
    assert first["error"]["message"] == "TypeError: write() argument must be str, not int"
    assert second == {"id": 2, "value": "a", "log": ["a"]}


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        *((None, None), (2, 2.0), (2.5, 2.5), (-0.2, 0.0), (0, 0.0), (decimal.Decimal("0.5"), 0.5)),
        *((datetime.timedelta(minutes=1), 60.0), (datetime.timedelta(-1), 0.0)),
    ],
)
def test_a_wait_is_a_number_of_seconds(given: Any, seconds: Any) -> None:
    assert Retry("busy", after=given).after == seconds


@pytest.mark.parametrize("given", [True, "1", float("nan"), float("inf"), 10**400, [1], 1j])
def test_what_is_no_wait_is_refused_where_it_is_written(given: Any) -> None:
    with pytest.raises(TypeError, match="`after` is a number of seconds or a timedelta, not "):
        Retry("busy", after=given)


def test_fields_are_a_map() -> None:
    for kind in (Fail, Retry):
        with pytest.raises(TypeError, match="`fields` is a map, not a list"):
            kind("m", fields=[1])  # type: ignore[arg-type]
        assert kind("m", fields={"a": 1}).fields == {"a": 1}
    assert (Skip(None).reason, Skip(5).reason, Skip("a").reason, Skip().reason) == (None, "5", "a", "")


FORKS = """
import flowrun, os, sys
def fork(item):
    if item == "no": return item
    child = os.fork()
    if child == 0:
        print("child")
        if item == "exit": sys.exit(3)
        if item == "raise": raise ValueError("in the child")
        return item
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""


@pytest.mark.parametrize("kind", ["", "async "])
def test_a_forked_process_never_answers(tmp_path: Path, kind: str) -> None:
    call = f"{kind}def f(item): return fork(item)\nflowrun.serve(f)\n"
    with serve(tmp_path, FORKS + call, parallel=kind != "") as program:
        answers = program.ask("no", "exit", "raise", "back", "no")
    assert [answer["value"] for answer in answers] == ["no", 3, 1, 0, "no"]
    assert program.rest == "" and "ValueError: in the child" in program.log and program.log.count("child\n") == 4
