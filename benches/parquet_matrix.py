#!/usr/bin/env python3
"""Compares what flowrun reads and copies with what other programs wrote into Parquet files.

    benches/parquet_matrix.py FLOWRUN [--sample N] [--only TEXT] [--keep FOLDER]

It needs Python 3.11 with these packages, in a virtual environment of its own:

    pip install pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0 duckdb==2.0.1 fastparquet==2026.9.0

A cell is one file of one column: a writer (pyarrow, its Spark dialect, pandas, polars, DuckDB, fastparquet), a type with
its extreme values, an encoding, a codec, and a version of data pages. Two things are checked of each cell:

  text  flowrun → JSON Lines holds each value exactly as this script prints it, from the values that the writer was given;
  copy  flowrun → Parquet has the same schema, and each of five readers that reads the writer's own file right reads the
        copy right.

A cell is refused when the writer does not take it, when the writer stored other values than it was given (then flowrun and
pyarrow agree about the file), or when flowrun and pyarrow both refuse the file; the reason is printed. A row that JSON has
no number for must be missing from the text, and only that row. The order of cells, their values and the sample are the same
in every run (one fixed seed).

All 11,000 cells take half an hour of one core; Ctrl-C ends it with what was found until then. `--sample 300` takes 300 of
them, `--only pandas` those with this text in their name, `--keep FOLDER` leaves a file of each kind of difference in that
folder. The exit code is 1 when a cell differs.
"""

import argparse
import collections
import datetime
import decimal
import functools
import itertools
import json
import os
import pathlib
import pickle
import random
import re
import signal
import subprocess
import sys
import tempfile

import duckdb
import fastparquet
import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet

from parquet_values import FloatText, NoItem, is_same, item_text, plain

SEED = 14
# Days since 1970 are counted with 32 bits there.
INT96_MAX = (2**31 - 2_440_589) * 86_400 * 10**9
CODECS = ["none", "snappy", "gzip", "brotli", "lz4", "zstd"]
UTC = "UTC"
DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}


# ---------------------------------------------------------------------------------------------------------------------
# Types and their values. Counts are given as they are stored, so that no library's calendar stands between.


def counted(counts, arrow_type):
    """An array of times from their counts; None is a null."""
    width = pyarrow.int32() if arrow_type.bit_width == 32 else pyarrow.int64()
    return pyarrow.array(counts, width).view(arrow_type)


def mixed(maker, count):
    """Values of a seeded generator, one in seven a null."""
    generator = random.Random(SEED)
    return [None if generator.random() < 1 / 7 else maker(generator) for _ in range(count)]


def signed(bits):
    return [-(2 ** (bits - 1)), None, 2 ** (bits - 1) - 1, 0, -1]


