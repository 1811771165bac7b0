"""Makes `types.parquet`, a file of another program's, with pyarrow: `pip install pyarrow`, `python make.py`."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

utc = dt.timezone.utc
table = pa.table(
    {
        "i": pa.array([1, None, -(2**63)], pa.int64()),
        "u": pa.array([1, 2, 2**63], pa.uint64()),
        "f": pa.array([1.5, None, 1e300], pa.float64()),
        "s": pa.array(["a", None, 'é"\n'], pa.string()),
        "b": pa.array([True, False, None]),
        "d": pa.array([dt.date(2024, 2, 29), None, dt.date(1, 1, 1)]),
        "t": pa.array([dt.datetime(2024, 2, 29, 12, 30, 0, 5000), None, None], pa.timestamp("us")),
        "tz": pa.array([dt.datetime(2024, 2, 29, 12, 30, tzinfo=utc), None, None], pa.timestamp("ms", tz="UTC")),
        "dec": pa.array([Decimal("12345678901234567890.12"), None, Decimal("-0.10")], pa.decimal128(30, 2)),
        "raw": pa.array([b"\x00\xff", None, b""], pa.binary()),
        "cat": pa.array(["x", "y", "x"]).dictionary_encode(),
        "list": pa.array([[1, None], [], None], pa.list_(pa.int32())),
        "map": pa.array([[("k", 1)], [], None], pa.map_(pa.string(), pa.int64())),
        "deep": pa.array([{"a": [{"b": 1}]}, {"a": None}, None], pa.struct([("a", pa.list_(pa.struct([("b", pa.int64())])))])),
    }
)
pq.write_table(table, "types.parquet", row_group_size=2, compression="zstd")
