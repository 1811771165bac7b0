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
mod mathematics;
mod query;
mod value;

pub(crate) use ffi::memory::count_memory;
pub(super) use ffi::memory::held;

use super::function::{Function, Module};
use super::luau::{Luau, Native};
use crate::lua::own_code;
use handle::METHODS;

const SQLITE: Module = Module("sqlite");

/// The waiting for what is tried here.
pub(super) static LUAU: Luau = Luau::new(
    METHODS.0,
    &own_code::SQLITE,
    &[
        Native::new("sqlite_exec", METHODS.0, "exec", |bind| bind.to(query::exec)),
        Native::new("sqlite_query", METHODS.0, "query", |bind| bind.to(query::query)),
        Native::new("sqlite_one", METHODS.0, "one", |bind| bind.to(query::one)),
    ],
);

pub(super) const FUNCTIONS: &[Function] = &[
    SQLITE.rust("open", "(path: string, options: {readonly: boolean?}?): Database", |bind| bind.to(handle::open)).explained(
        "The database in a file, which is made when it is missing unless `readonly`; `:memory:` is one that is nowhere. A \
         worker opens a file once. Several items may write: each waits for the others while other items run, at most until its deadline, or \
         30 seconds without one. \
         What SQLite holds counts as the step's `memory`; a statement has at most 16 MB of text, expressions 250 deep, 250 \
         compound selects.",
        r#"sqlite.open(":memory:"):one("select 6 * 7 as answer").answer"#,
        "42",
    ),
    METHODS
        .luau("exec", "(self: Database, sql: string, params: {[number | string]: any}?): number")
        .explained(
            "Runs one statement with values for `?` (a list) or `:name` (by name), or several statements without values. \
             How many rows it changed. A transaction that its item leaves open is rolled back.",
            r#"sqlite.open(":memory:"):exec("create table t (a, b); insert into t values (1, 'x'), (2, 'y')")"#,
            "2",
        ),
    METHODS
        .luau("query", "(self: Database, sql: string, params: {[number | string]: any}?): {{[string]: any}}")
        .explained(
            "The rows as a list of tables with the names of the columns; NULL is `json.null`.",
            r#"#sqlite.open(":memory:"):query("select value from json_each(?) where value > 1", {"[1, 2, 3]"})"#,
            "2",
        ),
    METHODS
        .luau("one", "(self: Database, sql: string, params: {[number | string]: any}?): {[string]: any}?")
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
