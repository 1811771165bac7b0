"""JSON text of requests and answers: with orjson where that is installed, else with the standard library.

Both write the same values in the same way, and neither writes what JSON does not have.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Callable, List, Optional, Tuple

from ._values import simplify

Dump = Callable[[Any], bytes]
Load = Callable[[bytes], Any]


DEPTH_MAX = 500
"""Lists and maps within each other. flowrun reads 512, with those of the answer."""

_INTEGER_MAX = 2**63

_NO_JSON = ", which JSON cannot hold"
_NOT_KEPT = ", which flowrun does not keep"

# All digits become one, so that a run of them is found as fast as a word. A regular expression takes ten times as long.
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * 19
_no_bracket = re.compile(rb'"(?:[^"\\]|\\.)*"|[^][{}"]+')


class NotJson(ValueError):
    """A value that JSON or flowrun cannot hold; the message names the place in it."""


def _standard() -> Tuple[Load, Dump]:
    # One encoder for all values: `json.dumps` with options makes a new one at every call.
    encode = json.JSONEncoder(
        ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=simplify
    ).encode
    return json.loads, lambda value: encode(value).encode()


def _fast() -> Optional[Tuple[Load, Dump]]:
    try:
        import orjson
    except ImportError:
        return None
    # orjson would write these by rules of its own, which the standard library does not know.
    options = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
    slow = _standard()[1]
    write = orjson.dumps

    def dump(value: Any) -> bytes:
        try:
            text = write(value, simplify, options)
        except TypeError:
            # Keys that are numbers, for instance. What the standard library refuses too is told in its words.
            return slow(value)
        # orjson writes NaN and infinities as `null`, which would lose them without a word.
        return slow(value) if b"null" in text else text

    return orjson.loads, dump


loads, _dump = _fast() or _standard()


def dumps(value: Any) -> bytes:
    """The value as JSON text on one line, in UTF-8.

    Raises `NotJson` for what JSON does not have: NaN, infinities, lone surrogates, cyclic values, other types. And for
    what flowrun does not keep, so that it never gets to see it: integers beyond 64 bits and values that are nested deeper
    than `DEPTH_MAX`.
    """
    try:
        text = _dump(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotJson(_explain(value, error)) from None
    # Other texts may have so many digits too. Every text with an integer beyond 64 bits has.
    if _LONG in text.translate(_DIGITS) or _is_deep(text):
        place, what = _look(value)
        if what:
            raise NotJson(f"the result{place} {what}")
    return text


def _is_deep(text: bytes) -> bool:
    if len(text) <= 2 * DEPTH_MAX or text.count(b"[") + text.count(b"{") <= DEPTH_MAX:
        return False
    # Each turn takes away what is innermost.
    rest = _no_bracket.sub(b"", text)
    for _ in range(DEPTH_MAX):
        rest = rest.replace(b"[]", b"").replace(b"{}", b"")
        if not rest:
            return False
    return True


def _explain(value: Any, error: Exception) -> str:
    place, what = _look(value)
    return f"the result{place} {what}" if what else f"the result {error}{_NO_JSON}"


def _look(value: Any) -> Tuple[str, str]:
    try:
        return _find(value, "", [])
    except RecursionError:
        return "", f"is nested too deep{_NOT_KEPT}"


def _find(value: Any, place: str, above: List[int]) -> Tuple[str, str]:
    """The first part of the value that cannot be written, as Python code after its name, and what it is."""
    if isinstance(value, float) and not math.isfinite(value):
        return place, f"is {value}{_NO_JSON}"
    if isinstance(value, str):
        return (place, f"is text with half a surrogate pair{_NO_JSON}") if _is_broken(value) else ("", "")
    if isinstance(value, int) and not -_INTEGER_MAX <= value < _INTEGER_MAX:
        return place, f"is an integer beyond 64 bits{_NOT_KEPT}"
    if value is None or isinstance(value, (bool, int, float)):
        return "", ""
    if id(value) in above:
        return place, f"holds itself{_NO_JSON}"
    parts: Any
    if isinstance(value, dict):
        if any(isinstance(key, str) and _is_broken(key) for key in value):
            return place, f"has a key with half a surrogate pair{_NO_JSON}"
        for key in value:
            if key is not None and not isinstance(key, (str, int, float)):
                return place, f"has a key of type {type(key).__name__}{_NO_JSON}"
        parts = ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, (list, tuple)):
        parts = ((f"[{at}]", part) for at, part in enumerate(value))
    else:
        try:
            return _find(simplify(value), place, [*above, id(value)])
        except TypeError:
            return place, f"is a value of type {type(value).__name__}{_NO_JSON}"
    if len(above) >= DEPTH_MAX:
        return place[:80] + "…", f"is nested more than {DEPTH_MAX} levels deep{_NOT_KEPT}"
    for step, part in parts:
        found = _find(part, place + step, [*above, id(value)])
        if found[1]:
            return found
    return "", ""


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