def make_types():
    """The columns of the matrix by name."""
    a = pyarrow
    types = {}
    for bits in (8, 16, 32, 64):
        types[f"int{bits}"] = a.array(signed(bits), f"int{bits}")
        top = 2**bits - 1 if bits < 64 else 2**63 - 1
        types[f"uint{bits}"] = a.array([0, None, top, 1], f"uint{bits}")
    types["uint64_beyond"] = a.array([1, None, 2**63, 2**64 - 1], a.uint64())
    types["int32_required"] = a.array([-(2**31), 0, 2**31 - 1], a.int32())
    halves = numpy.array([0.1, -0.0, 6e-8, 65504, -65504], numpy.float16)
    types["float16"] = a.array(list(halves) + [None], a.float16())
    types["float32"] = a.array([0.1, None, -0.0, 1e-45, 3.4028234663852886e38, 16777216.0, 1.0], a.float32())
    types["float64"] = a.array([0.1, None, -0.0, 5e-324, 1.7976931348623157e308, 1.0, 1e22, 2.0**53], a.float64())
    types["float32_nan"] = a.array([1.5, float("nan"), None, float("inf"), 2.5], a.float32())
    types["float64_nan"] = a.array([1.5, float("nan"), None, -float("inf"), 2.5], a.float64())
    types["boolean"] = a.array([True, None, False])
    types["string"] = a.array(["", None, 'é"\\\n\x01\x00\u2028😀', "null", "1e5"])
    types["string_large"] = a.array(["a", None, "b" * 300], a.large_string())
    types["string_view"] = a.array(["a", None, "longer than twelve bytes"], a.string_view())
    types["string_dictionary"] = a.array(["x", None, "x", ""]).dictionary_encode()
    types["int_dictionary"] = a.array([5, None, 5, -(2**63)], a.int64()).dictionary_encode()
    types["date_dictionary"] = counted([0, None, 0], a.date32()).dictionary_encode()
    types["binary"] = a.array([b"\x00\xff", None, b"", b"text"], a.binary())
    types["binary_fixed"] = a.array([b"abc", None, b"\x00\x00\x00"], a.binary(3))
    types["uuid"] = a.ExtensionArray.from_storage(
        a.uuid(), a.array([bytes(range(16)), None, b"\xff" * 16, b"\x00" * 16], a.binary(16))
    )
    types["json"] = a.ExtensionArray.from_storage(a.json_(), a.array(['{"a": 1}', None, "null"], a.string()))
    types["date"] = counted([0, None, -719162, 2932896], a.date32())
    types["date_far"] = counted([2932897, None, -719529, 2**31 - 1, -(2**31)], a.date32())
    types["date64"] = counted([0, None, -86_400_000, 253402214400000], a.date64())
    for unit, make in (("ms", a.time32), ("us", a.time64), ("ns", a.time64)):
        day = 86_400 * 10 ** DIGITS[unit]
        types[f"time_{unit}"] = counted([0, None, day - 1, 1], make(unit))
    for unit in ("s", "ms", "us", "ns"):
        second = 10 ** DIGITS[unit]
        near = [0, None, 1, -1, 4102444800 * second, -2208988800 * second]
        end = min(2**63 - 1, 253402300799 * second)
        for zone in (None, UTC):
            name = f"timestamp_{unit}" + ("_utc" if zone else "")
            types[name] = counted(near, a.timestamp(unit, zone))
            types[name + "_9999"] = counted([end, None, -min(2**63 - 1, 62135596800 * second)], a.timestamp(unit, zone))
        # Seconds are stored as milliseconds.
        far = 2**63 - 1 if unit != "s" else (2**63 - 1) // 1000
        types[f"timestamp_{unit}_far"] = counted([far, None, -far], a.timestamp(unit))
        types[f"duration_{unit}"] = counted([0, None, 1, -1, 259_200 * second, 2**63 - 1, 1 - 2**63], a.duration(unit))
    spans = [(1, 2, 3_500_000_000), None, (0, 0, 0), (14, 0, 7_000_000), (2**31 - 1, 2**31 - 1, 999_000_000)]
    types["interval"] = a.array(spans, a.month_day_nano_interval())
    types["timestamp_paris"] = counted([0, None, 1711846800000000, 1729990800000000], a.timestamp("us", "Europe/Paris"))
    for name, arrow_type, values in (
        ("decimal9", a.decimal128(9, 2), ["-9999999.99", None, "9999999.99", "0.00", "-0.01"]),
        ("decimal18", a.decimal128(18, 0), ["-" + "9" * 18, None, "9" * 18, "0"]),
        ("decimal19", a.decimal128(19, 18), ["0.000000000000000001", None, "-9.999999999999999999"]),
        ("decimal38", a.decimal128(38, 0), ["-" + "9" * 38, None, "9" * 38]),
        ("decimal38_small", a.decimal128(38, 38), ["-0." + "9" * 38, None, "0." + "0" * 37 + "1"]),
        ("decimal76", a.decimal256(76, 0), ["-" + "9" * 76, None, "9" * 76]),
        ("decimal32", a.decimal32(9, 4), ["-99999.9999", None, "0.0001"]),
        ("decimal64", a.decimal64(18, 9), ["-999999999.999999999", None, "0.000000001"]),
    ):
        types[name] = a.array([v and decimal.Decimal(v) for v in values], arrow_type)
    types["null"] = a.nulls(3)
    types["list"] = a.array([[1, None], None, [], [2**31 - 1]], a.list_(a.int32()))
    types["list_large"] = a.array([["a", None], None, []], a.large_list(a.string()))
    types["list_fixed"] = a.array([[1, 2], None, [3, None]], a.list_(a.int16(), 2))
    types["list_list"] = a.array([[[1], None, []], None, [[]], [[None]], []], a.list_(a.list_(a.int64())))
    types["list_required"] = a.array([[1], [], [2, 3]], a.list_(a.field("element", a.int32(), nullable=False)))
    pair = a.struct([("x", a.int32()), ("y", a.string())])
    types["struct"] = a.array([{"x": 1, "y": None}, None, {"x": None, "y": "s"}, {"x": None, "y": None}], pair)
    types["list_struct"] = a.array([[{"x": 1, "y": "a"}, None], None, []], a.list_(pair))
    types["struct_list"] = a.array(
        [{"l": [1, None], "s": {"x": 1, "y": "q"}}, None, {"l": None, "s": None}],
        a.struct([("l", a.list_(a.int64())), ("s", pair)]),
    )
    moment = a.struct([("at", a.timestamp("us", UTC)), ("day", a.date32()), ("amount", a.decimal128(9, 2))])
    types["struct_times"] = a.array(
        [{"at": datetime.datetime(9999, 12, 31, tzinfo=datetime.UTC), "day": datetime.date(1, 1, 1),
          "amount": decimal.Decimal("-0.01")}, None], moment,
    )
    types["map"] = a.array([[("k", 1), ("", None)], None, []], a.map_(a.string(), a.int64()))
    types["map_int"] = a.array([[(-1, "a")], None, []], a.map_(a.int32(), a.string()))
    types["map_date"] = a.array([[(datetime.date(2020, 2, 29), [1])], None, []], a.map_(a.date32(), a.list_(a.int8())))
    types["map_struct"] = a.array([[("k", {"x": 1, "y": None}), ("l", None)], None], a.map_(a.string(), pair))
    types["int64_many"] = a.array(mixed(lambda g: g.randrange(-(2**63), 2**63), 3000), a.int64())
    types["int32_steps"] = a.array(mixed(lambda g: g.randrange(9), 3000), a.int32())
    types["float64_many"] = a.array(mixed(lambda g: g.uniform(-1e300, 1e300), 3000), a.float64())
    types["string_many"] = a.array(mixed(lambda g: "p" * g.randrange(9) + str(g.randrange(99)), 3000))
    types["boolean_many"] = a.array(mixed(lambda g: g.random() < 0.5, 3000))
    types["list_many"] = a.array(mixed(lambda g: [g.randrange(9)] * g.randrange(5), 1500), a.list_(a.int32()))
    return types


