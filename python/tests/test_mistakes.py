"""What people try first and get wrong is refused at once, in words that say what to write."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import functions
import pytest
from coordinator import serve

import flowrun

GOOD = "version: 1\nsteps:\n  a: {items: [1, 2]}\n  b: {from: a, map: return item}\n  c: {from: b, map: return item}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "pipeline.yaml"
    file.write_text(GOOD)
    return file


@pytest.mark.parametrize(
    ("given", "what"), [(GOOD, "its text"), (b"p.yaml", "bytes"), ({"version": 1}, "dict"), (None, "NoneType")]
)
def test_a_run_takes_a_path(given: Any, what: str) -> None:
    with pytest.raises(TypeError, match=f"^`run` takes the path of a pipeline file, not {what}$"):
        flowrun.run(given)


def test_options_of_a_run_are_a_list(path: Path) -> None:
    with pytest.raises(TypeError, match=r"^`arguments` is a list of options, as in \['--strict'\], not one text$"):
        flowrun.run(path, arguments="--strict")


def test_steps_are_chosen_by_one_name_or_several(path: Path) -> None:
    text = GOOD + "  d: {from: a, map: return item}\n"
    path.write_text(text)
    assert list(flowrun.run(path, only="b").steps) == ["a", "b"]
    assert list(flowrun.run(path, only=["b", "d"]).steps) == ["a", "b", "d"]
    assert list(flowrun.run(path, until=("b",)).steps) == ["a", "b"]


def test_a_value_below_zero_is_told_as_a_value(path: Path) -> None:
    with pytest.raises(flowrun.FlowrunError, match="'-1' for '--limit"):
        flowrun.run(path, limit=-1)


def test_a_file_whose_name_begins_with_a_dash_is_a_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    path.rename("-p.yaml")
    assert flowrun.run("-p.yaml").ok


def test_collections_say_how_they_are_read(path: Path) -> None:
    step = flowrun.run(path).steps["b"]
    assert repr(step.results).startswith("<flowrun.Rows, read by iterating over them: show ")
    assert repr(flowrun.Rows(None, iter)) == "<flowrun.Rows, none>"
    path.write_text(GOOD.replace("map: return item", "map: {lua: 'error(\"no\")', min_success_ratio: 0}", 1))
    errors = flowrun.run(path).steps["b"].errors
    assert list(errors) == list(errors) == [(1, "no"), (2, "no")]


def test_a_check_takes_a_text(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="^`check` takes the text of a pipeline; `check_file` takes a path$"):
        flowrun.check(str(path))
    for other in (path, GOOD.encode(), {"version": 1}):
        with pytest.raises(TypeError, match="^`check` takes the text of a pipeline; `check_file` takes a path$"):
            flowrun.check(other)  # type: ignore[arg-type]
    with pytest.raises(flowrun.FlowrunError, match="nothing`, where its paths are looked up: No such file or directory$"):
        flowrun.check(GOOD, folder=tmp_path / "nothing")


@pytest.mark.parametrize("given", [5, "clean", [1]])
def test_a_map_task_is_made_of_a_function(given: Any) -> None:
    with pytest.raises(TypeError, match=r"^`map_task` takes a function; settings have names, as in @map_task\(concurrency=4\)$"):
        flowrun.map_task(given)
    with pytest.raises(TypeError, match="^`map_task` takes a function; settings"):
        flowrun.map_task(retries=1)(given)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("flowrun.serve(f(1))", "`serve` takes the function itself, as in serve(clean), not what it returns (int)"),
        ("flowrun.serve(flowrun.map_task(f))", "`serve` takes a function for one item; that of this map task is serve(f.func)"),
    ],
)
def test_what_is_no_item_function_is_not_served(tmp_path: Path, expression: str, words: str) -> None:
    (tmp_path / "work.py").write_text(f"import flowrun\ndef f(item): return item\n{expression}\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, str(tmp_path / "work.py")]
    ended = subprocess.run(command, input="", capture_output=True, text=True, env=environment)
    assert (ended.returncode, ended.stdout) == (1, "") and ended.stderr.endswith(f"TypeError: {words}\n")


def test_an_item_that_is_skipped_is_neither_success_nor_failure() -> None:
    assert flowrun.map_task(functions.skip_odd)([1, 2]) == flowrun.MapTaskResult([None, 2], 1, 0, {}, 2)
    with pytest.warns(flowrun.ThreadsWarning):
        result = flowrun.map_task(lambda item: functions.skip_odd(item))([1, 2])
    assert result == flowrun.MapTaskResult([None, 2], 1, 0, {}, 2)


RETURNS = """
import flowrun
async def later(item): return item
async def stream(item): yield item
def f(item):
    if item == "later": return later(item)
    if item == "stream": return stream(item)
    if item == "skip": return flowrun.Skip("no text")
    if item == "keys": return [{(1, 2): 3}]
    if item == "retry": raise flowrun.Retry
    raise flowrun.Fail
flowrun.serve(f)
"""


def test_what_is_no_result_says_what_to_write(tmp_path: Path) -> None:
    with serve(tmp_path, RETURNS) as program:
        answers = program.ask("later", "stream", "skip", "keys", "retry", "fail")
    awaited = "the function returned a {}, so it must be an `async def` itself that awaits it"
    assert [answer["error"]["message"] for answer in answers] == [
        "TypeError: " + awaited.format("coroutine"),
        "TypeError: " + awaited.format("async_generator"),
        "TypeError: `Skip` is raised, not returned",
        "the result[0] has a key of type tuple, which JSON cannot hold",
        "another attempt was asked for",
        "failed by the function",
    ]
    assert "never awaited" not in program.log
    (tmp_path / "async").mkdir()
    text = "import flowrun\nasync def f(item): return flowrun.Skip('no text')\nflowrun.serve(f)\n"
    with serve(tmp_path / "async", text, parallel=True) as program:
        assert program.ask(1)[0]["error"]["message"] == "TypeError: `Skip` is raised, not returned"


@pytest.mark.parametrize("kind", ["", "async "])
@pytest.mark.parametrize("line", ["hello", '{"id": 1, "text": "a"}', "[1]", '{"item": 1}'])
def test_a_program_that_is_fed_by_hand_says_how_to_try_it(tmp_path: Path, kind: str, line: str) -> None:
    text = f"import flowrun\n{kind}def f(item): return item\nflowrun.serve(f)\n"
    with serve(tmp_path, text, parallel=kind != "") as program:
        assert program.process.stdin is not None
        program.process.stdin.write(f"{line}\n".encode())
        program.process.stdin.flush()
        assert program.process.wait(30) == 1
        program.end()
        assert program.log == (
            "standard input has a line that is no request of flowrun, which starts this program by itself; "
            "try `flowrun program-check -- python3 program.py`\n"
        )
        program.process.returncode = 0
