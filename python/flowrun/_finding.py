"""A finding is an error or a warning that `flowrun check` has about a pipeline's text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional


@dataclass(frozen=True)
class Finding:
    """An error or a warning. Lines and columns count from 1; the end is exclusive."""

    code: str
    severity: str
    message: str
    help: Optional[str]
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    labels: List[Dict[str, Any]]

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: {self.severity}: {self.message} [{self.code}]"
        return f"{text}\n  help: {self.help}" if self.help else text
