#!/usr/bin/env bash
# fastparquet reads other numbers than a file holds, without an error, where they are packed as deltas.
#
# One would guess: a reader that knows an encoding (DELTA_BINARY_PACKED, which DuckDB's version 2 and pyarrow's
# `column_encoding` write) reads it for all values of the type, or refuses the file.
# Instead: when the deltas of a block need more than 28 bits, fastparquet gives the first values right and then others, most of
# them running down to large negative numbers. Up to 28 bits all is right. A column of times in microseconds with a few
# minutes between them is beyond that. pyarrow and polars read all of them.
#
# fastparquet 2026.9.0, pyarrow 26.0.1, polars 2.1.0, pandas 3.1.1 with Python 3.11. The script fails when this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  fastparquet==2026.9.0 pyarrow==26.0.1 polars==2.1.0 pandas==3.1.1
cd "$folder"
venv/bin/python - <<'PYTHON'
import datetime
import fastparquet, polars, pyarrow
import pyarrow.parquet as parquet


def look(values, kind):
    column = pyarrow.table({"v": pyarrow.array(values, kind)})
    parquet.write_table(column, "f.parquet", use_dictionary=False, column_encoding={"v": "DELTA_BINARY_PACKED"})
    assert polars.read_parquet("f.parquet")["v"].to_list() == values
    assert parquet.read_table("f.parquet")["v"].to_pylist() == values
    found = fastparquet.ParquetFile("f.parquet").to_pandas()["v"].tolist()
    print("written:", *map(str, values), "\n   read:", *map(str, found))
    return found


narrow = [0, 1, 2**26, 3, 2**26, 5]
assert look(narrow, pyarrow.int64()) == narrow, "this has changed"
wide = look([5, 2**35, 7, 2**36, 9], pyarrow.int64())
assert wide == [5, 34359738368, -34225520633, -102940803120, -171660279847], "this has changed"

day = datetime.datetime(2024, 1, 1)
times = [day + datetime.timedelta(minutes=minutes) for minutes in (0, 10, 5, 25, 20, 40)]
read = [moment.to_pydatetime() for moment in look(times, pyarrow.timestamp("us"))]
assert read[:2] == times[:2] and read != times, "this has changed"
PYTHON
