"""How each reader of read_back.py reads a file: a list of rows, each a dictionary. What it has no way to do is `Refused`."""

import csv
import gzip
import importlib
import importlib.util
import io
import json
import re
import shutil
import sqlite3
import subprocess


def package(name):
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


pandas, polars, duckdb, pyarrow = map(package, ["pandas", "polars", "duckdb", "pyarrow"])


class Refused(Exception):
    """This reader cannot read such a file."""


class Dialect:
    def __init__(self, option):
        self.is_tsv = ".tsv" in option.path
        self.quoted = "quoting: none" not in option.keys and (not self.is_tsv or "quoting:" in option.keys)
        given = re.search(r'delimiter: "(.)"', option.keys)
        self.delimiter = given.group(1) if given else "\t" if self.is_tsv else ","
        self.is_single = "single: true" in option.keys
        # Texts in which the escapes of TSV stand.
        self.escapes = self.is_tsv and not self.quoted and option.rows == "hard"


def unpacked(path):
    data = path.read_bytes()
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout
    return gzip.decompress(data) if path.suffix == ".gz" else data


# Python's own modules, which say what the file holds.


def unescaped(text):
    return re.sub(r"\\(.)", lambda found: {"t": "\t", "n": "\n", "r": "\r"}.get(found.group(1), found.group(1)), text)


def python_table(path, dialect):
    text = unpacked(path).decode("utf-8-sig")
    quoting = csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE
    # A reader with `strict` refuses what it would have to guess.
    made = csv.DictReader(io.StringIO(text, newline=""), delimiter=dialect.delimiter, quoting=quoting, strict=True)
    rows = list(made)
    return [{k: unescaped(v) for k, v in row.items()} for row in rows] if dialect.escapes else rows


def python_lines(path, _):
    return [json.loads(line) for line in unpacked(path).decode().split("\n")[:-1]]


def python_json(path, _):
    value = json.loads(unpacked(path))
    return value if isinstance(value, list) else [value]


def python_base(path, _):
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    return [dict(row) for row in connection.execute("SELECT * FROM rows ORDER BY id")]


# pandas


def records(frame):
    return [{k: plain(v) for k, v in row.items()} for row in frame.to_dict("records")]


def plain(value):
    if value is pandas.NA or value is None:
        return None
    return value.tolist() if hasattr(value, "tolist") else value


def pandas_table(path, dialect):
    quoting = csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE
    return records(pandas.read_csv(path, sep=dialect.delimiter, dtype=str, keep_default_na=False, quoting=quoting))


def pandas_lines(path, _):
    return records(pandas.read_json(path, lines=True, dtype_backend="pyarrow", engine="pyarrow"))


def pandas_json(path, dialect):
    if dialect.is_single:
        raise Refused("reads lists of rows")
    return records(pandas.read_json(path, precise_float=True, dtype_backend="numpy_nullable", convert_dates=False))


def pandas_parquet(path, _):
    return records(pandas.read_parquet(path, dtype_backend="pyarrow"))


def pandas_base(path, _):
    return records(pandas.read_sql("SELECT * FROM rows ORDER BY id", sqlite3.connect(path), dtype_backend="pyarrow"))


# polars


def polars_table(path, dialect):
    quote = '"' if dialect.quoted else None
    return polars.read_csv(path, separator=dialect.delimiter, infer_schema=False, quote_char=quote).to_dicts()


def polars_lines(path, _):
    return polars.read_ndjson(path, infer_schema_length=None).to_dicts()


def polars_json(path, _):
    return polars.read_json(path, infer_schema_length=None).to_dicts()


def polars_parquet(path, _):
    return polars.read_parquet(path).to_dicts()


def polars_base(path, _):
    query = "SELECT * FROM rows ORDER BY id"
    return polars.read_database(query, sqlite3.connect(path), infer_schema_length=None).to_dicts()


# DuckDB


def duck(query):
    relation = duckdb.connect(config={"threads": "1"}).sql(query)
    return [dict(zip(relation.columns, row)) for row in relation.fetchall()]


def duckdb_table(path, dialect):
    quotes = "quote = '\"', escape = '\"'" if dialect.quoted else "quote = '', escape = ''"
    options = f"all_varchar = true, header = true, auto_detect = false, columns = {names_of(path, dialect)}, {quotes}"
    return duck(f"FROM read_csv('{path}', delim = '{dialect.delimiter}', {options})")


def names_of(path, dialect):
    """The columns, which are given where nothing is to be guessed."""
    head = unpacked(path).decode("utf-8-sig").splitlines()[0]
    return "{" + ", ".join(f"'{name.strip(chr(34))}': 'VARCHAR'" for name in head.split(dialect.delimiter)) + "}"


def duckdb_lines(path, _):
    return duck(f"FROM read_json('{path}', format = 'newline_delimited')")


def duckdb_json(path, _):
    return duck(f"FROM read_json('{path}')")


