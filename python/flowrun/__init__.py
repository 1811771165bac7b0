"""flowrun for Python: item functions, runs and checks of pipelines, and FlowyML's `map_task`.

`serve` makes a program of a function that a step's `program:` names. `run` runs a pipeline file and returns the kept
run. `check` returns the findings of a pipeline's text. `map_task` maps a function over a list under a policy.
"""

from __future__ import annotations

from ._binary import find_binary
from ._check import check, check_file
from ._context import Context
from ._endings import Fail, Retry, Skip
from ._errors import FlowrunError
from ._finding import Finding
from ._map_config import MapTaskConfig
from ._map_task import MapTask, MapTaskResult, ThreadsWarning, map_task
from ._result import RunFailed, RunResult, StepResult
from ._rows import Rows
from ._run import run
from ._serve import serve

__all__ = [
    "Context",
    "Fail",
    "Finding",
    "FlowrunError",
    "MapTask",
    "MapTaskConfig",
    "MapTaskResult",
    "Retry",
    "Rows",
    "RunFailed",
    "RunResult",
    "Skip",
    "StepResult",
    "ThreadsWarning",
    "check",
    "check_file",
    "find_binary",
    "map_task",
    "run",
    "serve",
]
