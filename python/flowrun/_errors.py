"""What goes wrong outside of items, before anything has run."""

from __future__ import annotations

from typing import Sequence

from ._finding import Finding


class FlowrunError(Exception):
    """flowrun did not run the pipeline: wrong arguments, a missing file, an invalid pipeline file, no binary.

    `exit_code` is that of the binary (2, 65, 70), `findings` are those of an invalid pipeline file.
    """

    def __init__(self, message: str, exit_code: int = 2, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.findings = list(findings)