TYPES = make_types()
DUCKDB = duckdb.connect(config={"enable_external_file_cache": "false", "threads": "1"})


class Stored:
    """How a file holds times: digits of a second, whether they are moments, whether spans are known as such."""

    def __init__(self, path):
        file = pyarrow.parquet.ParquetFile(path)
        text = str(file.schema)
        units = {"milli": 3, "micro": 6, "nano": 9}
        found = re.search(r"timeUnit=(milli|micro|nano)", text)
        self.digits = units[found.group(1)] if found else 9
        self.is_utc = "isAdjustedToUTC=true" in text
        span = next((t for t in file.schema_arrow.types if pyarrow.types.is_duration(t)), None)
        self.is_duration = span is not None
        if self.is_duration and not found:
            self.digits = DIGITS[span.unit]
        # What means the same: a number of 32 bits that says so, how bytes hold a decimal, which annotations are the old ones.
        for pattern, plainer in (
            (r" field_id=-?\d+|, (is_from|force_set)_converted_type=\w+| \(Int\(bitWidth=(32|64), isSigned=true\)\)", ""),
            (r"(int32|int64|binary|fixed_len_byte_array\(\d+\)) (\w+) \(Decimal", r"bytes \2 (Decimal"),
        ):
            text = re.sub(pattern, plainer, text)
        self.schema = [line.strip() for line in text.split("{", 1)[1].splitlines()]
        self.is_int96 = " int96 " in text

    def digits_of(self, _):
        return self.digits

    def is_moment(self, _):
        return self.is_utc


