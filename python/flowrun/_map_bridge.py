"""The program that flowrun starts for a map task on threads: it hands lines on between flowrun and that process.

It imports nothing of this package, so that it starts at once.
"""

from __future__ import annotations

import sys

# Python looks for modules beside a program first, and `_json` is also the name of one of its own.
if sys.path[0] == __file__.rpartition("/")[0]:
    del sys.path[0]

import os
import socket
import threading

BLOCK = 64 * 1024


def main(path: str) -> None:
    """Connects, and copies both ways until flowrun has no more requests and all answers are through."""
    link = socket.socket(socket.AF_UNIX)
    link.connect(path)

    def hand_on() -> None:
        while True:
            block = os.read(0, BLOCK)
            if not block:
                link.shutdown(socket.SHUT_WR)
                return
            link.sendall(block)

    threading.Thread(target=hand_on, daemon=True).start()
    while True:
        block = link.recv(BLOCK)
        if not block:
            return
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(1, rest) :]


if __name__ == "__main__":
    main(sys.argv[1])
