#!/usr/bin/env bash
# fastparquet writes other times than a pandas frame holds, without an error, when their unit is not the one it knows.
#
# One would guess: a frame's times come out as they went in, whatever unit pandas chose for them; the worst is an error.
# Instead, with pandas 3, which gives a column the unit of what it was made from:
#   - times in seconds (what pandas makes of `datetime.date`s and of NumPy days) are divided by 1000: the second of January
#     2024 is stored as 1970-01-01 00:28:24.153, and pyarrow, DuckDB and polars read that; fastparquet cannot read it back;
#   - with `times="int96"` all counts are taken for nanoseconds, also the microseconds that pandas 3 has by default: the same
#     day becomes 1970-01-20.
# Times in microseconds as 64-bit integers, and nanoseconds in both forms, are right.
#
# fastparquet 2026.9.0, pandas 3.1.1, pyarrow 26.0.1, duckdb 2.0.1, polars 2.1.0 with Python 3.11. The script fails when
# this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  fastparquet==2026.9.0 pandas==3.1.1 pyarrow==26.0.1 duckdb==2.0.1 polars==2.1.0
cd "$folder"
venv/bin/python - <<'PYTHON'
import datetime
import duckdb, fastparquet, pandas, polars
import pyarrow.parquet as parquet


def look(column, times, expect):
    fastparquet.write("f.parquet", pandas.DataFrame({"v": column}), times=times)
    found = [
        parquet.read_table("f.parquet")["v"].to_pylist()[0],
        duckdb.sql("FROM 'f.parquet'").fetchall()[0][0],
        polars.read_parquet("f.parquet")["v"].to_list()[0],
    ]
    texts = {str(moment)[:23] for moment in found}
    print(f"{column.dtype} as {times}: {column[0]} is written as {texts}")
    assert texts == {expect}, "this has changed"


days = pandas.to_datetime(pandas.Series([datetime.date(2024, 1, 2)]))
assert days.dtype == "datetime64[s]"
look(days, "int64", "1970-01-01 00:28:24.153")
try:
    fastparquet.ParquetFile("f.parquet").to_pandas()
    raise AssertionError("this has changed")
except ValueError as error:
    print("  fastparquet itself:", error)

usual = pandas.Series(pandas.to_datetime(["2024-01-02"]))
assert usual.dtype == "datetime64[us]"
look(usual, "int64", "2024-01-02 00:00:00")
look(usual, "int96", "1970-01-20 17:22:33.600")
look(usual.astype("datetime64[ns]"), "int96", "2024-01-02 00:00:00")
PYTHON
