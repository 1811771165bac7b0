"""One call of a map task, with all that it takes to run it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Tuple

from ._map_config import MapTaskConfig


@dataclass(frozen=True)
class MapCall:
    """The function is called with each item, and with `args` and `kwargs`."""

    function: Callable[..., Any]
    config: MapTaskConfig
    items: List[Any]
    args: Tuple[Any, ...]
    kwargs: Dict[str, Any]
