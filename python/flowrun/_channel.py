"""The two ends of a program that flowrun talks to: request lines in, answer lines out."""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from typing import Any, List, Optional

from . import _log
from ._json import loads

BLOCK = 64 * 1024
"""Bytes that are read at once: what a pipe holds."""

FLUSH_AFTER = 0.003
"""Seconds that an answer waits for others, which then cost one system call together."""


IDLE_LOOKS = 100
"""Looks in vain after which the thread that flushes sleeps until it is woken."""


def how_to_try() -> str:
    """The command that tries the program that runs here."""
    return f"flowrun program-check -- python3 {os.path.basename(sys.argv[0]) or 'PROGRAM'}"


class Requests:
    """Request lines from a file descriptor, as many at once as have arrived."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest: List[bytes] = []
        self._is_known = False

    def has_more(self) -> bool:
        """Whether there is something to be read."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return any(state & select.POLLIN for _, state in poll.poll(0))

    def read(self) -> Optional[List[Any]]:
        """Waits for the next whole lines; `None` at the end of the input."""
        while True:
            block = os.read(self._descriptor, BLOCK)
            if not block:
                return None
            end = block.rfind(b"\n")
            if end < 0:
                # Part of a long line. The parts are joined once, when its end has come.
                self._rest.append(block)
                continue
            text = b"".join([*self._rest, block[:end]])
            self._rest = [block[end + 1 :]] if end + 1 < len(block) else []
            return self._decoded(text)

    def _decoded(self, text: bytes) -> List[Any]:
        try:
            # One decoder call for all lines: JSON has no line breaks inside of values.
            requests = list(loads(b"[" + text.replace(b"\n", b",") + b"]"))
            if not self._is_known:
                self._is_known = all(isinstance(one, dict) and "id" in one and "item" in one for one in requests)
        except ValueError:
            self._is_known = False
        if not self._is_known:
            # Somebody tries the program by hand. flowrun itself sends nothing else.
            sys.exit(
                "standard input has a line that is no request of flowrun, which starts this program by itself; "
                f"try `{how_to_try()}`"
            )
        return requests


class Answers:
    """Answer lines to a file descriptor, several in one write.

    `add` keeps a line, and writes all that wait once the oldest of them is `FLUSH_AFTER` old. Where a function takes
    longer than that, a thread does it meanwhile (`hurry`), so that no finished answer waits for a slow function. Only
    a function that holds the interpreter's lock all the time holds that thread up too.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._home = os.getpid()
        self._waiting: List[bytes] = []
        self._lock = threading.Lock()
        self._written = time.monotonic()
        self._is_busy = False
        self._is_asleep = True
        self._wake = threading.Event()
        self._thread: Optional[threading.Thread] = None

    def add(self, line: bytes) -> None:
        """Keeps the line for the next write, or writes."""
        self._waiting.append(line)
        if time.monotonic() - self._written > FLUSH_AFTER:
            self.flush()

    def flush(self) -> None:
        """Writes all that waits. Ends this process when flowrun is gone and nobody is left to answer."""
        with self._lock:
            count = len(self._waiting)
            if count:
                # What goes to standard error belongs before the answer.
                _log.flush()
                self._write(b"".join(self._waiting[:count]))
                del self._waiting[:count]
            self._written = time.monotonic()

    def is_elsewhere(self) -> bool:
        """Whether this is another process, which a function has forked: it must not answer."""
        return os.getpid() != self._home

    def hurry(self, is_busy: bool) -> None:
        """While busy, a thread flushes every few milliseconds."""
        self._is_busy = is_busy
        if is_busy and self._is_asleep:
            self._is_asleep = False
            self._wake.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._flush_now_and_then, name="flowrun-answers", daemon=True)
                self._thread.start()

    def _flush_now_and_then(self) -> None:
        idle = 0
        while True:
            time.sleep(FLUSH_AFTER)
            if self._is_busy:
                idle = 0
                self.flush()
                continue
            idle += 1
            # To be woken for every batch would cost more than to look now and then.
            if idle >= IDLE_LOOKS:
                idle = 0
                self._wake.clear()
                self._is_asleep = True
                # It may have become busy in between.
                if not self._is_busy:
                    self._wake.wait()
                self._is_asleep = False

    def _write(self, text: bytes) -> None:
        if self.is_elsewhere():
            # Two processes that answer would spoil the answers of both.
            os._exit(1)
        rest = memoryview(text)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except BrokenPipeError:
            # Not by an exception: this may be any thread, and the function of an item must not catch it.
            os._exit(1)
