"""A function is known to other processes by the module and the name under which they find it."""

from __future__ import annotations

import sys
from types import MethodType
from typing import Any, Callable, Tuple

from ._map_config import MapTaskConfig


class StaysHere(Exception):
    """A call cannot go to other processes: why, and what would have to be otherwise."""

    def __init__(self, why: str, what_helps: str) -> None:
        super().__init__(why)
        self.what_helps = what_helps


def place(function: Callable[..., Any]) -> Tuple[str, str]:
    """The module and the name under which another process finds the function, or a map task of it. Raises `StaysHere`."""
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", "")
    # The started script would run once more in each process, and a notebook cannot be read by them at all.
    if module == "__main__":
        has_file = hasattr(sys.modules[module], "__file__")
        raise _stays(f"the function is defined in {'the script that was started' if has_file else 'this session'}")
    if "<lambda>" in name:
        raise _stays("the function is a lambda")
    if "<" in name:
        raise _stays("the function is defined within another one")
    if not name or module not in sys.modules:
        raise _stays("the function has no name in a module")
    if getattr(sys.modules[module], "__spec__", None) is None:
        raise _stays(f"the module `{module}` cannot be imported")
    try:
        found = find(sys.modules[module], name)
    except AttributeError:
        raise _stays(f"the module `{module}` has no `{name}`") from None
    # A method of a class is a new object each time that it is asked for.
    is_method = isinstance(function, MethodType)
    if found is function or (is_method and found == function):
        return module, name
    if is_method:
        raise _stays("the function is a method of an object")
    raise _stays(f"the name `{module}.{name}` stands for something else")


def find(module: Any, name: str) -> Any:
    """What has this name in the module; the function, where that is a map task. Raises `AttributeError`."""
    found = module
    for part in name.split("."):
        found = getattr(found, part)
    # `MapTask` itself stands above this.
    return found.func if isinstance(getattr(found, "config", None), MapTaskConfig) else found


def _stays(why: str) -> StaysHere:
    return StaysHere(why, "Put the function at the top of a module and import it from there")
