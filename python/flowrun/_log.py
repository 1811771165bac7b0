"""What an item function prints and logs is kept for the log of its item where several items are in flight."""

from __future__ import annotations

import contextvars
import os
import sys
from typing import Any, Callable, List, Optional


class Printed(List[str]):
    """Texts that were printed for an item, until it has its answer."""

    is_over = False


_of_task: "contextvars.ContextVar[Optional[Printed]]" = contextvars.ContextVar("flowrun_printed", default=None)
_of_all: Optional[Printed] = None
_is_shared = False


def _never() -> bool:
    return False


_has_more: Callable[[], bool] = _never


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
        printed = kept()
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


def install(has_more: Callable[[], bool]) -> None:
    """From now on `print` is kept where `keep` says so. `has_more`: whether flowrun has sent what was not read yet."""
    global _has_more
    _has_more = has_more
    # A process that the function forks answers nothing, so what it prints has no answer to come with.
    os.register_at_fork(after_in_child=_keep_nothing)
    stream: Any = sys.stdout
    if stream is None:
        # `print` does nothing then.
        return
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")
    sys.stdout = Prints(stream)


def flush() -> None:
    """What was printed leaves this process. The function may have put anything, or nothing, in the place of `sys.stdout`."""
    try:
        sys.stdout.flush()
    except Exception:
        pass


def share() -> None:
    """flowrun has sent several items, so it may do so again at any time: what is written as it comes is no item's own."""
    global _is_shared
    _is_shared = True


def keep(printed: Printed) -> None:
    """What this task and what it starts prints from now on is appended to the list, where items share this process."""
    _of_task.set(printed)


def keep_all(printed: Optional[Printed]) -> None:
    """What anybody prints from now on is, in a program that works on one item at a time, threads of its function too."""
    global _of_all
    _of_all = printed


def _keep_nothing() -> None:
    _of_task.set(None)
    keep_all(None)


def kept() -> Optional[Printed]:
    """The list that a text belongs to that is written now; `None`: it goes to standard error."""
    printed = _of_task.get()
    if printed is None:
        printed = _of_all
    if printed is None or printed.is_over:
        return None
    if not _is_shared and _has_more():
        share()
    return printed if _is_shared else None


def lines(printed: Printed) -> List[str]:
    """The lines that were printed, and an end without a line break."""
    return "".join(printed).splitlines()