# ---------------------------------------------------------------------------------------------------------------------
# Writers. Each yields the ways in which it can write, and writes a column in one of them.

ENCODINGS = ["plain", "dictionary", "delta", "delta_byte_array", "byte_stream_split"]


@functools.cache
def fitting(name, encoding):
    """The leaves of a column that can have an encoding, with the name of it; the others are plain."""
    sink = pyarrow.BufferOutputStream()
    try:
        pyarrow.parquet.write_table(table(TYPES[name], name), sink)
    except pyarrow.ArrowNotImplementedError:
        return {}
    schema = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(sink.getvalue())).schema
    numbers, texts = ("INT32", "INT64"), ("BYTE_ARRAY",)
    chosen = {}
    for leaf in (schema.column(at) for at in range(len(schema))):
        kind = leaf.physical_type
        if encoding == "delta" and kind in numbers:
            chosen[leaf.path] = "DELTA_BINARY_PACKED"
        elif encoding == "delta" and kind in texts:
            chosen[leaf.path] = "DELTA_LENGTH_BYTE_ARRAY"
        elif encoding == "delta_byte_array" and kind in (*texts, "FIXED_LEN_BYTE_ARRAY"):
            chosen[leaf.path] = "DELTA_BYTE_ARRAY"
        elif encoding == "byte_stream_split" and kind in ("FLOAT", "DOUBLE", "FIXED_LEN_BYTE_ARRAY", *numbers):
            chosen[leaf.path] = "BYTE_STREAM_SPLIT"
    return chosen


def table(array, name):
    return pyarrow.table([array], schema=pyarrow.schema([pyarrow.field("v", array.type, name not in ("int32_required",))]))


def arrow_ways():
    return itertools.product(ENCODINGS, CODECS, ["1.0", "2.0"])


def arrow_write(path, name, array, way, **more):
    encoding, codec, version = way
    options = {"use_dictionary": True}
    if encoding != "dictionary":
        options = {"use_dictionary": False, "column_encoding": fitting(name, encoding) or "PLAIN"}
    pyarrow.parquet.write_table(table(array, name), path, compression=codec, data_page_version=version, **options, **more)


def spark_ways():
    return itertools.product(["plain", "dictionary"], ["none", "snappy", "gzip", "lz4", "zstd"], ["1.0", "2.0"])


def spark_write(path, name, array, way):
    # Spark's files have 96-bit times, lists of the older form, and no schema of Arrow.
    arrow_write(path, name, array, way, flavor="spark", use_deprecated_int96_timestamps=True,
                use_compliant_nested_type=False, store_schema=False, store_decimal_as_integer=True)


NULLABLE = {"int8": "Int8", "int16": "Int16", "int32": "Int32", "int64": "Int64", "uint8": "UInt8", "uint16": "UInt16",
            "uint32": "UInt32", "uint64": "UInt64", "float": "Float32", "double": "Float64", "bool": "boolean"}


def frame(array):
    """A column as a user of pandas holds it."""
    t, types = array.type, pyarrow.types
    if str(t) in NULLABLE:
        values = array.to_pylist()
        dtype = NULLABLE[str(t)]
        if not dtype.startswith("Float"):
            return pandas.DataFrame({"v": pandas.array(values, dtype=dtype)})
        numbers = numpy.array([0.0 if v is None else v for v in values], dtype.lower())
        nulls = numpy.array([v is None for v in values])
        return pandas.DataFrame({"v": pandas.arrays.FloatingArray(numbers, nulls)})
    if types.is_timestamp(t) or types.is_duration(t):
        counts = [-(2**63) if v is None else v for v in array.view(pyarrow.int64()).to_pylist()]
        kind = "datetime64" if types.is_timestamp(t) else "timedelta64"
        column = pandas.Series(numpy.array(counts, "int64").view(f"{kind}[{t.unit}]"))
        if types.is_timestamp(t) and t.tz:
            column = column.dt.tz_localize("UTC").dt.tz_convert(t.tz)
        return pandas.DataFrame({"v": column})
    if types.is_nested(t):
        return pandas.DataFrame({"v": pandas.Series(array.to_pylist(), dtype=object)})
    return pandas.DataFrame({"v": array.to_pandas(date_as_object=True)})


