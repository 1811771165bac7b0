"""`check` looks at a pipeline's text and returns what is wrong with it. It runs nothing."""

from __future__ import annotations

import os
import tempfile
from typing import Any, Dict, List, Optional, Union

from ._binary import call, decoded
from ._errors import FlowrunError
from ._finding import Finding

PathLike = Union[str, "os.PathLike[str]"]


def check(text: str, *, folder: PathLike = ".") -> List[Finding]:
    """All findings of a pipeline's text, in the order of the text; an empty list when there are none.

    Paths in it are looked up in `folder`, where a temporary file stands while it is checked. In findings its name
    is `<text>`. Raises `FlowrunError` when it cannot be checked at all.
    """
    mistake = "`check` takes the text of a pipeline; `check_file` takes a path"
    if not isinstance(text, str):
        raise TypeError(mistake)
    if "\n" not in text and os.path.isfile(text):
        raise ValueError(mistake)
    try:
        descriptor, path = tempfile.mkstemp(prefix=".flowrun-check-", suffix=".yaml", dir=os.fspath(folder))
    except OSError as error:
        why = f"no file can be made in `{os.fspath(folder)}`, where its paths are looked up: {error.strerror}"
        raise FlowrunError(why) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return _findings(path, "<text>")
    finally:
        os.unlink(path)


def check_file(path: PathLike) -> List[Finding]:
    """All findings of a pipeline file and of the files that it includes."""
    return _findings(os.fspath(path), None)


def _findings(path: str, shown: Optional[str]) -> List[Finding]:
    ended = call(["check", "--format", "json", "--", path])
    if ended.returncode not in (0, 65):
        raise FlowrunError(ended.stderr.strip(), ended.returncode)
    return [_finding(one, path, shown) for one in decoded(ended.stdout)["diagnostics"]]


def _finding(told: Dict[str, Any], path: str, shown: Optional[str]) -> Finding:
    file = told["file"]
    if shown is not None and os.path.basename(file) == os.path.basename(path):
        file = shown
    names = ("code", "severity", "message", "line", "column", "end_line", "end_column")
    return Finding(file=file, help=told.get("help"), labels=told.get("labels", []), **{one: told[one] for one in names})
