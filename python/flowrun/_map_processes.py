"""Map tasks whose function a module and a name find: it runs in processes of its own, and values travel pickled."""

from __future__ import annotations

import json
import os
import pickle
import sys
import tempfile
from dataclasses import dataclass
from typing import Any, Callable, List

from . import _map_caller, _map_pipeline
from ._answers import words
from ._map_call import MapCall
from ._map_config import MapTaskConfig
from ._map_function import StaysHere, place
from ._map_pipeline import Note, Told
from ._pickled import decode, encode
from ._process import Event

LANES_MAX = 64
"""Items that wait in a process for their turn, so that it does not wait for the next one."""

SHARES = 64
"""At least so many turns for each process, so that none is left with much work at the end while others are idle."""


ENDING = "ending.pickle"
"""A file in the folder of a call: whether an item has raised `SystemExit` or else `KeyboardInterrupt`, and the code."""


@dataclass
class PickledCall:
    """A call that can go to other processes: the lines of its items, and what a process must know beforehand."""

    lines: List[bytes]
    task: bytes

    def run(self, config: MapTaskConfig, results: List[Any], note: Note) -> Told:
        """Runs it and fills in `results`, by index."""
        with tempfile.TemporaryDirectory(prefix="flowrun-map-") as folder, _map_caller.hold(folder):
            task = os.path.join(folder, "task.pickle")
            with open(task, "wb") as file:
                file.write(self.task)
            path = _map_pipeline.write(
                folder,
                self.lines,
                [*_map_pipeline.python(), os.path.join(os.path.dirname(__file__), "_map_worker.py"), task],
                config,
                lanes=_lanes(len(self.lines), config.concurrency),
                processes=config.concurrency,
                fail_fast=config.fail_fast,
                timeout=config.timeout_per_item,
                is_saved=True,
            )

            def note_and_end(event: Event) -> None:
                note(event)
                if event["event"] == "item_failed":
                    _end(folder)

            told = _map_pipeline.run(path, note_and_end)
            _end(folder)
            if told.reason is None:
                with open(os.path.join(folder, "results.jsonl"), "rb") as lines:
                    for line in lines:
                        index, result = json.loads(line)
                        results[index] = decode(result)
            return told


def _end(folder: str) -> None:
    """Raises what an item has raised that ends the whole call."""
    try:
        with open(os.path.join(folder, ENDING), "rb") as file:
            is_exit, code = pickle.load(file)
    except FileNotFoundError:
        return
    raise SystemExit(code) if is_exit else KeyboardInterrupt


def prepare(call: MapCall) -> PickledCall:
    """The call for other processes. Raises `StaysHere` where the function or the items cannot get there."""
    module, name = place(call.function)
    arguments = _pickled("an argument of the call", _dump, (call.args, call.kwargs))
    about = {"module": module, "file": getattr(sys.modules[module], "__file__", None), "name": name, "call": arguments}
    try:
        about.update(path=sys.path, folder=os.getcwd(), environment=dict(os.environ))
    except OSError as error:
        raise StaysHere(f"the current folder is not there ({error})", "Call it from a folder that is there") from None
    lines = []
    for index, item in enumerate(call.items):
        lines.append(f"[{index},{json.dumps(_pickled(f'item {index}', encode, item))}]\n".encode())
    return PickledCall(lines, _pickled("`sys.path`", _dump, about))


def _dump(value: Any) -> bytes:
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def _pickled(what: str, make: Callable[[Any], Any], value: Any) -> Any:
    try:
        return make(value)
    except _REFUSED as error:
        why = f"{what} cannot be pickled ({words(error) or type(error).__name__})"
        raise StaysHere(why, "Give it values that can be pickled") from None


# What pickling raises is not bounded by its documentation.
_REFUSED = (pickle.PicklingError, TypeError, AttributeError, ValueError, RecursionError, OSError, LookupError)


def _lanes(total: int, processes: int) -> int:
    return max(1, min(LANES_MAX, total // (processes * SHARES)))
