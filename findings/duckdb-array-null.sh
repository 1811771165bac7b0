#!/usr/bin/env bash
# pyarrow cannot read a column of DuckDB's type ARRAY in which one value is null.
#
# One would guess: INTEGER[2] is stored as a list, like INTEGER[], and a null among its values is what a null in a list column
# always is.
# Instead: the file is fine while no value is null. With one, DuckDB gives the null as many entries as the type has elements,
# so that the entries of the column are one more than pyarrow counts, and it stops with `Length spanned by list offsets (5)
# larger than values array (length 4)`. DuckDB and polars read the file as it was meant. A column of INTEGER[] with the same
# values is read by all three.
#
# duckdb 2.0.1, pyarrow 26.0.1, polars 2.1.0 with Python 3.11. The script fails when this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1 polars==2.1.0
cd "$folder"
venv/bin/python - <<'PYTHON'
import duckdb, polars
import pyarrow.parquet as parquet


def look(kind, values):
    rows = ", ".join("(NULL)" if value is None else f"({value})" for value in values)
    duckdb.sql(f"COPY (SELECT v::{kind} v FROM (VALUES {rows}) t(v)) TO 'f.parquet' (FORMAT parquet)")
    found = [row[0] for row in duckdb.sql("FROM 'f.parquet'").fetchall()]
    assert [value and list(value) for value in found] == values
    assert polars.read_parquet("f.parquet")["v"].to_list() == values
    try:
        read = parquet.read_table("f.parquet")["v"].to_pylist()
    except Exception as error:
        read = str(error)
    print(kind, values, "pyarrow:", read)
    return read


whole, with_null = [[1, 2], [3, 4]], [[1, 2], None, [3, 4]]
assert look("INTEGER[2]", whole) == whole, "this has changed"
assert look("INTEGER[]", with_null) == with_null, "this has changed"
refusal = "Length spanned by list offsets (5) larger than values array (length 4)"
assert look("INTEGER[2]", with_null) == refusal, "this has changed"
PYTHON
