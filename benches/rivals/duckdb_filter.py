"""DuckDB on two threads: the records that the filter lets pass, in input order.

    python3 duckdb_filter.py IN OUT [THREADS]

Needs `pip install duckdb`. The columns are given, so that nothing is spent on guessing them, and times stay text.
"""

import sys

import duckdb

COLUMNS = {
    "id": "BIGINT",
    "name": "VARCHAR",
    "email": "VARCHAR",
    "city": "VARCHAR",
    "country": "VARCHAR",
    "active": "BOOLEAN",
    "qty": "BIGINT",
    "price": "DOUBLE",
    "tags": "VARCHAR[]",
    "created": "VARCHAR",
}


def main(source, target, threads="2"):
    connection = duckdb.connect(config={"threads": int(threads)})
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items())
    connection.execute(
        f"""copy (
            select * from read_json('{source}', format = 'newline_delimited', columns = {{{columns}}})
            where qty = 20 and price > 400
        ) to '{target}' (format json)"""
    )


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
