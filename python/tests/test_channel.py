"""Lines are the same however the bytes arrive."""

from __future__ import annotations

import json
import os
import random
import threading
from typing import Any, List

import pytest

from flowrun._channel import Answers, Requests


def feed(text: bytes, sizes: random.Random) -> int:
    """The reading end of a pipe into which the text is written in pieces."""
    reader, writer = os.pipe()

    def write() -> None:
        at = 0
        while at < len(text):
            size = sizes.choice([1, 2, 7, 100, 5000, 70_000])
            os.write(writer, text[at : at + size])
            at += size
        os.close(writer)

    threading.Thread(target=write).start()
    return reader


@pytest.mark.parametrize("seed", range(20))
def test_requests_are_the_same_however_they_are_cut(seed: int) -> None:
    sizes = random.Random(seed)
    items: List[Any] = [{"id": n, "item": "ü\n" * sizes.choice([0, 1, 10, 40_000])} for n in range(30)]
    reader = feed(b"".join(json.dumps(item, ensure_ascii=False).encode() + b"\n" for item in items), sizes)
    requests = Requests(reader)
    got = [request for batch in iter(requests.read, None) for request in batch]
    os.close(reader)
    assert got == items


def test_lines_of_several_threads_are_whole_and_none_is_lost() -> None:
    reader, writer = os.pipe()
    answers = Answers(writer)
    lines = [[b"%d:%d:%b\n" % (thread, n, b"x" * (n % 300)) for n in range(2000)] for thread in range(4)]
    # The helper thread flushes in between all the time.
    answers.hurry(True)
    threads = [threading.Thread(target=lambda mine=mine: [answers.add(line) for line in mine]) for mine in lines]
    for thread in threads:
        thread.start()

    def finish() -> None:
        for thread in threads:
            thread.join()
        answers.hurry(False)
        answers.flush()
        os.close(writer)

    threading.Thread(target=finish).start()
    with os.fdopen(reader, "rb") as file:
        got = file.readlines()
    assert sorted(got) == sorted(line for mine in lines for line in mine)
    for number, mine in enumerate(lines):
        assert [line for line in got if line.startswith(b"%d:" % number)] == mine
