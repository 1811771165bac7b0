#!/usr/bin/env bash
# A duration that fastparquet wrote has four meanings, one for each reader.
#
# One would guess: Parquet has no type for durations, so a column of them is stored as integers, or refused.
# Instead: fastparquet stores a timedelta as a time of day, in microseconds since midnight, also where it is longer than a
# day or negative. Of one day and two hours
#   - pyarrow makes the time 02:00:00, and of minus one second 23:59:59;
#   - polars makes null, without an error;
#   - DuckDB refuses the file: `TIME values must be within a day`;
#   - fastparquet makes the timedelta again.
# A reader of times has to check each value against the day, since such files hold others.
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

spans = pandas.to_timedelta(["1 days 02:00:00", "-1 s", "00:00:05"])
fastparquet.write("f.parquet", pandas.DataFrame({"v": spans}))
print(parquet.ParquetFile("f.parquet").schema)
try:
    refusal = str(duckdb.sql("FROM 'f.parquet'").fetchall())
except duckdb.Error as error:
    refusal = str(error)
found = {
    "pyarrow": parquet.read_table("f.parquet")["v"].to_pylist(),
    "polars": polars.read_parquet("f.parquet")["v"].to_list(),
    "fastparquet": fastparquet.ParquetFile("f.parquet").to_pandas()["v"].tolist(),
}
for reader, values in found.items():
    print(reader, *map(str, values))
print("duckdb", refusal)
time = datetime.time
assert found == {
    "pyarrow": [time(2), time(23, 59, 59), time(0, 0, 5)],
    "polars": [None, None, time(0, 0, 5)],
    "fastparquet": list(spans),
}, "this has changed"
assert "TIME values must be within a day" in refusal, "this has changed"
PYTHON
