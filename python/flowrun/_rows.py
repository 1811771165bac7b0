"""A kept collection of a run: read anew, as a stream, each time that it is iterated over."""

from __future__ import annotations

import itertools
import os
import subprocess
from typing import Any, Callable, Generic, Iterator, List, Optional, Sequence, TypeVar, cast

from ._binary import decoded, pipe
from ._errors import FlowrunError

CHUNK = 10_000
"""Rows that are turned into columns at once."""

Row = TypeVar("Row")


class Rows(Generic[Row]):
    """The rows in their order. Iterating reads them from the run's folder, one after the other, never all at once.

    Without arguments of the binary that prints them there are none.
    """

    def __init__(self, arguments: Optional[Sequence[str]], values_of: Callable[[Any], Iterator[Row]]) -> None:
        self._arguments = None if arguments is None else list(arguments)
        self._values_of = values_of

    def __repr__(self) -> str:
        if self._arguments is None:
            return "<flowrun.Rows, none>"
        return f"<flowrun.Rows, read by iterating over them: {' '.join(self._arguments)}>"

    def __iter__(self) -> Iterator[Row]:
        for line in () if self._arguments is None else _lines(self._arguments):
            yield from self._values_of(decoded(line))

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`, made in chunks of 10,000 rows. Rows that are no maps become a column `value`."""
        import pyarrow as arrow

        tables = [arrow.Table.from_pylist(chunk) for chunk in self._chunks()]
        if not tables:
            return arrow.table({})
        try:
            return arrow.concat_tables(tables, promote_options="permissive")
        except TypeError:
            # The option is new in pyarrow 14.
            return arrow.concat_tables(tables, promote=True)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with a column for each key; maps and lists within stay Python values."""
        import pandas

        frames = [pandas.DataFrame.from_records(chunk) for chunk in self._chunks()]
        return pandas.concat(frames, ignore_index=True) if frames else pandas.DataFrame()

    def to_polars(self) -> Any:
        """A `polars.DataFrame` with a column for each key, typed after all rows."""
        import polars

        rows = list(itertools.chain.from_iterable(self._chunks()))
        return polars.from_dicts(rows, infer_schema_length=None) if rows else polars.DataFrame()

    def _chunks(self) -> "Iterator[List[Any]]":
        rows = (row if isinstance(row, dict) else {"value": row} for row in self)
        while True:
            chunk = list(itertools.islice(rows, CHUNK))
            if not chunk:
                return
            yield chunk


def _lines(arguments: Sequence[str]) -> Iterator[str]:
    """Lines of standard output, as they come. Ends the program when the reader loses interest."""
    environment = {**os.environ, "NO_COLOR": "1"}
    with pipe(arguments, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment) as program:
        is_whole = False
        try:
            yield from cast("Iterator[str]", program.stdout)
            is_whole = True
        finally:
            if not is_whole:
                program.kill()
        # Warnings are few, so the pipe holds them until here.
        said = program.stderr.read().strip() if program.stderr else ""
    if program.returncode != 0:
        raise FlowrunError(said, program.returncode)
