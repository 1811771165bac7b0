"""JSON text of requests and answers: with orjson where that is installed, else with the standard library.

Both write the same values in the same way, and neither writes what JSON does not have.
"""

from __future__ import annotations

import json
import math
from typing import Any, Callable, List, Optional, Tuple

from ._values import simplify

Dump = Callable[[Any], bytes]
Load = Callable[[bytes], Any]


class NotJson(ValueError):
    """A value that JSON cannot hold; the message names the place in it."""


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

    Raises `NotJson` for what JSON does not have: NaN, infinities, lone surrogates, cyclic values, other types.
    """
    try:
        return _dump(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotJson(_explain(value, error)) from None


def _explain(value: Any, error: Exception) -> str:
    place, what = _find(value, "", [])
    if not what:
        what = str(error)
    return f"the result{place} {what}, which JSON cannot hold"


def _find(value: Any, place: str, above: List[int]) -> Tuple[str, str]:
    """The first part of the value that cannot be written, as Python code after its name, and what it is."""
    if isinstance(value, float) and not math.isfinite(value):
        return place, f"is {value}"
    if isinstance(value, str):
        return (place, "is text with half a surrogate pair") if _is_broken(value) else ("", "")
    if value is None or isinstance(value, (bool, int, float)):
        return "", ""
    if id(value) in above:
        return place, "holds itself"
    parts: Any
    if isinstance(value, dict):
        parts = ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, (list, tuple)):
        parts = ((f"[{at}]", part) for at, part in enumerate(value))
    else:
        try:
            return _find(simplify(value), place, [*above, id(value)])
        except TypeError:
            return place, f"is a value of type {type(value).__name__}"
    if len(above) > 500:
        return place[:80] + "…", "is nested too deep"
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
