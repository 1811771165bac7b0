"""The pipeline that a map task runs, in a folder of its own that lasts as long as the call."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional

from ._binary import find_binary
from ._errors import FlowrunError
from ._map_config import MapTaskConfig
from ._process import Event, follow, refuse

Note = Callable[[Event], None]

LONGEST_WAIT = 365 * 24 * 3600
"""Seconds between two attempts, and of one attempt, at most. The delay doubles each time, and durations have an end."""


RETRIES_MAX = 2**32 - 1
"""As many as flowrun takes."""


@dataclass
class Told:
    """How the step ended: how many items succeeded, messages by index from 0, and why it failed, if it did."""

    successes: int = 0
    errors: Dict[int, str] = field(default_factory=dict)
    reason: Optional[str] = None


def write(
    folder: str,
    items: List[bytes],
    command: List[str],
    config: MapTaskConfig,
    *,
    lanes: int,
    processes: int,
    fail_fast: Any,
    timeout: Optional[float],
    is_saved: bool,
) -> str:
    """Writes the items and the pipeline file, and returns its path. Results go to `results.jsonl` if they are saved."""
    with open(os.path.join(folder, "items.jsonl"), "wb") as file:
        file.writelines(items)
    policy: Dict[str, Any] = {
        "program": {"run": command},
        "lanes": lanes,
        "concurrency": lanes * processes,
        "retries": {
            "max": min(config.retries, RETRIES_MAX),
            "delay": _duration(config.retry_delay),
            "factor": 2,
            "max_delay": _duration(config.retry_delay * 2.0 ** min(config.retries, 60)),
        },
        "min_success_ratio": config.min_success_ratio,
        "fail_fast": fail_fast,
    }
    if timeout is not None:
        policy["timeout"] = _duration(timeout, 0.001)
    steps: Dict[str, Any] = {"items": {"read": "items.jsonl"}, "task": {"from": "items", "map": policy}}
    if is_saved:
        steps["save"] = {"from": "task", "write": "results.jsonl"}
    path = os.path.join(folder, "pipeline.yaml")
    with open(path, "w", encoding="utf-8") as out:
        # JSON is YAML.
        json.dump({"version": 1, "name": "map_task", "x-allow": ["flowrun::unused_step"], "steps": steps}, out)
    return path


def run(path: str, note: Note) -> Told:
    """Runs the pipeline, and tells what its events told."""
    told = Told()

    def take(event: Event) -> None:
        for text in ("message", "reason"):
            if event.get(text):
                event[text] = _in_words_of_here(event[text])
        if event["event"] == "item_failed":
            told.errors[event["index"] - 1] = event["message"]
        elif event["event"] == "step_finished" and event["status"] != "succeeded" and told.reason is None:
            told.reason = f"step `{event['step']}` {event['status']}: {event['reason']}"
        if event["event"] == "step_finished" and event["step"] == "task":
            told.successes = event["successes"]
        note(event)

    words = ["run", path, "--no-state", "--progress", "none", "--grace", "0s"]
    # The current folder may be gone.
    ended = follow(words, take, folder=os.path.dirname(path))
    if ended.exit_code == 65:
        raise FlowrunError(f"`{find_binary()}` is of another version than this package: {ended.said}", 65)
    refuse(ended, path)
    if ended.exit_code != 0 and told.reason is None:
        told.reason = ended.said
    return told


def _in_words_of_here(said: str) -> str:
    """What flowrun says, without the program of this package, and without what is true of programs in pipeline files alone."""
    said = re.sub(r"`[^`]*_map_(?:worker|bridge)\.py[^`]*`", "its process", said)
    return said.partition("; of variables it gets ")[0] if said.startswith("its process ") else said


def python() -> List[str]:
    """This interpreter, with the options that it was started with."""
    return [sys.executable, *_interpreter_options()]


def _interpreter_options() -> List[str]:
    import subprocess

    # What `multiprocessing` gives to its processes as well.
    return list(getattr(subprocess, "_args_from_interpreter_flags")())


def _duration(seconds: float, least: float = 0.0) -> str:
    # In seconds: a number of milliseconds may have nine digits, which are twelve days.
    return f"{min(LONGEST_WAIT, max(least, seconds)):.3f}s"
