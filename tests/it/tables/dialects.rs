//! Each of these files is written by the rules of one program, which its documentation tells: `source` says where. The
//! kinds of csv-spectrum stand at the end, with inputs of our own.

use super::check;

/// A file of a program, and how it is read.
struct Dialect {
    program: &'static str,
    /// Where its rules are told.
    source: &'static str,
    name: &'static str,
    bytes: &'static [u8],
    /// Keys of `read`, each with a comma before it.
    keys: &'static str,
    items: &'static str,
}

const DIALECTS: &[Dialect] = &[
    Dialect {
        program: "Excel, CSV (Comma delimited), English (United States)",
        source: "support.microsoft.com, File formats that are supported in Excel; learn.microsoft.com, windows-1252",
        name: "us.csv",
        bytes: b"name,price,note\r\nCaf\xE9,1.50,\"a, \"\"b\"\"\"\r\n\x80,,\"two\nlines\"\r\n",
        keys: ", encoding: windows-1252, columns: {name: string, price: number?, note: string}",
        items: "{\"name\":\"Café\",\"price\":1.5,\"note\":\"a, \\\"b\\\"\"}\n{\"name\":\"€\",\"price\":null,\"note\":\"two\\nlines\"}\n",
    },
    Dialect {
        program: "Excel, CSV, German (Germany)",
        source: "support.microsoft.com, Import or export text files: the list separator of the region; decimals with a comma",
        name: "de.csv",
        bytes: b"Name;Preis\r\nM\xFCller;1,50\r\n\"a;b\";-0,25\r\n",
        keys: ", encoding: latin1, delimiter: ';'",
        items: "{\"Name\":\"Müller\",\"Preis\":\"1,50\"}\n{\"Name\":\"a;b\",\"Preis\":\"-0,25\"}\n",
    },
    Dialect {
        program: "Excel, CSV UTF-8, French (France)",
        source: "support.microsoft.com, Opening CSV UTF-8 files correctly in Excel: a byte order mark in front",
        name: "fr.csv",
        bytes: b"\xEF\xBB\xBFpr\xC3\xA9nom;\xC3\xA2ge\r\nZo\xC3\xAB;12\r\n",
        keys: ", delimiter: ';', columns: {âge: integer, prénom: string}",
        items: "{\"âge\":12,\"prénom\":\"Zoë\"}\n",
    },
    Dialect {
        program: "Excel, Unicode Text",
        source: "support.microsoft.com, File formats that are supported in Excel: UTF-16 with tabs; quotes as in CSV",
        name: "unicode.txt",
        bytes: b"\xFF\xFEa\0\t\0b\0\r\0\n\0\"\0x\0\t\0y\0\"\0\t\0\xAC\x20\r\0\n\0",
        keys: ", format: tsv, quote: '\"'",
        items: "{\"a\":\"x\\ty\",\"b\":\"€\"}\n",
    },
    Dialect {
        program: "Excel, CSV (Macintosh)",
        source: "support.microsoft.com, File formats that are supported in Excel; encoding.spec.whatwg.org, macintosh",
        name: "mac.csv",
        bytes: b"name,n\rCaf\x8E,1\r\"a\rb\",2\r",
        keys: ", encoding: macintosh",
        items: "{\"name\":\"Café\",\"n\":\"1\"}\n{\"name\":\"a\\rb\",\"n\":\"2\"}\n",
    },
    Dialect {
        program: "exporters for Excel",
        source: "support.microsoft.com and duckdb.org/docs: the line `sep=` in front",
        name: "sep.csv",
        bytes: b"sep=|\r\na|b\r\n1|\"2|3\"\r\n",
        keys: "",
        items: "{\"a\":\"1\",\"b\":\"2|3\"}\n",
    },
    Dialect {
        program: "R, write.csv",
        source: "stat.ethz.ch/R-manual, write.table: text in quotes that are doubled, row names under an empty name, NA",
        name: "r.csv",
        bytes: b"\"\",\"x\",\"y\"\n\"1\",\"a \"\"b\"\"\",1.5\n\"2\",NA,NA\n",
        keys: ", columns: {'': string, x: string?, y: number?}, null_values: [NA]",
        items: "{\"\":\"1\",\"x\":\"a \\\"b\\\"\",\"y\":1.5}\n{\"\":\"2\",\"x\":null,\"y\":null}\n",
    },
    Dialect {
        program: "R, data.table::fwrite",
        source: "rdrr.io/cran/data.table, fwrite: quotes where needed, NA as nothing",
        name: "fwrite.csv",
        bytes: b"x,y,ok\n\"a,b\",1e-05,TRUE\n\"q\"\"q\",,FALSE\n",
        keys: ", columns: {x: string, y: number?, ok: boolean}",
        items: "{\"x\":\"a,b\",\"y\":0.00001,\"ok\":true}\n{\"x\":\"q\\\"q\",\"y\":null,\"ok\":false}\n",
    },
    Dialect {
        program: "pandas, to_csv",
        source: "pandas.pydata.org, DataFrame.to_csv: the index first, NaN as nothing, Python's True and False",
        name: "pandas.csv",
        bytes: b",name,ok,n\n0,\"a\nb\",True,1.0\n1,,False,\n",
        keys: ", columns: {name: string?, ok: boolean, n: number?}",
        items: "{\"name\":\"a\\nb\",\"ok\":true,\"n\":1.0}\n{\"name\":null,\"ok\":false,\"n\":null}\n",
    },
    Dialect {
        program: "pandas, to_csv(sep='\\t', quoting=QUOTE_NONE, escapechar='\\\\')",
        source: "docs.python.org, csv: escapechar stands before the delimiter, quotes and itself",
        name: "none.txt",
        bytes: b"a\tb\nx\\\ty\t\\\\z\n\\\"q\\\"\t-\n",
        keys: ", format: tsv, escape: \"\\\\\"",
        items: "{\"a\":\"x\\ty\",\"b\":\"\\\\z\"}\n{\"a\":\"\\\"q\\\"\",\"b\":\"-\"}\n",
    },
    Dialect {
        program: "MySQL, SELECT … INTO OUTFILE",
        source: "dev.mysql.com, LOAD DATA: tabs, a backslash before tabs, line feeds and itself, \\N for NULL, \\0 for NUL",
        name: "outfile.txt",
        bytes: b"1\ta\\\tb\t\\N\n2\tc\\\nd\\\\\tx\\0y\n",
        keys: ", format: tsv, escape: \"\\\\\", header: false, null_values: ['\\N'], columns: {id: integer, s: string, t: string?}",
        items: "{\"id\":1,\"s\":\"a\\tb\",\"t\":null}\n{\"id\":2,\"s\":\"c\\nd\\\\\",\"t\":\"x\\u0000y\"}\n",
    },
    Dialect {
        program: "MySQL, mysql --batch",
        source: "dev.mysql.com, mysql client options: tabs, special characters as \\n, \\t, \\0 and \\\\, NULL as a word",
        name: "batch.tsv",
        bytes: b"id\ts\n1\ta\\tb\\nc\\\\d\n2\tNULL\n",
        keys: ", null_values: [\"NULL\"], columns: {id: integer, s: string?}",
        items: "{\"id\":1,\"s\":\"a\\tb\\nc\\\\d\"}\n{\"id\":2,\"s\":null}\n",
    },
    Dialect {
        program: "PostgreSQL, COPY … TO (FORMAT text)",
        source: "postgresql.org/docs, COPY: tabs, \\N for null, \\b \\f \\n \\r \\t \\v \\\\",
        name: "copy.txt",
        bytes: b"1\ta\\tb\\\\N\t\\N\n2\t\\b\\f\\n\\r\\v\t\n",
        keys: ", format: tsv, escape: \"\\\\\", header: false, null_values: ['\\N'], columns: {id: integer, s: string, t: string?}",
        items: "{\"id\":1,\"s\":\"a\\tb\\\\N\",\"t\":null}\n{\"id\":2,\"s\":\"\\b\\f\\n\\r\\u000b\",\"t\":null}\n",
    },
    Dialect {
        program: "PostgreSQL, COPY … TO (FORMAT csv, HEADER)",
        source: "postgresql.org/docs, COPY: quotes doubled, null as nothing",
        name: "copy.csv",
        bytes: b"id,s,t\n1,\"a,\"\"b\"\"\",\n2,\"l1\nl2\",t\n",
        keys: ", columns: {id: integer, s: string, t: string?}",
        items: "{\"id\":1,\"s\":\"a,\\\"b\\\"\",\"t\":null}\n{\"id\":2,\"s\":\"l1\\nl2\",\"t\":\"t\"}\n",
    },
    Dialect {
        program: "BigQuery, EXPORT DATA (format csv)",
        source: "cloud.google.com/bigquery/docs, Exporting table data: a header, RFC 4180, null as nothing",
        name: "bq.csv",
        bytes: b"id,name,at\n9223372036854775807,\"x, y\",2024-01-01 00:00:00 UTC\n1,,\n",
        keys: ", columns: {id: integer, name: string?, at: string?}",
        items: "{\"id\":9223372036854775807,\"name\":\"x, y\",\"at\":\"2024-01-01 00:00:00 UTC\"}\n{\"id\":1,\"name\":null,\"at\":null}\n",
    },
    Dialect {
        program: "Snowflake, COPY INTO a location",
        source: "docs.snowflake.com, CREATE FILE FORMAT: no quotes, a backslash before special characters, \\N for NULL",
        name: "snow.csv",
        bytes: b"1,a\\,b,\\N\n2,c\\\\d,\"e\"\n",
        keys: ", quote: none, escape: \"\\\\\", header: false, null_values: ['\\N'], columns: {id: integer, s: string, t: string?}",
        items: "{\"id\":1,\"s\":\"a,b\",\"t\":null}\n{\"id\":2,\"s\":\"c\\\\d\",\"t\":\"\\\"e\\\"\"}\n",
    },
    Dialect {
        program: "SAS, PROC EXPORT and PUT with DSD",
        source: "documentation.sas.com, PROC EXPORT: quotes doubled; missing numbers are nothing, or a point from PUT",
        name: "sas.csv",
        bytes: b"id,name,x\r\n1,\"Smith, \"\"J\"\"\",.\r\n2,,1.5\r\n",
        keys: ", columns: {id: integer, name: string?, x: number?}, null_values: [\".\"]",
        items: "{\"id\":1,\"name\":\"Smith, \\\"J\\\"\",\"x\":null}\n{\"id\":2,\"name\":null,\"x\":1.5}\n",
    },
];

