"""The end of a process without tidying up: of one that an item function has forked, and that came back from it."""

from __future__ import annotations

import os
import sys
import traceback
from typing import NoReturn, Optional

from . import _log


def end(error: Optional[BaseException]) -> NoReturn:
    """Ends this process as an ordinary one would end, but for what its parent has registered for the end.

    A forked process shares pipes and event loops with its parent, so it must neither answer nor tidy up.
    """
    code = 0
    try:
        if isinstance(error, SystemExit):
            code = _code(error.code)
        elif error is not None:
            code = 1
            traceback.print_exception(type(error), error, error.__traceback__)
        _log.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _code(given: object) -> int:
    if given is None:
        return 0
    if isinstance(given, int):
        return given & 0xFF
    print(given, file=sys.stderr)
    return 1
