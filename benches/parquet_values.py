"""Plain values of Arrow's arrays, whichever library has made them, and the JSON that flowrun must give for them.

Times are nanoseconds, floats their exact repr.
"""

import json
import struct
import uuid

import numpy
import pyarrow
import pyarrow.compute

NANOS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def plain(array):
    """The values of an Arrow array, exactly."""
    if isinstance(array, pyarrow.ChunkedArray):
        return [value for chunk in array.chunks for value in plain(chunk)]
    t, types = array.type, pyarrow.types
    if isinstance(t, pyarrow.BaseExtensionType):
        values = plain(array.storage)
        as_uuid = "uuid" in t.extension_name
        return [str(uuid.UUID(hex=v)) if as_uuid and v is not None else v for v in values]
    if types.is_dictionary(t):
        words = plain(array.dictionary)
        return [None if at is None else words[at] for at in array.indices.to_pylist()]
    if types.is_run_end_encoded(t):
        return plain(pyarrow.compute.run_end_decode(array))
    if types.is_date32(t):
        return array.view(pyarrow.int32()).to_pylist()
    if types.is_date64(t):
        return [v if v is None else v // 86_400_000 for v in array.view(pyarrow.int64()).to_pylist()]
    if types.is_timestamp(t) or types.is_time(t) or types.is_duration(t):
        width = pyarrow.int32() if t.bit_width == 32 else pyarrow.int64()
        return [v if v is None else v * NANOS[t.unit] for v in array.view(width).to_pylist()]
    if types.is_interval(t):
        # The twelve bytes of Parquet's type: months, days, milliseconds.
        spans = array.to_pylist()
        return [v if v is None else struct.pack("<III", v[0], v[1], v[2] // 10**6).hex() for v in spans]
    if types.is_floating(t):
        return [v if v is None else repr(float(v)) for v in array.to_pylist()]
    if types.is_decimal(t):
        return [v if v is None else format(v, "f") for v in array.to_pylist()]
    if types.is_struct(t):
        fields = [(t.field(at).name, plain(array.field(at))) for at in range(t.num_fields)]
        return [{n: v[at] for n, v in fields} if ok else None for at, ok in enumerate(array.is_valid().to_pylist())]
    if types.is_map(t):
        return pieces(array, lambda part: [list(p) for p in zip(plain(part.field(0)), plain(part.field(1)))])
    if types.is_nested(t):
        return pieces(array, plain)
    if types.is_binary(t) or types.is_large_binary(t) or types.is_fixed_size_binary(t) or types.is_binary_view(t):
        return [v if v is None else v.hex() for v in array.to_pylist()]
    return array.to_pylist()


def pieces(array, read):
    """What `read` gives of the entries of each list or map."""
    return [None if part is None else read(part) for part in (scalar.values for scalar in array)]


def civil(days):
    """Year, month and day of the proleptic Gregorian calendar, for any count of days since 1970."""
    era, day = divmod(days + 719468, 146097)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    return era * 400 + year + (month >= 10), month + 3 if month < 10 else month - 9, day - (153 * month + 2) // 5 + 1


def date_text(days):
    year, month, day = civil(days)
    return (f"{year:04}" if 0 <= year <= 9999 else f"{year:+05}") + f"-{month:02}-{day:02}"


def clock_text(nanos, digits):
    seconds, rest = divmod(nanos, 10**9)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return text + (f".{rest:09}"[: digits + 1] if digits else "")


def duration_text(nanos, digits):
    seconds, rest = divmod(abs(nanos), 10**9)
    return ("-" if nanos < 0 else "") + f"PT{seconds}" + (f".{rest:09}"[: digits + 1] if digits else "") + "S"


def interval_text(months, days, millis):
    text = (f"{months}M" if months else "") + (f"{days}D" if days else "")
    if millis or not text:
        text += f"T{millis // 1000}" + (f".{millis % 1000:03}".rstrip("0") if millis % 1000 else "") + "S"
    return "P" + text


class NoItem(Exception):
    """A value that JSON has no form for."""


def item_text(value, t, stored):
    """The JSON value that flowrun must give for a plain value. `stored` says how the file holds times of a type."""
    types = pyarrow.types
    if value is None:
        return None
    if isinstance(t, pyarrow.BaseExtensionType):
        return value
    if types.is_dictionary(t):
        return item_text(value, t.value_type, stored)
    if types.is_floating(t):
        if value in ("nan", "inf", "-inf"):
            raise NoItem
        return ("float", t.bit_width, value)
    if types.is_uint64(t) and value >= 2**63:
        raise NoItem
    if types.is_date(t):
        return date_text(value)
    if types.is_timestamp(t):
        day, rest = divmod(value, 86_400 * 10**9)
        return date_text(day) + "T" + clock_text(rest, stored.digits_of(t)) + ("Z" if stored.is_moment(t) else "")
    if types.is_time(t):
        if not 0 <= value <= 86_400 * 10**9:
            raise NoItem
        return clock_text(value, stored.digits_of(t))
    if types.is_duration(t):
        return duration_text(value, stored.digits_of(t)) if stored.is_duration else value // NANOS[t.unit]
    if types.is_interval(t):
        return interval_text(*struct.unpack("<III", bytes.fromhex(value)))
    if types.is_map(t):
        return {key_text(item_text(k, t.key_type, stored)): item_text(v, t.item_type, stored) for k, v in value}
    if types.is_struct(t):
        return {f.name: item_text(value[f.name], f.type, stored) for f in t}
    if types.is_nested(t):
        return [item_text(v, t.value_type, stored) for v in value]
    return value


def key_text(value):
    return value if isinstance(value, str) else json.dumps(value)


def is_same(expect, found):
    """Whether a parsed JSON value of flowrun is the expected one; floats have to be written as floats."""
    if isinstance(expect, tuple):
        width = {16: numpy.float16, 32: numpy.float32, 64: numpy.float64}[expect[1]]
        return isinstance(found, FloatText) and repr(float(width(float(found)))) == expect[2]
    if isinstance(expect, dict):
        return isinstance(found, dict) and list(expect) == list(found) and all(is_same(expect[k], found[k]) for k in found)
    if isinstance(expect, list):
        return isinstance(found, list) and len(expect) == len(found) and all(map(is_same, expect, found))
    return type(expect) is type(found) and expect == found


class FloatText(str):
    """A JSON number with a point or an exponent, as it stands in the text."""
