"""Any value as a JSON value that gives back an equal one of the same type: itself if JSON can, else its pickle."""

from __future__ import annotations

import base64
import pickle
from typing import Any

_INTEGER_MAX = 2**63


def encode(value: Any) -> Any:
    """Raises what `pickle` raises, and `ValueError` for values whose class only the started script has."""
    kind = type(value)
    if value is None or kind is bool or (kind is int and -_INTEGER_MAX <= value < _INTEGER_MAX):
        return value
    if kind is str and (value.isascii() or _is_whole(value)):
        return value
    # Lists, maps and floats too: JSON would keep neither tuples within, nor the order of keys, nor `1.0`.
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    if b"__main__" in data:
        raise ValueError("values whose class is defined in `__main__` cannot be made in another process")
    return {"pickle": base64.b64encode(data).decode("ascii")}


def decode(value: Any) -> Any:
    """The value that `encode` was given."""
    return pickle.loads(base64.b64decode(value["pickle"])) if type(value) is dict else value


def _is_whole(text: str) -> bool:
    """Whether UTF-8 can hold the text: half a surrogate pair it cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
