"""What a run left behind: its steps by name, with counters, and with results and failures that are read when asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ._rows import Rows


@dataclass(frozen=True)
class StepResult:
    """A step's counters and verdict, under the same names as in reports.

    `successes + failures + skipped + cancelled == total`. `retried` counts items that needed more than one attempt.
    `duration` is in seconds. `reason` says why the step did not succeed. `outputs` lists what a `write` step wrote,
    each with `path`, `rows`, `bytes`, `partial`.
    """

    id: str
    verb: str
    status: str
    reason: Optional[str]
    total: int
    successes: int
    failures: int
    skipped: int
    cancelled: int
    retried: int
    success_ratio: float
    duration: float
    outputs: List[Dict[str, Any]]
    _show: List[str] = field(repr=False)

    @property
    def results(self) -> Rows[Any]:
        """The results of a `map`, `flat_map` or `filter`, in the order of its items; those that failed are absent.

        A step that was skipped has none.
        """
        if self.status == "skipped":
            return Rows(None, _itself)
        return Rows([*self._show, "--results"], _several if self.verb == "flat_map" else _one)

    @property
    def failed(self) -> Rows[Dict[str, Any]]:
        """The items that failed: `{index, key, item, error: {kind, message, traceback}, attempts, history, log, …}`.

        `index` counts from 1, as everywhere in flowrun.
        """
        return Rows([*self._show, "--failed"], _itself)

    @property
    def errors(self) -> Rows[Tuple[int, str]]:
        """Index and message of each failed item, in order."""
        return Rows([*self._show, "--failed"], _message)


@dataclass(frozen=True)
class RunResult:
    """A run that has ended. `status` is `succeeded`, `failed` or `interrupted`, `duration` is in seconds.

    `run` is the id that `flowrun show` takes; `exit_code` is the binary's.
    """

    run: str
    pipeline: str
    status: str
    duration: float
    exit_code: int
    steps: Dict[str, StepResult]

    @property
    def ok(self) -> bool:
        """Whether the run succeeded, tolerated failures included."""
        return self.status == "succeeded"

    def check(self) -> "RunResult":
        """This result; raises `RunFailed` where a step failed or the run was interrupted."""
        if self.ok:
            return self
        failed = [f"`{step.id}`: {step.reason}" for step in self.steps.values() if step.status == "failed"]
        raise RunFailed(f"run {self.run} {self.status}; " + "; ".join(failed or ["no step failed"]), self)


class RunFailed(Exception):
    """A step failed; raised by `RunResult.check`. `result` has everything that was kept."""

    def __init__(self, message: str, result: RunResult) -> None:
        super().__init__(message)
        self.result = result


def _one(row: Any) -> Iterator[Any]:
    yield row["value"]


def _several(row: Any) -> Iterator[Any]:
    yield from row["value"]


def _message(row: Any) -> Iterator[Tuple[int, str]]:
    yield row["index"], row["error"]["message"]


def _itself(row: Any) -> Iterator[Any]:
    yield row
