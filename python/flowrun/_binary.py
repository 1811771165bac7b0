"""Finds the flowrun binary that belongs to this package, and calls it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from typing import Any, Dict, Sequence

from ._errors import FlowrunError


def find_binary() -> str:
    """The path of the binary: `FLOWRUN_BIN`, else the one that was installed with this package, else the one on `PATH`.

    Raises `FlowrunError` when there is none.
    """
    chosen = os.environ.get("FLOWRUN_BIN")
    if chosen:
        if not (os.path.isfile(chosen) and os.access(chosen, os.X_OK)):
            raise FlowrunError(f"`FLOWRUN_BIN` names {chosen}, which is no program")
        return os.path.abspath(chosen)
    name = "flowrun" + (sysconfig.get_config_var("EXE") or "")
    for folder in _script_folders():
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK):
            return path
    found = shutil.which("flowrun")
    if found is None:
        raise FlowrunError("no `flowrun` binary: install the package's wheel, or set `FLOWRUN_BIN` to one")
    return os.path.abspath(found)


def _script_folders() -> Sequence[str]:
    user = f"{os.name}_user"
    folders = [sysconfig.get_path("scripts")]
    if user in sysconfig.get_scheme_names():
        folders.append(sysconfig.get_path("scripts", user))
    # `pip install --target` puts scripts into a folder beside the packages.
    folders.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bin"))
    return folders


def start(arguments: Sequence[str], **options: Any) -> "subprocess.Popen[str]":
    """Starts the binary in a process group of its own, its standard output a pipe of text.

    Ctrl-C on a terminal reaches the whole foreground group. There the binary would get it twice, once from the
    terminal and once from `stop`, and the second one means "at once".
    """
    group: Dict[str, Any] = {"process_group": 0} if sys.version_info >= (3, 11) else {"start_new_session": True}
    return pipe(arguments, **group, **options)


def pipe(arguments: Sequence[str], **options: Any) -> "subprocess.Popen[str]":
    """Starts the binary, its standard output a pipe of text. Raises `FlowrunError` when it is no program of this machine."""
    binary = find_binary()
    try:
        return subprocess.Popen([binary, *arguments], stdout=subprocess.PIPE, encoding="utf-8", **options)
    except OSError as error:
        if error.filename != binary:
            raise
        raise FlowrunError(f"`{binary}` cannot be started: {error.strerror}") from None


def decoded(printed: str) -> Any:
    """The value of JSON text that the binary has printed. Raises `FlowrunError` when it is something else."""
    try:
        return json.loads(printed)
    except ValueError:
        shown = printed.strip()[:80]
        raise FlowrunError(f"`{find_binary()}` is no flowrun: it printed `{shown}` where JSON was due") from None


def call(arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Runs a command that is soon done, and returns what it printed."""
    with pipe(arguments, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        printed, said = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, printed, said)
