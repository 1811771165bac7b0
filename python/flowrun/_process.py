"""A run of the binary from its start to its end: its events are handed over as they come, and Ctrl-C stops it."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Sequence, cast

from ._binary import decoded, start
from ._check import check_file
from ._errors import FlowrunError

Event = Dict[str, Any]
OnEvent = Callable[[Event], None]

REFUSED = (2, 65, 70, 127)
"""Exit codes with which nothing has run, or flowrun itself is broken."""

STDERR_MAX = 64 * 1024
"""Characters of standard error that an exception carries: its end."""


@dataclass
class Ended:
    """How the binary ended, and what it said where that was not shown."""

    exit_code: int
    said: str


def follow(arguments: Sequence[str], on_event: OnEvent, *, is_shown: bool = False, folder: Optional[str] = None) -> Ended:
    """Runs a pipeline and calls `on_event` for each line of `--events`, in order, in this thread.

    It runs in `folder`, or in the current one.

    Standard error is shown as it comes, or else kept for messages. Ctrl-C stops the run as it does on a terminal:
    the first one lets running items end for `--grace`, a second one stops at once. What has ended is kept, and
    `KeyboardInterrupt` is raised once the run has ended. Any other exception in this thread does the same.
    """
    with tempfile.TemporaryFile() as kept:
        process = start(
            [*arguments, "--events", "-"], stdin=subprocess.DEVNULL, stderr=None if is_shown else kept, cwd=folder
        )
        with process:
            try:
                for line in cast("Sequence[str]", process.stdout):
                    on_event(decoded(line))
                process.wait()
            except BaseException:
                stop(process)
                raise
        size = kept.seek(0, 2)
        kept.seek(max(0, size - STDERR_MAX))
        return Ended(process.returncode, kept.read().decode("utf-8", "replace").strip())


def stop(process: "subprocess.Popen[str]") -> None:
    """Interrupts the binary and waits for its end; again, harder, at each further Ctrl-C."""
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            # What it still writes is read, or a full pipe would hold it up.
            process.communicate()
        except KeyboardInterrupt:
            continue


def refuse(ended: Ended, pipeline: str) -> None:
    """Raises `FlowrunError` where the exit code says that nothing has run; an invalid file's findings go with it."""
    if ended.exit_code not in REFUSED and ended.exit_code >= 0:
        return
    findings = check_file(pipeline) if ended.exit_code == 65 else []
    said = "\n".join(map(str, findings)) or ended.said or "see what is said above"
    raise FlowrunError(f"flowrun ended with {ended.exit_code}: {said}", ended.exit_code, findings)
