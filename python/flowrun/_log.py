"""What an item function prints, kept for the log of its item where several items are in flight."""

from __future__ import annotations

import contextvars
import os
import sys
from typing import Any, List, Optional

Printed = List[str]

_current: "contextvars.ContextVar[Optional[Printed]]" = contextvars.ContextVar("flowrun_printed", default=None)


class Prints:
    """Stands in the place of `sys.stdout`: texts go to the item at hand, and without one to standard error.

    Standard error is read as it comes, so that it tells of an item that hangs or kills its process; but flowrun cannot
    know which of several items a line is from. What is kept here comes with the item's answer.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes to the item's log."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        printed = _current.get()
        if printed is None:
            self._stream.write(text)
        else:
            printed.append(text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Writes each of them."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def install() -> None:
    """From now on `print` is kept where `keep` says so."""
    stream: Any = sys.stdout
    if stream is None:
        # `print` does nothing then.
        return
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    sys.stdout = Prints(stream)
    # A process that the function forks answers nothing, so what it prints has no answer to come with.
    os.register_at_fork(after_in_child=lambda: keep(None))


def flush() -> None:
    """What was printed leaves this process. The function may have put anything, or nothing, in the place of `sys.stdout`."""
    try:
        sys.stdout.flush()
    except Exception:
        pass


def keep(printed: Optional[Printed]) -> None:
    """What this thread or task prints from now on is appended to the list; to standard error if there is none."""
    _current.set(printed)


def lines(printed: Printed) -> List[str]:
    """The lines that were printed, and an end without a line break."""
    return "".join(printed).splitlines()
