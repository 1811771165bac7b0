"""polars on two threads: the records that the filter lets pass, in input order.

    python3 polars_filter.py IN OUT [THREADS]

Needs `pip install polars`. The columns are given, so that nothing is spent on guessing them, and times stay text.
"""

import os
import sys


def main(source, target, threads="2"):
    os.environ["POLARS_MAX_THREADS"] = threads
    import polars

    columns = {
        "id": polars.Int64,
        "name": polars.String,
        "email": polars.String,
        "city": polars.String,
        "country": polars.String,
        "active": polars.Boolean,
        "qty": polars.Int64,
        "price": polars.Float64,
        "tags": polars.List(polars.String),
        "created": polars.String,
    }
    rows = polars.scan_ndjson(source, schema=columns)
    rows.filter((polars.col("qty") == 20) & (polars.col("price") > 400)).sink_ndjson(target)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
