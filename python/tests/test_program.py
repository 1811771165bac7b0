"""`serve` under flowrun itself: what becomes of items, processes and logs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest

import flowrun


def run(folder: Path, text: str, items: List[Any], *, verb: str = "map", **policy: Any) -> flowrun.StepResult:
    """The step of a pipeline whose item function is this Python text."""
    (folder / "work.py").write_text(text)
    package = str(Path(flowrun.__file__).resolve().parent.parent)
    program = {"run": [sys.executable, "work.py"], "env": {"PYTHONPATH": package}}
    steps: Dict[str, Any] = {
        "items": {"items": items},
        "work": {"from": "items", verb: {"program": program, "min_success_ratio": 0, **policy}},
        "save": {"from": "work", "write": "out.jsonl"},
    }
    path = folder / "pipeline.yaml"
    path.write_text(json.dumps({"version": 1, "steps": steps}))
    return flowrun.run(path).steps["work"]


ENDINGS = """
import flowrun
def function(item):
    if item == "skip": raise flowrun.Skip("no text")
    if item == "fail": raise flowrun.Fail("broken", {"at": 3})
    if item == "error": raise ValueError("missing ID")
    return item
flowrun.serve(function)
"""


@pytest.mark.parametrize("lanes", [1, 8])
def test_items_end_as_the_function_says(tmp_path: Path, lanes: int) -> None:
    items = ["a", "skip", "fail", "error", {"b": [1.5, None, "ü"]}]
    step = run(tmp_path, ENDINGS, items, lanes=lanes, concurrency=lanes, retries={"max": 1, "delay": "1ms"})
    assert (step.successes, step.skipped, step.failures, step.retried) == (2, 1, 2, 1)
    assert list(step.results) == [items[0], items[-1]]
    fail, error = step.failed
    assert (fail["error"]["message"], fail["error"]["fields"], fail["attempts"]) == ("broken", {"at": 3}, 1)
    assert (error["error"]["message"], error["attempts"]) == ("ValueError: missing ID", 2)
    assert 'work.py", line 6, in function' in error["error"]["traceback"]


def test_results_of_a_generator_follow_each_other(tmp_path: Path) -> None:
    text = "import flowrun\ndef f(item):\n    for n in range(item): yield [item, n]\nflowrun.serve(f)\n"
    step = run(tmp_path, text, [2, 0, 1], verb="flat_map", lanes=4, concurrency=4)
    assert list(step.results) == [[2, 0], [2, 1], [1, 0]]


def test_a_filter_keeps_what_the_function_says(tmp_path: Path) -> None:
    run(tmp_path, "import flowrun\nflowrun.serve(lambda item: item > 1)\n", [1, 2, 3], verb="filter")
    assert (tmp_path / "out.jsonl").read_text() == "2\n3\n"


@pytest.mark.parametrize("kind", ["", "async "])
def test_a_loop_without_end_is_stopped_and_no_other_item_is_hurt(tmp_path: Path, kind: str) -> None:
    text = f"import flowrun\n{kind}def f(item):\n    while item == 3: pass\n    return item\nflowrun.serve(f)\n"
    step = run(tmp_path, text, list(range(8)), lanes=8, concurrency=8, timeout="500ms")
    if kind:
        # In an event loop that stands still, all that were begun have passed their time.
        assert step.failures >= 1 and 3 not in list(step.results)
        return
    assert list(step.results) == [0, 1, 2, 4, 5, 6, 7]
    (failed,) = step.failed
    assert (failed["item"], failed["error"]["kind"], failed["attempts"]) == (3, "timeout", 1)


def test_a_finished_item_is_not_blamed_for_the_one_behind_it(tmp_path: Path) -> None:
    # The first one's answer must go out while the second one hangs.
    text = "import flowrun\ndef f(item):\n    while item == 1: pass\n    return item\nflowrun.serve(f)\n"
    step = run(tmp_path, text, [0, 1], lanes=2, concurrency=2, timeout="500ms")
    assert list(step.results) == [0] and list(step.errors)[0][0] == 2


def test_a_process_that_dies_is_found_out(tmp_path: Path) -> None:
    text = "import flowrun, os\ndef f(item):\n    if item == 2: os._exit(7)\n    return item\nflowrun.serve(f)\n"
    step = run(tmp_path, text, list(range(6)), lanes=6, concurrency=6)
    assert list(step.results) == [0, 1, 3, 4, 5]
    (failed,) = step.failed
    assert (failed["item"], failed["error"]["kind"]) == (2, "program") and "7" in failed["error"]["message"]


@pytest.mark.parametrize("kind", ["", "async "])
def test_an_interrupt_by_the_function_ends_its_process_and_fails_its_item_alone(tmp_path: Path, kind: str) -> None:
    text = f"import flowrun\n{kind}def f(item):\n    if item == 2: raise KeyboardInterrupt\n    return item\nflowrun.serve(f)\n"
    step = run(tmp_path, text, list(range(6)), lanes=6, concurrency=6)
    assert list(step.results) == [0, 1, 3, 4, 5]
    (failed,) = step.failed
    assert (failed["item"], failed["error"]["kind"]) == (2, "program") and "KeyboardInterrupt" in json.dumps(failed)


def test_a_setup_that_fails_fails_the_step_with_what_it_said(tmp_path: Path) -> None:
    text = "import flowrun\ndef load():\n    raise OSError('no model')\nflowrun.serve(print, setup=load)\n"
    step = run(tmp_path, text, list(range(8)))
    assert step.status == "failed" and "no model" in json.dumps([step.reason, *step.failed])


@pytest.mark.parametrize("kind", ["", "async "])
@pytest.mark.parametrize("lanes", [1, 6])
def test_prints_and_logging_are_in_the_log_of_their_item(tmp_path: Path, kind: str, lanes: int) -> None:
    text = f"""
import flowrun, logging, sys
logging.basicConfig(format="%(message)s", level=logging.INFO)
print("loads")
{kind}def f(item):
    print("looks at", item)
    logging.info("logs %s", item)
    raise ValueError
flowrun.serve(f)
"""
    step = run(tmp_path, text, list("abcdef"), lanes=lanes, concurrency=6)
    logs = [[line["message"] for line in failed["log"] if line["message"] != "loads"] for failed in step.failed]
    assert logs == [[f"looks at {letter}", f"logs {letter}"] for letter in "abcdef"]


def test_async_items_wait_side_by_side_in_one_process(tmp_path: Path) -> None:
    text = """
import asyncio, flowrun, os
waiting = []
async def f(item):
    waiting.append(item)
    while len(waiting) < 20: await asyncio.sleep(0.001)
    return os.getpid()
flowrun.serve(f)
"""
    step = run(tmp_path, text, list(range(20)), lanes=20, concurrency=20, timeout="20s")
    assert step.successes == 20 and len(set(step.results)) == 1


def test_retry_after_is_waited_for(tmp_path: Path) -> None:
    text = """
import flowrun, time
begun = {}
def f(item):
    if item not in begun:
        begun[item] = time.monotonic()
        raise flowrun.Retry("busy", after=0.3)
    return time.monotonic() - begun[item]
flowrun.serve(f)
"""
    (waited,) = run(tmp_path, text, [1], retries={"max": 1, "delay": "1ms"}).results
    assert waited >= 0.3
