//! `csv` turns records of delimited text into tables and back. The `read` and `write` steps handle files; they follow
//! the same rules.

mod options;
mod read;
mod write;

use super::function::{Function, Module};

const CSV: Module = Module("csv");

pub(super) const FUNCTIONS: &[Function] = &[
    CSV.rust("decode", "(s: string, options: {header: boolean?, delimiter: string?}?): {table}", |bind| {
        bind.to(read::decode)
    })
    .explained(
        "The rows of a text: maps by the names in its first row, or lists with `header = false`; all values are strings. \
         A row with too few or too many fields is an error.",
        r#"csv.decode("id,name\n1,\"Ada, L.\"\n")"#,
        r#"{{id = "1", name = "Ada, L."}}"#,
    ),
    CSV.rust("encode", "(rows: {table}, options: {columns: {string}?, delimiter: string?}?): string", |bind| {
        bind.to(write::encode)
    })
    .explained(
        "Rows as text: maps below a row of names, which are `columns` or else the sorted keys of the first row; lists as \
         they are. null is written as nothing, tables as JSON.",
        r#"csv.encode({{name = "Ada, L.", id = 1}}, {columns = {"id", "name"}})"#,
        r#""id,name\n1,\"Ada, L.\"\n""#,
    ),
];
