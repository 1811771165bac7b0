"""What an item function may ask about the attempt that it runs in."""

from __future__ import annotations

from typing import Any, Dict, Optional


class Context:
    """The second argument of an item function that takes two.

    `index` is the item's position in the step's input, from 1. `attempt` counts from 1, `worker`
    is the number of this process. `last` says how the attempt before failed, `{kind, message, fields}`, and is None at the first. `key` is empty where the step has no `key:`. `state` is what `setup` returned.
    """

    __slots__ = ("index", "step", "run", "key", "attempt", "max_attempts", "worker", "last", "state")

    def __init__(self, request: Dict[str, Any], state: Any) -> None:
        told: Dict[str, Any] = request.get("ctx") or {}
        self.index: int = request.get("index", 0)
        self.step: str = told.get("step", "")
        self.run: str = told.get("run", "")
        self.key: str = told.get("key", "")
        self.attempt: int = told.get("attempt", 1)
        self.max_attempts: int = told.get("max_attempts", 1)
        self.worker: int = told.get("worker", 1)
        self.last: Optional[Dict[str, Any]] = told.get("last")
        self.state: Any = state
