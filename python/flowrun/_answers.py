"""Makes answer lines: one JSON object for an item, from what its function returned or raised."""

from __future__ import annotations

import traceback
from typing import Any, Callable, Dict

from ._endings import Fail, Retry, Skip, fields_of, seconds_of
from ._json import NotJson, dumps
from ._log import Printed, lines

LINE_MAX = 64 * 1024 * 1024
"""Bytes of an answer, as flowrun takes it."""

LOG_MAX = 1024 * 1024
"""Bytes of an answer that are kept free for what the function has printed and for what stands around."""

MessageOf = Callable[[BaseException], str]
"""The message of an answer for an exception."""

READY = b'{"ready":true}\n'
"""The first line of a program that takes one item after the other."""

READY_FOR_ALL = b'{"ready":true,"parallel":true}\n'
"""That of one that works on all its items at once: the time of each runs from when it is sent."""

MESSAGE_MAX = 64 * 1024
"""Characters of a message that are sent: its beginning."""

TRACEBACK_MAX = 64 * 1024
"""Characters of a traceback that are sent: its end, where the cause stands."""


def value(id_: int, result: Any) -> bytes:
    """The answer with one result."""
    return b'{"id":%d,"value":%b}\n' % (id_, _short(dumps(result)))


def values(id_: int, results: Any) -> bytes:
    """The answer of a `flat_map`, whose results follow each other in this order."""
    return b'{"id":%d,"values":[%b]}\n' % (id_, _short(b",".join([dumps(result) for result in results])))


def _short(text: bytes) -> bytes:
    """The text, if flowrun takes that much."""
    if len(text) > LINE_MAX - LOG_MAX:
        most = (LINE_MAX - LOG_MAX) >> 20
        raise NotJson(f"the result is {len(text) / 2**20:.1f} MiB long, and flowrun takes at most {most} MiB from a program")
    return text


def with_log(answer: bytes, printed: Printed) -> bytes:
    """The answer with lines for the item's log."""
    text = dumps([_valid(line) for line in lines(printed)])
    if len(text) > LOG_MAX - 1024:
        # Each character may become six bytes. The end tells more than the beginning.
        text = dumps(["…", "".join(map(_valid, lines(printed)))[-LOG_MAX // 8 :]])
    return b'%b,"log":%b}\n' % (answer[:-2], text)


def describe(error: BaseException) -> str:
    """`ValueError: missing ID`, as Python ends a traceback; the message alone for what flowrun's own classes carry."""
    message = words(error)
    if isinstance(error, (Fail, Retry, NotJson)):
        return message
    name = type(error).__qualname__
    return f"{name}: {message}" if message and message != name else name


def words(error: BaseException) -> str:
    """What the exception says; the name of its type where it cannot say it."""
    try:
        return str(error)
    except BaseException:
        return type(error).__qualname__


def failure(id_: int, error: BaseException, message_of: MessageOf = describe) -> bytes:
    """The answer for what the function raised. `Skip` leaves the item out, everything else fails it."""
    try:
        return _failure(id_, error, message_of)
    except BaseException as other:
        # A class of the function's own may do anything when it is asked. An item without an answer would hang.
        message = f"{type(error).__qualname__}, which cannot be told because of {type(other).__qualname__}"
        return b'{"id":%d,"error":{"message":%b}}\n' % (id_, dumps(_valid(message)))


def _failure(id_: int, error: BaseException, message_of: MessageOf) -> bytes:
    if isinstance(error, Skip):
        reason = getattr(error, "reason", None)
        return b'{"id":%d,"skip":%b}\n' % (id_, dumps(None if reason is None else _valid(str(reason))))
    body: Dict[str, Any] = {"message": _valid(message_of(error))[:MESSAGE_MAX]}
    if not isinstance(error, NotJson):
        body["traceback"] = _valid(_traceback(error))
    if isinstance(error, Fail):
        body["retryable"] = False
    if isinstance(error, (Fail, Retry)):
        _add_what_it_carries(body, error)
    return b'{"id":%d,"error":%b}\n' % (id_, dumps(body))


def _add_what_it_carries(body: Dict[str, Any], error: BaseException) -> None:
    try:
        # Classes made of these need not have called their `__init__`, and attributes may be set later.
        after = seconds_of(getattr(error, "after", None))
        if after is not None:
            body["after"] = after
        fields = fields_of(getattr(error, "fields", None))
        if fields:
            _short(dumps(fields))
            body["fields"] = fields
    except Exception as refused:
        # The message is worth more than fields that cannot be written.
        body["message"] += f" (its fields are left out: {_valid(words(refused))})"


def _traceback(error: BaseException) -> str:
    """What Python would print, without the frames of this package that called the function."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__package__") == __package__:
        frames = frames.tb_next
    try:
        lines = traceback.format_exception(type(error), error, frames)
    except Exception:
        return ""
    return "".join(lines)[-TRACEBACK_MAX:]


def _valid(text: str) -> str:
    """The text with what UTF-8 cannot hold replaced."""
    return text.encode("utf-8", "replace").decode()
