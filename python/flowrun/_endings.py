"""What an item function raises to end its item in another way than with a value or a failure."""

from __future__ import annotations

from typing import Any, Dict, Optional


class Skip(Exception):
    """Leaves the item out: it is neither a success nor a failure.

    `reason` is kept with the item and shown in reports.
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class Fail(Exception):
    """Fails the item for good: it is not tried again, whatever `retries` says.

    `fields` is a flat or nested map of JSON values that is kept with the failure.
    """

    def __init__(self, message: str, fields: Optional[Dict[str, Any]] = None) -> None:
        super().__init__(message)
        self.fields = fields


class Retry(Exception):
    """Fails this attempt and asks for another one, as far as the step's `retries` allow it.

    `after` is the wait in seconds, at most the step's `max_delay`; without it the step's own delay counts.
    `fields` is as in `Fail`.
    """

    def __init__(
        self, message: str, after: Optional[float] = None, fields: Optional[Dict[str, Any]] = None
    ) -> None:
        super().__init__(message)
        self.after = after
        self.fields = fields
