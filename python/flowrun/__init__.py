"""flowrun for Python: item functions, and runs and checks of pipelines.

`serve` makes a program of a function that a step's `program:` names. `run` runs a pipeline file and returns the kept
run. `check` returns the findings of a pipeline's text.
"""

from __future__ import annotations

from ._binary import find_binary
from ._check import Finding, check, check_file
from ._context import Context
from ._endings import Fail, Retry, Skip
from ._errors import FlowrunError, RunFailed
from ._result import RunResult, StepResult
from ._rows import Rows
from ._run import run
from ._serve import serve

__all__ = [
    "Context",
    "Fail",
    "Finding",
    "FlowrunError",
    "Retry",
    "Rows",
    "RunFailed",
    "RunResult",
    "Skip",
    "StepResult",
    "check",
    "check_file",
    "find_binary",
    "run",
    "serve",
]