/// The kinds of github.com/max-mapper/csv-spectrum.
const SPECTRUM: [(&str, &[u8], &str); 12] = [
    (
        "comma_in_quotes",
        b"first,address\nJo,\"1 Road, Town\"\n",
        "{\"first\":\"Jo\",\"address\":\"1 Road, Town\"}\n",
    ),
    (
        "empty",
        b"a,b,c\n1,\"\",\"\"\n2,3,4\n",
        "{\"a\":\"1\",\"b\":\"\",\"c\":\"\"}\n{\"a\":\"2\",\"b\":\"3\",\"c\":\"4\"}\n",
    ),
    ("empty_crlf", b"a,b\r\n1,\"\"\r\n", "{\"a\":\"1\",\"b\":\"\"}\n"),
    ("escaped_quotes", b"a,b\n1,\"ha \"\"ha\"\" ha\"\n", "{\"a\":\"1\",\"b\":\"ha \\\"ha\\\" ha\"}\n"),
    (
        "json",
        b"key,val\n1,\"{\"\"type\"\": \"\"Point\"\", \"\"at\"\": [1, 2]}\"\n",
        "{\"key\":\"1\",\"val\":\"{\\\"type\\\": \\\"Point\\\", \\\"at\\\": [1, 2]}\"}\n",
    ),
    (
        "location_coordinates",
        b"Contact,Location\n\"5551234\",\"37\xC2\xB034'58.3\"\"N 75\xC2\xB031'44\"\"W\"\n",
        "{\"Contact\":\"5551234\",\"Location\":\"37°34'58.3\\\"N 75°31'44\\\"W\"}\n",
    ),
    (
        "newlines",
        b"a,b\n1,2\n\"Once\nupon\",6\n",
        "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"Once\\nupon\",\"b\":\"6\"}\n",
    ),
    ("newlines_crlf", b"a,b\r\n\"Once\r\nupon\",6\r\n", "{\"a\":\"Once\\r\\nupon\",\"b\":\"6\"}\n"),
    (
        "quotes_and_newlines",
        b"a,b\n1,\"ha\n\"\"ha\"\"\nha\"\n3,4\n",
        "{\"a\":\"1\",\"b\":\"ha\\n\\\"ha\\\"\\nha\"}\n{\"a\":\"3\",\"b\":\"4\"}\n",
    ),
    ("simple", b"a,b,c\n1,2,3", "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}\n"),
    ("simple_crlf", b"a,b,c\r\n1,2,3", "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}\n"),
    ("utf8", b"a,b\n1,\xCA\xA4\n", "{\"a\":\"1\",\"b\":\"ʤ\"}\n"),
];

#[test]
fn files_of_other_programs_are_read_exactly() {
    for Dialect { program, source, name, bytes, keys, items } in DIALECTS {
        assert!(!source.is_empty(), "{program}");
        check(name, bytes, keys, items);
    }
}

#[test]
fn the_kinds_of_csv_spectrum_are_read_exactly() {
    for (kind, bytes, items) in SPECTRUM {
        check(&format!("{kind}.csv"), bytes, "", items);
    }
}