def pandas_ways():
    return itertools.product(["own"], CODECS, ["1.0", "2.0"])


def pandas_write(path, name, array, way):
    _, codec, version = way
    codec = None if codec == "none" else codec
    frame(array).to_parquet(path, engine="pyarrow", compression=codec, data_page_version=version)


def polars_ways():
    return itertools.product(["own", "tiny pages"], ["uncompressed", "snappy", "gzip", "brotli", "lz4", "zstd"], ["own"])


def polars_write(path, name, array, way):
    pages, codec, _ = way
    size = 64 if pages == "tiny pages" else None
    polars.from_arrow(table(array, name)).write_parquet(path, compression=codec, data_page_size=size)


def duckdb_ways():
    codecs = ["uncompressed", "snappy", "gzip", "brotli", "lz4_raw", "zstd"]
    return itertools.product(["plain", "dictionary", "int96"], codecs, ["V1", "V2"])


def duckdb_write(path, name, array, way):
    encoding, codec, version = way
    more = {"plain": ", dictionary_size_limit 0", "int96": ", write_timestamp_as_int96 true"}.get(encoding, "")
    DUCKDB.register("given", table(array, name))
    DUCKDB.sql(
        f"COPY (SELECT * FROM given) TO '{path}' (FORMAT parquet, CODEC {codec}, PARQUET_VERSION {version}{more})"
    )


def fastparquet_ways():
    codecs = ["uncompressed", "snappy", "gzip", "brotli", "lz4_raw", "zstd"]
    return itertools.product(["int64", "int96"], codecs, ["1", "2"])


def fastparquet_write(path, name, array, way):
    times, codec, version = way
    fastparquet.writer.DATAPAGE_VERSION = int(version)
    fastparquet.write(str(path), frame(array), compression=codec.upper(), times=times)


WRITERS = {
    "pyarrow": (arrow_ways, arrow_write),
    "spark": (spark_ways, spark_write),
    "pandas": (pandas_ways, pandas_write),
    "polars": (polars_ways, polars_write),
    "duckdb": (duckdb_ways, duckdb_write),
    "fastparquet": (fastparquet_ways, fastparquet_write),
}


# ---------------------------------------------------------------------------------------------------------------------
# Readers: the plain values of the one column.


def read_pyarrow(path):
    return plain(pyarrow.parquet.ParquetFile(path).read().column(0))


def read_pandas(path):
    column = pandas.read_parquet(path, engine="pyarrow", dtype_backend="numpy_nullable")["v"]
    return plain(pyarrow.array(column, from_pandas=True))


def read_polars(path):
    return plain(polars.read_parquet(path).to_arrow().column(0))


def read_duckdb(path):
    return plain(DUCKDB.sql(f"SELECT * FROM read_parquet('{path}')").to_arrow_table().column(0))


def read_fastparquet(path):
    # In a process of its own, because some valid files end it.
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        try:
            column = fastparquet.ParquetFile(str(path)).to_pandas()["v"]
            answer = ("read", plain(pyarrow.array(column, from_pandas=True)))
        except BaseException as error:
            answer = ("refused", brief(error))
        with open(writing, "wb") as pipe:
            pipe.write(pickle.dumps(answer))
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    did, what = pickle.loads(answer) if answer else ("refused", "the process ended")
    if did == "refused":
        raise ValueError(what)
    return what


READERS = {
    "pyarrow": read_pyarrow,
    "pandas": read_pandas,
    "polars": read_polars,
    "duckdb": read_duckdb,
    "fastparquet": read_fastparquet,
}


def attempt(read, path):
    """The values, or what the reader says instead."""
    try:
        return "read", read(path)
    except BaseException as error:  # A panic of polars is no Exception.
        if isinstance(error, KeyboardInterrupt):
            raise
        return "refused", brief(error)


def brief(error):
    lines = (str(error).strip() or type(error).__name__).splitlines()
    return re.sub(r"/\S+/", "", lines[0])[:110]


# ---------------------------------------------------------------------------------------------------------------------
# One cell.

