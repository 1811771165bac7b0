"""Joins and groups by DuckDB, polars and pandas, as their users would write them.

    python3 tables.py duckdb|polars|pandas join ORDERS PARTNERS OUT
    python3 tables.py duckdb|polars|pandas aggregate CALLS OUT

Needs the packages of these names. Two threads where there are threads. DuckDB and polars get the columns' types, so that
nothing is spent on guessing them; pandas has no such option for JSON lines that is faster.
"""

import os
import sys

ORDERS = {"id": "BIGINT", "customer": "BIGINT", "amount": "DOUBLE"}
PARTNERS = {"id": "BIGINT", "name": "VARCHAR"}
CALLS = {"user": "VARCHAR", "ms": "DOUBLE"}
# DuckDB's bound of memory, the same as flowrun's `memory`.
MEMORY = "1GB"


def duckdb_table(path, columns):
    typed = ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())
    return f"read_json('{path}', format = 'newline_delimited', columns = {{{typed}}})"


def duckdb_run(query, target):
    import duckdb

    settings = {"threads": 2, "memory_limit": MEMORY, "temp_directory": os.path.dirname(os.path.abspath(target))}
    settings["preserve_insertion_order"] = False
    duckdb.connect(config=settings).execute(f"copy ({query}) to '{target}' (format json)")


def duckdb_join(orders, partners, target):
    left, right = duckdb_table(orders, ORDERS), duckdb_table(partners, PARTNERS)
    duckdb_run(f"select o.id, o.amount, p.name from {left} o join {right} p on o.customer = p.id", target)


def duckdb_aggregate(calls, target):
    values = "count(*) calls, sum(ms) total, avg(ms) mean, quantile_cont(ms, 0.95) p95"
    duckdb_run(f'select "user" as key, {values} from {duckdb_table(calls, CALLS)} group by "user"', target)


def polars_scan(path, columns):
    import polars

    kinds = {"BIGINT": polars.Int64, "DOUBLE": polars.Float64, "VARCHAR": polars.String}
    return polars.scan_ndjson(path, schema={name: kinds[kind] for name, kind in columns.items()})


def polars_join(orders, partners, target):
    joined = polars_scan(orders, ORDERS).join(polars_scan(partners, PARTNERS), left_on="customer", right_on="id")
    joined.select("id", "amount", "name").sink_ndjson(target, engine="streaming")


def polars_aggregate(calls, target):
    from polars import col, len as count

    ms = col("ms")
    values = [count().alias("calls"), ms.sum().alias("total"), ms.mean().alias("mean")]
    values.append(ms.quantile(0.95, "linear").alias("p95"))
    groups = polars_scan(calls, CALLS).group_by("user").agg(values).rename({"user": "key"})
    groups.sink_ndjson(target, engine="streaming")


def pandas_join(orders, partners, target):
    import pandas

    left, right = pandas.read_json(orders, lines=True), pandas.read_json(partners, lines=True)
    joined = left.merge(right[["id", "name"]].rename(columns={"id": "customer"}), on="customer")
    joined[["id", "amount", "name"]].to_json(target, orient="records", lines=True, force_ascii=False)


def pandas_aggregate(calls, target):
    import pandas

    groups = pandas.read_json(calls, lines=True).groupby("user", sort=False)["ms"]
    table = pandas.DataFrame({"calls": groups.size(), "total": groups.sum(), "mean": groups.mean(), "p95": groups.quantile(0.95)})
    table.rename_axis("key").reset_index().to_json(target, orient="records", lines=True, double_precision=15)


def main(tool, task, *paths):
    if tool == "polars":
        # It reads this when it is loaded.
        os.environ.setdefault("POLARS_MAX_THREADS", "2")
    globals()[f"{tool}_{task}"](*paths)


if __name__ == "__main__":
    main(*sys.argv[1:])
