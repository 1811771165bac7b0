#!/usr/bin/env bash
# pyarrow does not read back the rows that it wrote: 0 of 5000, without an error.
#
# One would guess: `data_page_size` decides how large pages are, and every reader goes on to the next page when one is over.
# Instead: with a page size of up to 4 bytes and small row groups, pyarrow's writer begins the chunk of a list column with a
# data page that holds no value. The format allows that. pyarrow's reader takes such a page for the end of the chunk, and its
# table is empty, although `metadata.num_rows` says 5000. DuckDB and polars read all rows.
# Columns without lists are not affected, nor are pages of 64 bytes.
#
# pyarrow 26.0.1, duckdb 2.0.1, polars 2.1.0 with Python 3.11. The script fails when this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 duckdb==2.0.1 polars==2.1.0
cd "$folder"
venv/bin/python - <<'PYTHON'
import duckdb, polars, pyarrow
import pyarrow.parquet as parquet


def look(values, page_size):
    parquet.write_table(pyarrow.table({"v": values}), "f.parquet", data_page_size=page_size, row_group_size=1)
    counts = {
        "footer": parquet.ParquetFile("f.parquet").metadata.num_rows,
        "pyarrow": parquet.read_table("f.parquet").num_rows,
        "duckdb": len(duckdb.sql("FROM 'f.parquet'").fetchall()),
        "polars": polars.read_parquet("f.parquet").height,
    }
    print(page_size, counts)
    return counts


lists = [[number, None] for number in range(5000)]
assert look(lists, 1) == {"footer": 5000, "pyarrow": 0, "duckdb": 5000, "polars": 5000}, "this has changed"
assert look(lists, 4)["pyarrow"] == 0, "this has changed"
assert look(lists, 64)["pyarrow"] == 5000, "this has changed"
assert look(list(range(5000)), 1)["pyarrow"] == 5000, "this has changed"
PYTHON
