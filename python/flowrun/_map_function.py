"""A function is known to other processes by the module and the name under which they find it."""

from __future__ import annotations

import sys
from typing import Any, Callable, Optional, Tuple

from ._map_config import MapTaskConfig


def place(function: Callable[..., Any]) -> Optional[Tuple[str, str]]:
    """The module and the name under which another process finds the function, or a map task of it."""
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", "")
    # The started script would run once more in each process, and a notebook cannot be read by them at all.
    if module is None or module == "__main__" or module not in sys.modules or "<" in name:
        return None
    if getattr(sys.modules[module], "__spec__", None) is None:
        return None
    try:
        return (module, name) if find(sys.modules[module], name) is function else None
    except AttributeError:
        return None


def find(module: Any, name: str) -> Any:
    """What has this name in the module; the function, where that is a map task. Raises `AttributeError`."""
    found = module
    for part in name.split("."):
        found = getattr(found, part)
    # `MapTask` itself stands above this.
    return found.func if isinstance(getattr(found, "config", None), MapTaskConfig) else found
