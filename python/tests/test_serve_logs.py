"""What a program writes beside its answers goes to the log of the item that it is about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest
from coordinator import serve


@pytest.mark.parametrize("kind", ["", "async "])
def test_what_was_printed_before_serve_is_no_answer(tmp_path: Path, kind: str) -> None:
    text = f"print('first')\nimport flowrun, sys\nprint('half', end='')\n{kind}def f(item): return item\nflowrun.serve(f)\n"
    with serve(tmp_path, text, parallel=kind != "") as program:
        assert program.ask(1) == [{"id": 1, "value": 1}]
    assert program.log == "first\nhalf" and program.rest == ""


NOISY = """
import flowrun, os, subprocess, sys
def setup():
    print("printed", flush=True)
    os.write(1, b"raw\\n")
    subprocess.run(["echo", "child"])
    sys.stdout.write("x" * 20_000 + "\\n")
"""


@pytest.mark.parametrize("kind", ["", "async "])
def test_in_setup_everything_is_caught(tmp_path: Path, kind: str) -> None:
    text = f"{NOISY}{kind}def f(item, ctx): return item\nflowrun.serve(f, setup=setup)\n"
    with serve(tmp_path, text, parallel=kind != "") as program:
        assert program.ask(1) == [{"id": 1, "value": 1}]
    assert program.log == f"printed\nraw\nchild\n{'x' * 20_000}\n" and program.rest == ""


HANDLERS = """
import asyncio, flowrun, logging, sys, threading
from concurrent.futures import ThreadPoolExecutor
early = logging.getLogger("early")
early.addHandler(logging.StreamHandler())
early.propagate = False
out = logging.getLogger("out")
out.addHandler(logging.StreamHandler(sys.stdout))
out.propagate = False
def said(item):
    late = logging.getLogger("late")
    if not late.handlers:
        late.addHandler(logging.StreamHandler())
        late.propagate = False
    for name in ("early", "out", "late", "last"):
        logging.getLogger(name).warning("%s %s", name, item)
    print("printed", item)
    return item
def in_thread(item):
    thread = threading.Thread(target=said, args=[item])
    thread.start()
    thread.join()
    return item
def in_pool(item):
    with ThreadPoolExecutor() as pool:
        return list(pool.map(said, [item]))[0]
async def in_loop(item):
    await asyncio.sleep(0)
    return said(item)
async def to_thread(item):
    return await asyncio.to_thread(said, item)
async def in_executor(item):
    return await asyncio.get_running_loop().run_in_executor(None, said, item)
"""

KINDS = {name: name in ("in_loop", "to_thread", "in_executor") for name in ("said", "in_thread", "in_pool", "in_loop", "to_thread", "in_executor")}


@pytest.mark.parametrize("kind", KINDS)
def test_logging_of_one_of_several_items_comes_with_its_answer(tmp_path: Path, kind: str) -> None:
    with serve(tmp_path, f"{HANDLERS}flowrun.serve({kind})\n", parallel=KINDS[kind]) as program:
        answers = program.ask(*"abc")
    assert answers == [
        {"id": at, "value": item, "log": [f"{name} {item}" for name in ("early", "out", "late", "last", "printed")]}
        for at, item in enumerate("abc", 1)
    ]
    assert program.log == ""


@pytest.mark.parametrize("kind", KINDS)
def test_logging_of_a_single_item_is_told_as_it_comes(tmp_path: Path, kind: str) -> None:
    with serve(tmp_path, f"{HANDLERS}flowrun.serve({kind})\n", parallel=KINDS[kind]) as program:
        assert program.ask("a") == [{"id": 1, "value": "a"}]
    assert sorted(program.log.splitlines()) == ["early a", "last a", "late a", "out a", "printed a"]


MEETS = """
import asyncio, flowrun, os, time
def f(item):
    print("begins", item)
    while item == "a" and not os.path.exists("door"): time.sleep(0.001)
    print("ends", item)
async def g(item):
    print("begins", item)
    while item == "a" and not os.path.exists("door"): await asyncio.sleep(0.001)
    print("ends", item)
"""


@pytest.mark.parametrize("kind", ["f", "g"])
def test_an_item_that_another_one_joins_keeps_its_lines(tmp_path: Path, kind: str) -> None:
    text = f"{MEETS}os.chdir({str(tmp_path)!r})\nflowrun.serve({kind})\n"
    with serve(tmp_path, text, parallel=kind == "g") as program:
        program.send("a")
        assert program.process.stderr is not None
        assert program.process.stderr.readline() == b"begins a\n"
        program.send("b")
        first: List[Dict[str, Any]] = program.lines(1) if kind == "g" else []
        (tmp_path / "door").touch()
        answers = sorted(first + program.lines(2 - len(first)), key=lambda answer: int(answer["id"]))
    assert [answer.get("log") for answer in answers] == [["ends a"], ["begins b", "ends b"]]
    assert program.log == "", json.dumps(answers)


def test_a_handler_of_a_file_and_one_that_fails_are_left_alone(tmp_path: Path) -> None:
    text = f"""
import flowrun, logging
logging.basicConfig(filename={str(tmp_path / "file.log")!r}, format="%(message)s")
plain = logging.getLogger("plain")
plain.addHandler(logging.StreamHandler())
plain.propagate = False
def f(item):
    logging.warning("to the file %s", item)
    plain.warning("%d", "no number")
    return item
flowrun.serve(f)
"""
    with serve(tmp_path, text) as program:
        assert program.ask("a", "b") == [{"id": 1, "value": "a"}, {"id": 2, "value": "b"}]
    assert (tmp_path / "file.log").read_text() == "to the file a\nto the file b\n"
    assert program.log.count("--- Logging error ---") == 2


def test_what_a_task_says_after_its_item_is_not_lost(tmp_path: Path) -> None:
    text = """
import asyncio, flowrun
left = []
async def later(item, gate):
    await gate.wait()
    print("later", item)
async def f(item):
    gate = asyncio.Event()
    left.append((asyncio.create_task(later(item, gate)), gate))
    if item == "c":
        for task, gate in left: gate.set()
        await asyncio.gather(*(task for task, _ in left))
    return item
flowrun.serve(f)
"""
    with serve(tmp_path, text, parallel=True) as program:
        first = program.ask("a", "b")
        last = program.ask("c")
    assert [answer.get("log") for answer in first + last] == [None, None, ["later c"]]
    assert program.log == "later a\nlater b\n"
