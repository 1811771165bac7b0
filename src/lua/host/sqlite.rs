//! `sqlite` opens databases in files that may be read and written, by several workers at once.
//!
//! Its parts hold connections and know whose transaction is open (`connection`), convert values (`value`) and collect
//! rows (`query`).

mod connection;
mod error;
mod ffi;
mod folder;
mod handle;
mod matching;
mod query;
mod value;

pub(crate) use ffi::memory::count_memory;
pub(super) use ffi::memory::held;

use super::function::{Function, Module};
use handle::METHODS;

const SQLITE: Module = Module("sqlite");

pub(super) const FUNCTIONS: &[Function] = &[
    SQLITE.rust("open", "(path: string, options: {readonly: boolean?}?): Database", |bind| bind.to(handle::open)).explained(
        "The database in a file, which is made when it is missing unless `readonly`; `:memory:` is one that is nowhere. A \
         worker opens a file once. Several workers may write: each waits for the others, at most until its item's deadline. \
         What SQLite holds counts as the step's `memory`; a statement has at most 16 MB of text, expressions 250 deep, 250 \
         compound selects.",
        r#"sqlite.open(":memory:"):one("select 6 * 7 as answer").answer"#,
        "42",
    ),
    METHODS
        .rust("exec", "(self: Database, sql: string, params: {[number | string]: any}?): number", |bind| bind.to(query::exec))
        .explained(
            "Runs one statement with values for `?` (a list) or `:name` (by name), or several statements without values. \
             How many rows it changed. A transaction that its item leaves open is rolled back.",
            r#"sqlite.open(":memory:"):exec("create table t (a, b); insert into t values (1, 'x'), (2, 'y')")"#,
            "2",
        ),
    METHODS
        .rust("query", "(self: Database, sql: string, params: {[number | string]: any}?): {{[string]: any}}", |bind| {
            bind.to(query::query)
        })
        .explained(
            "The rows as a list of tables with the names of the columns; NULL is `json.null`.",
            r#"#sqlite.open(":memory:"):query("select value from json_each(?) where value > 1", {"[1, 2, 3]"})"#,
            "2",
        ),
    METHODS
        .rust("one", "(self: Database, sql: string, params: {[number | string]: any}?): {[string]: any}?", |bind| bind.to(query::one))
        .explained(
            "The first row, or nil.",
            r#"sqlite.open(":memory:"):one("select :a || :b as s", {a = "x", b = "y"}).s"#,
            r#""xy""#,
        ),
    METHODS.rust("close", "(self: Database): ()", |bind| bind.to(handle::close)).explained(
        "Ends the use of this value; an open transaction is rolled back. Not needed: the worker closes what it opened.",
        r#"sqlite.open(":memory:"):close()"#,
        "",
    ),
];
