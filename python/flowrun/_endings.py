"""What an item function raises to end its item in another way than with a value or a failure."""

from __future__ import annotations

import datetime
import decimal
import math
import numbers
from typing import Any, Dict, Mapping, Optional, Union

Wait = Union[float, datetime.timedelta]
"""A wait: seconds, or a `timedelta`."""


class Skip(Exception):
    """Leaves the item out: it is neither a success nor a failure.

    `reason` is kept with the item and shown in reports. None is no reason; what is no text is shown as `str` has it.
    """

    def __init__(self, reason: Any = "") -> None:
        super().__init__(reason)
        self.reason: Optional[str] = None if reason is None else str(reason)


class Fail(Exception):
    """Fails the item for good: it is not tried again, whatever `retries` says.

    `fields` is a flat or nested map of JSON values that is kept with the failure.
    """

    def __init__(self, message: str = "failed by the function", fields: Optional[Mapping[str, Any]] = None) -> None:
        super().__init__(message)
        self.fields = fields_of(fields)


class Retry(Exception):
    """Fails this attempt and asks for another one, as far as the step's `retries` allow it.

    `after` is the wait, in seconds or as a `timedelta`, at most the step's `max_delay`; one below 0 is none. Without it
    the step's own delay counts. `fields` is as in `Fail`.
    """

    def __init__(
        self,
        message: str = "another attempt was asked for",
        after: Optional[Wait] = None,
        fields: Optional[Mapping[str, Any]] = None,
    ) -> None:
        super().__init__(message)
        self.after = seconds_of(after)
        self.fields = fields_of(fields)


def seconds_of(after: Any) -> Optional[float]:
    """The wait in seconds, at least 0; raises `TypeError` for what is none."""
    if after is None:
        return None
    if isinstance(after, datetime.timedelta):
        return max(0.0, after.total_seconds())
    seconds = math.nan
    if isinstance(after, (numbers.Real, decimal.Decimal)) and not isinstance(after, bool):
        try:
            seconds = float(after)
        except (OverflowError, ValueError):
            pass
    if not math.isfinite(seconds):
        raise TypeError(f"`after` is a number of seconds or a timedelta, not {after!r}")
    return max(0.0, seconds)


def fields_of(fields: Any) -> Optional[Dict[str, Any]]:
    """The fields as a map of their own; raises `TypeError` for what is no map."""
    if fields is None:
        return None
    if not isinstance(fields, Mapping):
        raise TypeError(f"`fields` is a map, not a {type(fields).__name__}")
    return dict(fields)
