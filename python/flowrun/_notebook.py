"""Progress in a notebook: one small table in the cell that ran the pipeline, with a row for each step."""

from __future__ import annotations

import html
import importlib
import time
from typing import Any, Dict, List

REDRAW_AFTER = 0.5
"""Seconds between two drawings: a notebook keeps every one in its messages."""

_COLUMNS = ("successes", "failures", "skipped", "cancelled", "retried")


def is_notebook() -> bool:
    """Whether this code runs in the kernel of a notebook, where standard error of other programs is not seen."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")


class Table:
    """Follows the events of a run, and draws itself anew twice a second at most."""

    def __init__(self) -> None:
        self._rows: Dict[str, Dict[str, Any]] = {}
        self._drawn = 0.0
        self._handle: Any = None
        self._title = ""

    def take(self, event: Dict[str, Any]) -> None:
        """Takes note of an event."""
        kind, step = event["event"], event.get("step") or ""
        if kind == "run_started":
            self._title = f"{event['pipeline']} · run {event['run']}"
            self._rows = {one["id"]: {"status": "waiting", **one} for one in event["steps"]}
        elif kind == "run_finished":
            self._title += f" · {event['status']} in {event['duration']:.1f} s"
        elif kind == "step_started":
            self._rows[step]["status"] = "running"
            self._rows[step]["total"] = event["total"]
        elif kind in ("progress", "step_finished"):
            self._rows[step].update(event)
        else:
            return
        now = time.monotonic()
        if kind in ("run_started", "run_finished") or now - self._drawn >= REDRAW_AFTER:
            self._drawn = now
            self._draw()

    def _draw(self) -> None:
        # By name: whether it has types depends on what is installed.
        shown: Any = importlib.import_module("IPython.display")
        page = shown.HTML(self.page())
        if self._handle is None:
            self._handle = shown.display(page, display_id=True)
        else:
            self._handle.update(page)

    def page(self) -> str:
        """The table as HTML. Numbers that are not known yet stay empty."""
        head = "".join(f"<th scope=col>{name}</th>" for name in ("step", "status", "done", *_COLUMNS))
        rows = "".join(_row(row) for row in self._rows.values())
        return f"<table><caption>{html.escape(self._title)}</caption><tr>{head}</tr>{rows}</table>"


def _row(row: Dict[str, Any]) -> str:
    done = sum(row.get(name, 0) for name in ("successes", "failures", "skipped", "cancelled"))
    total = row.get("total")
    cells: List[Any] = [row["status"], f"{done:,} of {total:,}" if total is not None else f"{done:,}"]
    cells += [f"{row.get(name, 0):,}" for name in _COLUMNS]
    text = "".join(f"<td>{html.escape(str(cell))}</td>" for cell in cells)
    return f"<tr><th scope=row>{html.escape(row['id'])}</th>{text}</tr>"
