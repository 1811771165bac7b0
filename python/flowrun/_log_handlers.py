"""What the handlers of `logging` write to standard error or output is kept for the log of its item as prints are."""

from __future__ import annotations

import logging
import sys
from typing import Any

from . import _log


def install() -> None:
    """All handlers that write there, whenever and by whomever they were or will be made."""
    # Before `_log` has put something in the place of one of them.
    streams = [stream for stream in (sys.stdout, sys.__stdout__, sys.stderr, sys.__stderr__) if stream is not None]
    emit = logging.StreamHandler.emit

    def emit_for_item(handler: Any, record: logging.LogRecord) -> None:
        stream = handler.stream
        printed = _log.kept() if any(stream is one for one in streams) else None
        if printed is None:
            return emit(handler, record)
        try:
            printed.append(handler.format(record) + handler.terminator)
        except RecursionError:
            # As the handler itself does.
            raise
        except Exception:
            handler.handleError(record)

    setattr(logging.StreamHandler, "emit", emit_for_item)
