#!/usr/bin/env bash
# DuckDB writes a column that pyarrow cannot read, when its files are to be of version 2.
#
# One would guess: `COPY … (FORMAT parquet, PARQUET_VERSION V2)` makes files that any reader of Parquet takes, whatever the
# numbers are; versions differ in encodings, not in what can be stored.
# Instead: an UINTEGER column with a value from 2^31 on, and an INTEGER column whose neighbours lie more than 2^31 apart, is
# packed as deltas of more than 32 bits under a 32-bit type. pyarrow stops with `InitBlock EOF`, `InitHeader EOF` or `delta
# bit width larger than integer bit width`; DuckDB itself and polars read the values. Version V1, the default, is not
# affected, nor are 64-bit columns.
#
# duckdb 2.0.1, pyarrow 26.0.1, polars 2.1.0 with Python 3.11. The script fails when any of this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0
cd "$folder"
venv/bin/python - <<'PYTHON'
import duckdb, polars
import pyarrow.parquet as parquet


def pyarrow_says(path):
    try:
        return parquet.read_table(path)["v"].to_pylist()
    except OSError as error:
        return str(error)


def look(kind, values, version, expect):
    duckdb.sql(f"COPY (SELECT unnest({values})::{kind} v) TO 'f.parquet' (FORMAT parquet, PARQUET_VERSION {version})")
    found = {
        "duckdb": [row[0] for row in duckdb.sql("FROM 'f.parquet'").fetchall()],
        "polars": polars.read_parquet("f.parquet")["v"].to_list(),
        "pyarrow": pyarrow_says("f.parquet"),
    }
    print(kind, values, version, found)
    assert found == {"duckdb": values, "polars": values, "pyarrow": expect or values}, "this has changed"


look("UINTEGER", [0, 2147483647], "V2", None)
look("UINTEGER", [0, 2147483648], "V2", "Unexpected end of stream: InitBlock EOF")
look("UINTEGER", [3000000000, 3000000001], "V2", "Unexpected end of stream: InitHeader EOF")
look("INTEGER", [-2147483648, 2147483647, 0], "V2", "delta bit width larger than integer bit width")
look("UINTEGER", [3000000000, 3000000001], "V1", None)
look("UBIGINT", [0, 18446744073709551615, 1], "V2", None)
PYTHON
