"""What goes wrong outside of items: flowrun could not run a pipeline, or a step of it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

if TYPE_CHECKING:
    from ._check import Finding
    from ._result import RunResult


class FlowrunError(Exception):
    """flowrun did not run the pipeline: wrong arguments, a missing file, an invalid pipeline file, no binary.

    `exit_code` is that of the binary (2, 65, 70), `findings` are those of an invalid pipeline file.
    """

    def __init__(self, message: str, exit_code: int = 2, findings: "Sequence[Finding]" = ()) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.findings = list(findings)


class RunFailed(Exception):
    """A step failed; raised by `RunResult.check`. `result` has everything that was kept."""

    def __init__(self, message: str, result: "RunResult") -> None:
        super().__init__(message)
        self.result = result