READ = "steps:\n  in: {read: {path: in.parquet, min_success_ratio: 0}}\n  out: {from: in, write: out.jsonl}\n"
COPY = "steps:\n  in: {read: in.parquet}\n  out: {from: in, write: out.parquet}\n"


class Matrix:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.tally = collections.Counter()
        self.refused = collections.defaultdict(list)
        self.faults = collections.defaultdict(list)
        self.quirks = collections.defaultdict(list)
        (folder / "read.yaml").write_text("version: 1\nname: read\n" + READ)
        (folder / "copy.yaml").write_text("version: 1\nname: copy\n" + COPY)

    def flowrun(self, pipeline):
        call = [self.binary, pipeline, "--no-state", "-q", "--color", "never"]
        return subprocess.run(call, cwd=self.folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def report(self):
        """Prints what was found; the exit code."""
        show("refused, with the reason:", self.refused)
        show("different, as flowrun has it:", self.faults)
        print("\nwhat the readers make of the writers' own files (not compared):")
        for quirk, found in sorted(self.quirks.items()):
            print(f"  {len(found):5}  {' '.join(quirk)}   [{found[0]}]")
        print()
        for what, count in self.tally.items():
            print(f"{count:6}  {what}")
        different = self.tally["tried"] - self.tally["refused"] - self.tally["equal"]
        print(f"{different:6}  different")
        return 1 if different else 0

    def refuse(self, cell, reason):
        self.tally["refused"] += 1
        self.refused[cell.writer, cell.name, reason].append(cell)

    def fault(self, cell, part, reason):
        self.faults[cell.writer, cell.name, part, reason].append(cell)

    def try_cell(self, cell, keep):
        """Checks a cell, and keeps its file in the folder `keep` when something differs."""
        faults = len(self.faults)
        self.check(cell)
        if keep and len(self.faults) > faults:
            keep.mkdir(parents=True, exist_ok=True)
            name = re.sub("[^A-Za-z0-9_.]+", "-", str(cell))
            (keep / f"{name}.parquet").write_bytes((self.folder / "in.parquet").read_bytes())

    def check(self, cell):
        source = self.folder / "in.parquet"
        for name in ("in.parquet", "out.parquet", "out.jsonl"):
            (self.folder / name).unlink(missing_ok=True)
        try:
            cell.write(source)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            self.tally["tried"] += 1
            return self.refuse(cell, "the writer: " + brief(error))
        self.tally["tried"] += 1
        given = plain(cell.array)
        is_time = pyarrow.types.is_timestamp(cell.array.type)
        if is_time and Stored(source).is_int96 and max(abs(v) for v in given if v is not None) > INT96_MAX:
            return self.refuse(cell, "the writer: cut off bits of times that INT96 has no room for")
        text_fault = self.check_text(source, cell.array.type, given)
        if text_fault and (reason := self.fault_of_file(source, given, text_fault)):
            return self.refuse(cell, reason)
        if text_fault:
            self.fault(cell, "text", text_fault)
        copy_faults = self.check_copy(cell, source, given)
        for fault in copy_faults:
            self.fault(cell, "copy", fault)
        self.tally["text equal"] += not text_fault
        self.tally["copy equal"] += not copy_faults
        self.tally["equal"] += not (text_fault or copy_faults)

    def fault_of_file(self, source, given, text_fault):
        """Why the file does not hold the values given, where flowrun and pyarrow agree about it."""
        did, read = attempt(read_pyarrow, source)
        if did == "refused":
            return f"flowrun and pyarrow refuse the file: {text_fault}" if "exit code 1:" in text_fault else None
        as_read = pyarrow.parquet.ParquetFile(source).schema_arrow.field(0).type
        if self.check_text(source, as_read, read):
            return None
        if read == given:
            return f"the writer stored another type: {as_read}"
        first = next(((g, r) for g, r in zip(given, read) if g != r), (len(given), len(read)))
        return f"the writer stored other values: {first[1]!r:.40} for {first[0]!r:.40}"

    def check_text(self, source, column_type, values):
        """What is wrong with the items that flowrun reads, or None."""
        stored, expect = Stored(source), []
        for value in values:
            try:
                expect.append({"v": item_text(value, column_type, stored)})
            except NoItem:
                pass
        done = self.flowrun("read.yaml")
        if done.returncode:
            return f"exit code {done.returncode}: {said(done)}"
        lines = (self.folder / "out.jsonl").read_text().split("\n")[:-1]
        found = [json.loads(line, parse_float=FloatText) for line in lines]
        for want, got in zip(expect, found):
            if not is_same(want, got):
                return f"{json.dumps(got['v'])[:70]} instead of {json.dumps(want['v'])[:70]}"
        return None if len(found) == len(expect) else f"{len(found)} items instead of {len(expect)}: {said(done)}"

    def check_copy(self, cell, source, given):
        """What is wrong with the copy that flowrun writes."""
        done = self.flowrun("copy.yaml")
        if done.returncode:
            return [f"exit code {done.returncode}: {said(done)}"]
        copy, faults = self.folder / "out.parquet", []
        before, after = Stored(source).schema, Stored(copy).schema
        if before != after:
            lines = itertools.zip_longest(before, after)
            want, got = next((one, other) for one, other in lines if one != other)
            faults.append(f"schema `{got}` instead of `{want}`")
        for name, read in READERS.items():
            (did, want), (does, got) = attempt(read, source), attempt(read, copy)
            if did == "refused":
                self.quirks[name, "does not read", want].append(str(cell))
            elif want != given:
                first = next(((w, g) for w, g in zip(want, given) if w != g), (len(want), len(given)))
                self.quirks[name, "reads otherwise", f"{first[0]!r:.50} for {first[1]!r:.50}"].append(str(cell))
            elif does == "refused":
                faults.append(f"{name} cannot read the copy: {got}")
            elif got != given:
                first = next(((w, g) for w, g in zip(want, got) if w != g), (len(want), len(got)))
                faults.append(f"{name} reads {first[1]!r:.60} instead of {first[0]!r:.60}")
        return faults


def said(done):
    """The reason that flowrun gives."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return next((line for line in lines if "failed:" in line), " ".join(lines[:2]))[:200]


class Cell:
    def __init__(self, writer, name, array, way):
        self.writer, self.name, self.array, self.way = writer, name, array, way

    def __str__(self):
        return f"{self.writer} {self.name} {' '.join(map(str, self.way))}"

    def is_meant(self):
        """Whether a column of this type can be written so: times of 96 bits, and encodings that the format allows."""
        if "int96" in self.way:
            return pyarrow.types.is_timestamp(self.array.type)
        return self.way[0] not in ENCODINGS[2:] or bool(fitting(self.name, self.way[0]))

    def write(self, path):
        WRITERS[self.writer][1](path, self.name, self.array, self.way)


def show(title, groups):
    """Each reason once, with how many cells have it and the first of them."""
    print(f"\n{title}")
    reasons = collections.defaultdict(list)
    for (writer, name, *reason), cells in groups.items():
        reasons[(writer, *reason)].append((name, cells))
    for (writer, *reason), found in sorted(reasons.items(), key=str):
        names = ", ".join(name for name, _ in found)
        count = sum(len(cells) for _, cells in found)
        print(f"  {count:5}  {writer}, {names}: {': '.join(reason)}   [{found[0][1][0]}]")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("flowrun", type=pathlib.Path)
    parser.add_argument("--sample", type=int)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    cells = [
        Cell(writer, name, array, way)
        for writer, (ways, _) in WRITERS.items()
        for name, array in TYPES.items()
        for way in ways()
    ]
    cells = [cell for cell in cells if options.only in str(cell) and cell.is_meant()]
    if options.sample:
        cells = sorted(random.Random(SEED).sample(cells, min(options.sample, len(cells))), key=str)
    # Libraries write there what they give up on; it is told as a reason below.
    sys.stderr = os.fdopen(os.dup(2), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    with tempfile.TemporaryDirectory() as folder:
        matrix = Matrix(str(options.flowrun.resolve()), pathlib.Path(folder))
        try:
            for cell in cells:
                matrix.try_cell(cell, options.keep)
        except KeyboardInterrupt:
            print("interrupted; what was found until then:")
    return matrix.report()


if __name__ == "__main__":
    sys.exit(main())
