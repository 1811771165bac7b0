"""`run` runs a pipeline file and returns what became of it."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Union

from ._notebook import Table, is_notebook
from ._process import Event, OnEvent, follow, refuse
from ._result import RunResult, StepResult
from ._values import simplify

PathLike = Union[str, "os.PathLike[str]"]

_COUNTERS = ("total", "successes", "failures", "skipped", "cancelled", "retried", "success_ratio", "duration")


def run(
    pipeline: PathLike,
    *,
    params: Optional[Mapping[str, Any]] = None,
    limit: Optional[int] = None,
    only: Union[str, Sequence[str], None] = None,
    until: Union[str, Sequence[str], None] = None,
    overrides: Optional[Mapping[str, Any]] = None,
    seed: Optional[int] = None,
    strict: bool = False,
    state_dir: Optional[PathLike] = None,
    progress: Optional[bool] = None,
    on_event: Optional[OnEvent] = None,
    arguments: Iterable[str] = (),
) -> RunResult:
    """Runs a pipeline file to its end and returns the kept run, also when a step failed: ask `ok`, or call `check()`.

    `params` are the pipeline's parameters, with their types. `limit` takes the first items of every source, `only` and
    `until` choose steps, one or several, `overrides` are those of `--set` (`{"clean.concurrency": 2}`), `arguments` any other options.
    Progress is a table in a notebook, flowrun's own bars on a terminal, and nothing elsewhere; `progress=False` turns
    it off. `on_event` gets every event of `--events` as a map, in order, in this thread.

    Raises `FlowrunError` when nothing has run (with the findings of an invalid file), `KeyboardInterrupt` after
    Ctrl-C, once the run has ended in order. Standard output is needed for the events: a step that writes to `-` is
    refused.
    """
    path = _path(pipeline)
    words = ["run", path, *_options(limit=limit, only=only, until=until, seed=seed, state_dir=state_dir)]
    words += [f"--set={name}={_text(value)}" for name, value in (overrides or {}).items()]
    if strict:
        words.append("--strict")
    if isinstance(arguments, str):
        raise TypeError(f"`arguments` is a list of options, as in [{arguments!r}], not one text")
    with tempfile.TemporaryDirectory(prefix="flowrun-") as folder:
        if params:
            file = os.path.join(folder, "params.json")
            with open(file, "w", encoding="utf-8") as out:
                json.dump(dict(params), out, allow_nan=False, default=simplify)
            words += ["--params-file", file]
        gathered = _gather([*words, *arguments], path, progress, on_event)
    return gathered.result(path, state_dir)


def _path(pipeline: Any) -> str:
    is_path = isinstance(pipeline, (str, os.PathLike))
    path = os.fspath(pipeline) if is_path else pipeline
    if not isinstance(path, str) or "\n" in path:
        what = "its text" if isinstance(path, str) else type(path).__name__
        raise TypeError(f"`run` takes the path of a pipeline file, not {what}")
    # Else it would be an option.
    return os.path.join(".", path) if path.startswith("-") and path != "-" else path


def _options(**values: Any) -> Iterator[str]:
    """Options with their values, each as one word, so that a value may begin with a dash."""
    for name, value in values.items():
        several = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
        for one in several:
            yield f"--{name.replace('_', '-')}={os.fspath(one) if isinstance(one, os.PathLike) else one}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class _Gathered:
    """What the events of a run tell that its result needs."""

    def __init__(self) -> None:
        self.exit_code = 0
        self._started: Event = {}
        self._finished: Event = {}
        self._steps: Dict[str, Event] = {}

    def take(self, event: Event) -> None:
        kind = event["event"]
        if kind == "run_started":
            self._started = event
        elif kind == "step_finished":
            self._steps[event["step"]] = event
        elif kind == "run_finished":
            self._finished = event

    def result(self, path: str, state_dir: Optional[PathLike]) -> RunResult:
        folder = os.fspath(state_dir) if state_dir else os.path.join(os.path.dirname(os.path.abspath(path)), ".flowrun")
        run_id = self._started.get("run", "")
        steps = {}
        for told in self._started.get("steps", []):
            event = self._steps.get(told["id"])
            if event is not None:
                show = ["show", run_id, told["id"], "--format", "jsonl", "--state-dir", os.path.abspath(folder)]
                steps[told["id"]] = _step(told, event, show)
        return RunResult(
            run=run_id,
            pipeline=self._started.get("pipeline", ""),
            status=self._finished.get("status", "interrupted"),
            duration=self._finished.get("duration", 0.0),
            exit_code=self.exit_code,
            steps=steps,
        )


def _step(told: Event, event: Event, show: List[str]) -> StepResult:
    return StepResult(
        id=told["id"],
        verb=told["verb"],
        status=event["status"],
        reason=event["reason"],
        outputs=event.get("outputs", []),
        _show=show,
        **{name: event[name] for name in _COUNTERS},
    )


def _gather(words: List[str], path: str, progress: Optional[bool], on_event: Optional[OnEvent]) -> _Gathered:
    """Runs it, with whatever shows its progress here."""
    table = Table() if progress is not False and is_notebook() else None
    is_shown = progress is not False and table is None and sys.stderr is not None and sys.stderr.isatty()
    gathered = _Gathered()

    def take(event: Event) -> None:
        gathered.take(event)
        if table:
            table.take(event)
        if on_event:
            on_event(event)

    ended = follow(words, take, is_shown=is_shown)
    refuse(ended, path)
    gathered.exit_code = ended.exit_code
    return gathered
