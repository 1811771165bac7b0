"""What an item function may ask about the attempt that it runs in."""

from __future__ import annotations

import math
import time
from typing import Any, Dict


class Context:
    """The second argument of an item function that takes two.

    `index` is the item's position in the step's input, from 1. `attempt` counts from 1. `state` is what `setup` returned.
    """

    __slots__ = ("index", "step", "run", "key", "attempt", "max_attempts", "worker", "state", "_deadline")

    def __init__(self, request: Dict[str, Any], state: Any) -> None:
        told: Dict[str, Any] = request.get("ctx") or {}
        self.index: int = request.get("index", 0)
        self.step: str = told.get("step", "")
        self.run: str = told.get("run", "")
        self.key: str = told.get("key", "")
        self.attempt: int = told.get("attempt", 1)
        self.max_attempts: int = told.get("max_attempts", 1)
        self.worker: int = told.get("worker", 1)
        self.state: Any = state
        remaining = told.get("remaining")
        self._deadline: float = math.inf if remaining is None else time.monotonic() + remaining

    def remaining(self) -> float:
        """Seconds until the attempt is stopped, never below 0; infinite where nothing stops it.

        An attempt's clock may start later than its request arrives, so that more time may be left than this says.
        """
        return max(0.0, self._deadline - time.monotonic())