def duckdb_parquet(path, _):
    return duck(f"FROM read_parquet('{path}')")


# pyarrow


def pyarrow_table(path, dialect):
    names = names_of(path, dialect)
    types = {name: pyarrow.string() for name in re.findall(r"'(\w+)': ", names)}
    arrow = package("pyarrow.csv")
    parse = arrow.ParseOptions(
        delimiter=dialect.delimiter, quote_char='"' if dialect.quoted else False, newlines_in_values=dialect.quoted
    )
    return arrow.read_csv(pyarrow.input_stream(path), None, parse, arrow.ConvertOptions(column_types=types)).to_pylist()


def pyarrow_lines(path, _):
    return package("pyarrow.json").read_json(pyarrow.input_stream(path)).to_pylist()


def pyarrow_parquet(path, _):
    return package("pyarrow.parquet").read_table(path).to_pylist()


# Miller


def miller(words, path):
    # Archives are unpacked by others: not every version knows all of them.
    done = subprocess.run(["mlr", *words, "cat"], input=unpacked(path), capture_output=True)
    if done.returncode:
        raise ValueError(done.stderr.decode())
    # Bytes, not text: line ends within values stay.
    return json.loads(done.stdout)


def miller_table(path, dialect):
    words = ["--icsv", "--ifs", dialect.delimiter] if dialect.quoted else ["--itsv"]
    if not dialect.quoted and not dialect.is_tsv:
        words = ["--icsv", "--lazy-quotes"]
    return miller(["-S", *words, "--ojson"], path)


def miller_lines(path, _):
    return miller(["--ijsonl", "--ojson"], path)


def miller_json(path, _):
    return miller(["--ijson", "--ojson"], path)


# The shell of SQLite


def shell(base, *statements):
    done = subprocess.run(["sqlite3", "-json", base, *statements], capture_output=True)
    if done.returncode or done.stderr:
        raise ValueError(done.stderr.decode())
    return json.loads(done.stdout or b"[]")


def sqlite3_table(path, dialect):
    if not dialect.quoted:
        raise Refused("`.import` takes quotes for quotes in all modes")
    source = {".gz": f"|gzip -dc {path}", ".zst": f"|zstd -dcq {path}"}.get(path.suffix, str(path))
    words = [".mode csv", f'.separator "{dialect.delimiter}" "\\n"', f'.import "{source}" rows', ".mode json"]
    return shell(":memory:", *words, "SELECT * FROM rows")


def sqlite3_json(path, dialect):
    if path.suffix != ".json":
        raise Refused("`readfile` unpacks nothing")
    # What it gives are bytes, and no text.
    text = f"CAST(readfile('{path}') AS TEXT)"
    rows = f"json_array(json({text}))" if dialect.is_single else text
    return [json.loads(row["value"]) for row in shell(":memory:", f"SELECT value FROM json_each({rows})")]


def sqlite3_base(path, _):
    return shell(path, "SELECT * FROM rows ORDER BY id")


KINDS = {".csv": "table", ".tsv": "table", ".jsonl": "lines", ".json": "json", ".parquet": "parquet", ".db": "base"}
READERS = ["python", "pandas", "polars", "duckdb", "pyarrow", "miller", "sqlite3"]
# Reader and kind of file → why there is no function for it.
NONE = {
    ("duckdb", "base"): "reads SQLite by an extension that has to be fetched",
    ("pyarrow", "json"): "reads JSON Lines only",
    ("sqlite3", "lines"): "has no JSON Lines",
}
# What readers say themselves of files that are right.
SAID = {
    "pandas": ("Range error when decoding numeric as double", "Import zstandard"),
}
# Reader and kind of file → what it makes of a value, and how that is said.
QUIRKS = {
    ("miller", "table"): (lambda v: v.replace("\r\n", "\n") if isinstance(v, str) else v, "reads CRLF within quotes as LF"),
    ("sqlite3", "base"): (lambda v: v + 0.0 if isinstance(v, float) else v, "prints -0.0 as 0.0"),
}


def available():
    there = [True, pandas, polars, duckdb, pyarrow, shutil.which("mlr"), shutil.which("sqlite3")]
    return [name for name, found in zip(READERS, there) if found]


def kind_of(path):
    return next(KINDS[suffix] for suffix in path.suffixes if suffix in KINDS)


def read(reader, option, paths):
    """The rows of all files of an option."""
    kind, dialect = kind_of(paths[0]), Dialect(option)
    function = globals().get(f"{reader}_{kind}")
    if function is None:
        raise Refused(NONE.get((reader, kind), f"has no {'SQLite' if kind == 'base' else kind}"))
    if dialect.escapes and reader not in ("python", "miller"):
        raise Refused("has no escapes of TSV")
    try:
        return [row for path in paths for row in function(path, dialect)]
    except (ValueError, ImportError) as error:
        found = next((said for said in SAID.get(reader, ()) if said in str(error)), None)
        if found is None:
            raise
        raise Refused(f"says `{found}`") from error
