"""A map task whose caller is killed leaves no process, and none of its folders."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, List

import pytest

HERE = str(Path(__file__).resolve().parent)

CALLER = """
import functions, sys
from flowrun import map_task
function = functions.begin_and_wait
if sys.argv[1] == "threads":
    function = lambda path: functions.begin_and_wait(path)
map_task(concurrency=2)(function)([sys.argv[2], sys.argv[2]] * 50)
"""


def running(word: str) -> List[str]:
    """The command lines with this word."""
    listed = subprocess.run(["ps", "-A", "-ww", "-o", "pid=,stat=,args="], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if word in line and " Z" not in line]


@pytest.mark.parametrize("place", ["processes", "threads"])
def test_nothing_is_left_of_a_call_whose_process_is_killed(tmp_path: Path, place: str) -> None:
    folder, begun = tmp_path / "tmp", tmp_path / "begun"
    folder.mkdir()
    paths = os.pathsep.join([HERE, *(path for path in sys.path if path)])
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": paths}
    caller = subprocess.Popen([sys.executable, "-c", CALLER, place, str(begun)], env=environment)
    wait_until(begun.exists)
    assert running(f"{folder}/flowrun-map-")
    caller.kill()
    caller.wait()
    wait_until(lambda: not running(f"{folder}/flowrun-map-"))
    assert [name for name in os.listdir(folder) if name.startswith("flowrun-map-")] == []


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)
