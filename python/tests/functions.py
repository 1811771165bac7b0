"""Functions that other processes find by module and name, so that map tasks of them run there."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Tuple

from flowrun import Fail, Skip, map_task


@dataclass
class Point:
    x: int
    y: float = 1.0

    @classmethod
    def origin(cls, x: int) -> Point:
        return cls(x, 0.0)


def double(item: Any) -> Any:
    return item * 2


def echo(item: Any) -> Any:
    return item


def shift(point: Point, by: int, *, down: float = 0.0) -> Point:
    return Point(point.x + by, point.y - down)


def fail_on_odd(item: int) -> int:
    if item % 2:
        raise ValueError(f"odd: {item}")
    return item


def none_on_odd(item: int) -> Any:
    return None if item % 2 else item


def skip_odd(item: int) -> int:
    if item % 2:
        raise Skip("odd")
    return item


def raise_without_words(_: Any) -> None:
    raise KeyError


def fail_until_third(path: str) -> int:
    """Counts its calls in a file, and succeeds at the third one."""
    file = Path(path)
    calls = len(file.read_text()) + 1 if file.exists() else 1
    file.write_text("x" * calls)
    if calls < 3:
        raise RuntimeError(f"call {calls}")
    return calls


def fail_for_good(path: str) -> None:
    with open(path, "a") as file:
        file.write("x")
    raise Fail("never again")


def wait_for(path: str) -> str:
    """Returns at once for "", and else once the file is there."""
    while path and not os.path.exists(path):
        time.sleep(0.005)
    return path


def begin_and_wait(path: str) -> None:
    """Makes the file, and never ends."""
    Path(path).touch()
    while True:
        time.sleep(0.01)


def hang(item: int) -> int:
    while item == 1:
        pass
    return item


def die(item: int) -> int:
    if item == 1:
        os._exit(3)
    return item


def talk(item: str) -> str:
    print("said", item)
    print("grumbled", item, file=sys.stderr)
    return item


def environment(name: str) -> Tuple[str, str, int]:
    return os.environ.get(name, ""), os.getcwd(), os.getpid()


def unpicklable(_: Any) -> Any:
    return lambda: None


def leave(_: Any) -> None:
    sys.exit(4)


class Own(BaseException):
    pass


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def raises(what: str) -> str:
    if what == "own":
        raise Own("mine")
    if what == "cancelled":
        raise asyncio.CancelledError
    if what == "generator":
        raise GeneratorExit
    if what == "mute":
        raise Mute
    if what == "interrupt":
        raise KeyboardInterrupt
    if what == "exit":
        sys.exit(3)
    if what == "forked":
        child = os.fork()
        if child == 0:
            sys.exit(3)
        return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    return what


def long(item: int) -> bytes:
    return b"x" * item


def grow(item: List[int]) -> int:
    """Changes the item itself."""
    item.append(0)
    return len(item)


async def later(item: int) -> int:
    await asyncio.sleep(0)
    return item + 1


@map_task(concurrency=2)
def decorated(item: Dict[str, List[int]]) -> int:
    """Sums the lists."""
    return sum(map(sum, item.values()))
