"""Tells the processes of a map task that the process which called it is gone, whatever ended that.

A pipe with a name stands in the folder of the call. The caller holds it open for writing and writes nothing, so that who
reads from it hears of the caller's end, and of nothing before.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Iterator

from ._map_bridge import leave

NAME = "caller"


@contextlib.contextmanager
def hold(folder: str) -> Iterator[None]:
    """Within this block the caller is there."""
    path = os.path.join(folder, NAME)
    os.mkfifo(path, 0o600)
    # Opened for writing alone it would wait for a reader.
    held = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    # A process that is forked meanwhile must not seem to be the caller.
    _held.add(held)
    try:
        yield
    finally:
        _held.discard(held)
        os.close(held)


def watch(folder: str) -> None:
    """Ends this process, and with it the run, when the caller is gone. A thread waits for that."""
    try:
        # Without waiting: the caller may be gone already.
        pipe = os.open(os.path.join(folder, NAME), os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        leave(folder)
    os.set_blocking(pipe, True)

    def wait() -> None:
        os.read(pipe, 1)
        leave(folder)

    threading.Thread(target=wait, name="flowrun-caller", daemon=True).start()


_held: "set[int]" = set()


def _release() -> None:
    for held in _held:
        os.close(held)
    _held.clear()


os.register_at_fork(after_in_child=_release)
