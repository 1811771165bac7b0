"""A map task that runs on threads of its caller says so once, why, and what to do."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any, Callable, List

import functions
import pytest

import flowrun
from flowrun import map_task


def said(call: Callable[[], Any]) -> List[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert all(issubclass(one.category, flowrun.ThreadsWarning) and one.filename == __file__ for one in caught)
    return [str(one.message) for one in caught]


class Doubler:
    def __call__(self, item: int) -> int:
        return item * 2

    def twice(self, item: int) -> int:
        return item * 2


def nested(item: int) -> int:
    return item * 2


def hidden() -> Callable[[int], int]:
    def nested(item: int) -> int:
        return item * 2

    return nested


shadowed = nested


def nested(item: int) -> int:  # type: ignore[no-redef]  # noqa: F811
    return 0


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (lambda item: item * 2, "the function is a lambda"),
        (hidden(), "the function is defined within another one"),
        (Doubler(), "the function has no name in a module"),
        (functools.partial(functions.shift), "the function has no name in a module"),
        (Doubler().twice, "the function is a method of an object"),
        (shadowed, "the name `test_map_places.nested` stands for something else"),
    ],
)
def test_a_function_that_no_other_process_finds_is_told_once_with_the_reason(function: Any, why: str) -> None:
    task = map_task(name="t", min_success_ratio=0)(function)
    assert said(lambda: (task([1, 2]), task([3]))) == [
        f"Map task 't' runs on threads of this process, because {why}: Python code then shares one core, and a timeout stops "
        "nothing. Put the function at the top of a module and import it from there, and it runs in processes"
    ]


def test_items_and_arguments_that_cannot_be_pickled_are_told() -> None:
    lock = threading.Lock()
    (items,) = said(lambda: map_task(functions.echo)([1, lock]))
    assert "because item 1 cannot be pickled (cannot pickle '_thread.lock' object): " in items
    assert items.endswith(". Give it values that can be pickled, and it runs in processes")
    (arguments,) = said(lambda: map_task(min_success_ratio=0)(functions.shift)([functions.Point(1)], lock))
    assert "because an argument of the call cannot be pickled (" in arguments


def test_a_folder_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    (told,) = said(lambda: map_task(functions.double)([1]))
    assert "because the current folder is not there (" in told


def test_a_function_of_a_module_and_an_empty_list_are_told_nothing() -> None:
    assert said(lambda: (map_task(functions.double)([1]), map_task(lambda item: item)([]))) == []
    assert said(lambda: map_task(functions.Point.origin)([1])) == []


SCRIPT = """
from flowrun import map_task
@map_task
def double(item):
    return item * 2
for _ in range(2):
    print(double([1]).results)
"""


def test_a_script_is_told_so_at_the_line_of_the_call(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    paths = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, "script.py"]
    environment = {**os.environ, "PYTHONPATH": paths}
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout == "[2]\n[2]\n"
    assert ended.stderr.count("ThreadsWarning") == 1 and "script.py:7: ThreadsWarning: Map task 'double'" in ended.stderr
    assert "because the function is defined in the script that was started: " in ended.stderr
