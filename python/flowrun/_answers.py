"""Makes answer lines: one JSON object for an item, from what its function returned or raised."""

from __future__ import annotations

import traceback
from typing import Any, Callable, Dict

from ._endings import Fail, Retry, Skip
from ._json import NotJson, dumps
from ._log import Printed, lines

MessageOf = Callable[[BaseException], str]
"""The message of an answer for an exception."""

READY = b'{"ready":true}\n'
"""The first line of a program that takes one item after the other."""

READY_FOR_ALL = b'{"ready":true,"parallel":true}\n'
"""That of one that works on all its items at once: the time of each runs from when it is sent."""

TRACEBACK_MAX = 64 * 1024
"""Characters of a traceback that are sent: its end, where the cause stands."""


def value(id_: int, result: Any) -> bytes:
    """The answer with one result."""
    return b'{"id":%d,"value":%b}\n' % (id_, dumps(result))


def values(id_: int, results: Any) -> bytes:
    """The answer of a `flat_map`, whose results follow each other in this order."""
    return b'{"id":%d,"values":[%b]}\n' % (id_, b",".join([dumps(result) for result in results]))


def with_log(answer: bytes, printed: Printed) -> bytes:
    """The answer with lines for the item's log."""
    return b'%b,"log":%b}\n' % (answer[:-2], dumps([_valid(line) for line in lines(printed)]))


def describe(error: BaseException) -> str:
    """`ValueError: missing ID`, as Python ends a traceback; the message alone for what flowrun's own classes carry."""
    message = str(error)
    if isinstance(error, (Fail, Retry, NotJson)):
        return message
    name = type(error).__qualname__
    return f"{name}: {message}" if message else name


def failure(id_: int, error: BaseException, message_of: MessageOf = describe) -> bytes:
    """The answer for what the function raised. `Skip` leaves the item out, everything else fails it."""
    if isinstance(error, Skip):
        return b'{"id":%d,"skip":%b}\n' % (id_, dumps(_valid(error.reason)))
    body: Dict[str, Any] = {"message": _valid(message_of(error))}
    if not isinstance(error, NotJson):
        body["traceback"] = _valid(_traceback(error))
    if isinstance(error, Fail):
        body["retryable"] = False
    if isinstance(error, Retry) and error.after is not None:
        body["after"] = error.after
    if isinstance(error, (Fail, Retry)) and error.fields:
        body["fields"] = error.fields
    try:
        text = dumps(body)
    except ValueError as refused:
        # The message is worth more than fields that cannot be written.
        del body["fields"]
        body["message"] += f" (its fields are left out: {refused})"
        text = dumps(body)
    return b'{"id":%d,"error":%b}\n' % (id_, text)


def _traceback(error: BaseException) -> str:
    """What Python would print, without the frames of this package that called the function."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__package__") == __package__:
        frames = frames.tb_next
    lines = traceback.format_exception(type(error), error, frames)
    return "".join(lines)[-TRACEBACK_MAX:]


def _valid(text: str) -> str:
    """The text with what UTF-8 cannot hold replaced."""
    return text.encode("utf-8", "replace").decode()
