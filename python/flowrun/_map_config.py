"""The policy of a map task, checked when it is made."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any, Optional


@dataclass(frozen=True)
class MapTaskConfig:
    """The policy of a map task; see `map_task`."""

    concurrency: int = 4
    retries: int = 0
    retry_delay: float = 1.0
    min_success_ratio: float = 1.0
    fail_fast: bool = False
    timeout_per_item: Optional[float] = None

    def __post_init__(self) -> None:
        # Numbers of numpy and others too; what is written into the pipeline must be Python's.
        for name, number in (("concurrency", _whole), ("retries", _whole), ("retry_delay", _fraction)):
            object.__setattr__(self, name, number(name, getattr(self, name)))
        object.__setattr__(self, "min_success_ratio", _fraction("min_success_ratio", self.min_success_ratio))
        object.__setattr__(self, "fail_fast", bool(self.fail_fast))
        if self.timeout_per_item is not None:
            object.__setattr__(self, "timeout_per_item", _fraction("timeout_per_item", self.timeout_per_item))
        if self.concurrency < 1:
            raise ValueError(f"concurrency must be at least 1, not {self.concurrency}")
        if self.retries < 0:
            raise ValueError(f"retries must be at least 0, not {self.retries}")
        if not 0 <= self.retry_delay < math.inf:
            raise ValueError(f"retry_delay must be a number of seconds of at least 0, not {self.retry_delay}")
        if not 0 <= self.min_success_ratio <= 1:
            raise ValueError(f"min_success_ratio must be from 0 to 1, not {self.min_success_ratio}")
        if self.timeout_per_item is not None and not 0 < self.timeout_per_item < math.inf:
            raise ValueError(f"timeout_per_item must be a number of seconds above 0, not {self.timeout_per_item}")


def _whole(name: str, value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, not {value!r}") from None


def _fraction(name: str, value: Any) -> float:
    try:
        # Digits count: 0.6 as a number of numpy with 32 bits is a little more than 0.6 where it is made longer.
        return float(str(value) if hasattr(value, "dtype") else value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"{name} must be a number, not {value!r}") from None
