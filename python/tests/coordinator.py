"""The other side of the protocol: sends items to a program and reads its answers, as flowrun does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Sequence

PACKAGE = Path(__file__).resolve().parent.parent


class Program:
    """A program that is spoken to by hand. Leaving it ends its input, and its exit code must then be 0."""

    def __init__(self, command: Sequence[str]) -> None:
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        self.process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
        self._sent = 0

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.process.kill()
        self.end()
        if kind is None:
            assert self.process.returncode == 0, self.log

    def end(self) -> None:
        """Ends the input, and waits. `log` is then what was written to standard error."""
        out, err = self.process.communicate(timeout=30)
        self.rest = out.decode()
        self.log = err.decode()

    def send(self, *items: Any, **ctx: Any) -> None:
        """Sends items in one write; ids and indices count from 1."""
        lines = []
        for item in items:
            self._sent += 1
            request = {"id": self._sent, "item": item, "index": self._sent, "ctx": context(ctx)}
            lines.append(json.dumps(request, ensure_ascii=False).encode() + b"\n")
        assert self.process.stdin is not None
        self.process.stdin.write(b"".join(lines))
        self.process.stdin.flush()

    def line(self) -> Dict[str, Any]:
        """The next line of standard output."""
        assert self.process.stdout is not None
        text = self.process.stdout.readline()
        assert text.endswith(b"\n"), f"no whole line: {text!r}"
        answer: Dict[str, Any] = json.loads(text)
        return answer

    def lines(self, count: int) -> List[Dict[str, Any]]:
        return [self.line() for _ in range(count)]

    def ask(self, *items: Any, **ctx: Any) -> List[Dict[str, Any]]:
        """Sends items and returns their answers, by id."""
        self.send(*items, **ctx)
        return sorted(self.lines(len(items)), key=lambda answer: int(answer["id"]))


def context(other: Dict[str, Any]) -> Dict[str, Any]:
    told = {"step": "clean", "run": "7f3a", "key": "k", "attempt": 1, "max_attempts": 1, "worker": 1}
    return {**told, **other}


def serve(folder: Path, text: str, *, parallel: bool = False) -> Program:
    """A program that is this Python text, once it has said that it is ready, for all its items at once if that is so."""
    path = folder / "program.py"
    path.write_text(text, encoding="utf-8")
    program = Program([sys.executable, str(path)])
    assert program.line() == {"ready": True, **({"parallel": True} if parallel else {})}
    return program
