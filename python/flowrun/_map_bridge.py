"""The program that flowrun starts for a map task on threads: it hands lines on between flowrun and that process.

It imports nothing of this package, so that it starts at once. Where the calling process is gone, it ends, and flowrun
soon after, whose events nobody reads any more.
"""

from __future__ import annotations

import sys

# Python looks for modules beside a program first, and `_json` is also the name of one of its own.
if sys.path[0] == __file__.rpartition("/")[0]:
    del sys.path[0]

import os
import socket
import threading
from typing import NoReturn

BLOCK = 64 * 1024


def main(path: str, folder: str) -> None:
    """Connects, and copies both ways until flowrun has no more requests and all answers are through."""
    link = socket.socket(socket.AF_UNIX)
    try:
        link.connect(path)
    except OSError:
        leave(folder, os.path.dirname(path))
    has_all = threading.Event()

    def hand_on() -> None:
        while True:
            block = os.read(0, BLOCK)
            if not block:
                has_all.set()
                link.shutdown(socket.SHUT_WR)
                return
            link.sendall(block)

    threading.Thread(target=hand_on, daemon=True).start()
    while True:
        block = link.recv(BLOCK)
        if not block:
            if not has_all.is_set():
                leave(folder, os.path.dirname(path))
            return
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(1, rest) :]


def leave(*folders: str) -> NoReturn:
    """Ends this process, whose caller is gone, and removes what the caller cannot remove any more."""
    import shutil

    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
