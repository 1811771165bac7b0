//! These tests write tables of databases and ask them for what was written.

use std::path::Path;

use rusqlite::Connection;

use super::options;
use crate::data::{Appended, FileEnd};
use crate::data::{
    DataError, Format, Ledger, NoLedger, Query, ReadOptions, RunMarks, TableTarget, WriteMode, WriteOptions,
    open,
};
use crate::value::Chunk;

/// Runs of which each goes on with those behind it.
struct Runs(&'static [&'static str]);

impl Ledger for Runs {
    fn earlier(&self, _: &str) -> Result<Option<Appended>, DataError> {
        Ok(None)
    }

    fn marks(&self) -> Result<RunMarks, DataError> {
        let runs = self.0.iter().map(|run| (*run).to_owned()).collect();
        Ok(RunMarks { step: "save".to_owned(), runs })
    }

    fn note(&self, _: &str, _: &FileEnd, _: &FileEnd) -> Result<(), DataError> {
        Ok(())
    }
}

fn table(path: &Path, mode: WriteMode, by: &[&str]) -> WriteOptions {
    let upsert_by = by.iter().map(|name| (*name).to_owned()).collect();
    let table = TableTarget { name: "t".to_owned(), upsert_by };
    WriteOptions { mode, table: Some(table), ..options(path, Format::Sqlite) }
}

fn write(options: &WriteOptions, lines: &str, ledger: &dyn Ledger) -> Result<Option<u64>, DataError> {
    let mut writer = super::create(options, &std::env::temp_dir(), ledger)?;
    writer.write(lines.as_bytes())?;
    while writer.work_off()? {}
    Ok(writer.commit(ledger)?[0].rows)
}

/// The items that a query gives, or the error; bad rows as their messages.
fn ask(path: &Path, sql: &str, params: &serde_json::Value) -> String {
    let params = params.as_array().cloned().unwrap_or_default();
    let read = ReadOptions {
        format: Some(Format::Sqlite),
        query: Some(Query { text: sql.to_owned(), params }),
        ..ReadOptions::of(&path.to_string_lossy(), Path::new("/"))
    };
    let (mut chunk, mut bad, mut text) = (Chunk::default(), Vec::new(), String::new());
    let read = open(&read).and_then(|mut reader| {
        loop {
            let more = reader.read(2, 1000, &mut chunk, &mut bad)?;
            text.push_str(std::str::from_utf8(&chunk.text).expect("UTF-8"));
            if !more {
                return Ok(reader.rows());
            }
        }
    });
    match read {
        Ok(_) => bad.iter().fold(text, |text, row| format!("{text}row {}: {}\n", row.index, row.message)),
        Err(error) => error.to_string().replace(&path.display().to_string(), "DB"),
    }
}

fn all(path: &Path) -> String {
    ask(path, "SELECT * FROM t", &serde_json::json!([]))
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn database(&self) -> std::path::PathBuf {
        self.0.path().join("app.db")
    }

    fn with(sql: &str) -> Self {
        let folder = Self::new();
        Connection::open(folder.database()).and_then(|made| made.execute_batch(sql)).expect("a database");
        folder
    }
}

#[test]
fn values_come_back_as_they_went() {
    let folder = Folder::new();
    let path = folder.database();
    let lines = "{\"i\":9223372036854775807,\"f\":1.5,\"s\":\"x \\\"y\\\" \u{e4}\",\"n\":null,\"l\":[1, {\"a\":2}]}\n\
                 {\"i\":-9223372036854775808,\"f\":1.0,\"s\":\"1\",\"n\":1e3}\n";
    assert_eq!(write(&table(&path, WriteMode::Replace, &[]), lines, &NoLedger).expect("room"), Some(2));
    let expect = "{\"i\":9223372036854775807,\"f\":1.5,\"s\":\"x \\\"y\\\" \u{e4}\",\"n\":null,\"l\":\"[1, {\\\"a\\\":2}]\"}\n\
                  {\"i\":-9223372036854775808,\"f\":1.0,\"s\":\"1\",\"n\":1000.0,\"l\":null}\n";
    assert_eq!(all(&path), expect);
    let seen =
        ask(&path, "SELECT i, x'00ffA5' AS b FROM t WHERE s = ? AND f < ?", &serde_json::json!(["1", 1.25]));
    assert_eq!(seen, "{\"i\":-9223372036854775808,\"b\":\"00ffa5\"}\n");
    let truth = write(&table(&path, WriteMode::Append, &[]), "{\"i\":true,\"n\":false}\n", &NoLedger);
    truth.expect("room");
    assert_eq!(
        ask(&path, "SELECT i, n FROM t WHERE s IS NULL", &serde_json::json!([])),
        "{\"i\":1,\"n\":0}\n"
    );
}

#[test]
fn items_with_the_keys_of_the_one_before_are_stored_as_the_first_is() {
    let values = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-7",
        "9007199254740992",
        "9007199254740993",
        "-9223372036854775808",
        "0.1",
        "1.0",
        "-0.0",
        "1e3",
        "1E-3",
        "1.50",
        "123456789.123456789",
        "\"\"",
        "\"plain\"",
        "\"\u{e4} \u{1f600}\"",
        "\"a\\\"b\\\\ \\u00e4\\n\"",
        "[1, {\"a\":2}]",
        "{\"b\" : 1}",
        "[]",
    ];
    for value in values {
        let folder = Folder::new();
        let path = folder.database();
        let item = |id: u32, other: &str| format!("{{\"id\":{id},\"v\":{value},\"{other}\":1}}\n");
        // The first one is read by its keys, those behind it by its shape, and the last one has others.
        let lines: String = [item(1, "x"), item(2, "x"), item(3, "x"), item(4, "y")].concat();
        write(&table(&path, WriteMode::Replace, &[]), &lines, &NoLedger).expect("room");
        let connection = Connection::open(&path).expect("a database");
        let sql = "SELECT group_concat(id), count(*) FROM t GROUP BY typeof(v), v IS NULL, hex(v), quote(v)";
        let rows: (String, u32) =
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("one group");
        assert_eq!(rows, ("1,2,3,4".to_owned(), 4), "{value}");
    }
    let folder = Folder::with("CREATE TABLE t(id, v TEXT, n INTEGER)");
    let refused = |second: &str| {
        let lines = format!("{{\"v\":\"a\",\"n\":1}}\n{second}\n");
        write(&table(&folder.database(), WriteMode::Replace, &[]), &lines, &NoLedger)
            .expect_err("no")
            .to_string()
    };
    assert!(refused("{\"v\":\"a\",\"n\":\"7\"}").contains("item 2"), "an affinity");
    assert!(refused("{\"v\":\"a\",\"n\":1e999}").contains("beyond SQLite's numbers"), "a float");
    assert!(refused("{\"v\":\"a\",\"n\":9223372036854775808}").contains("beyond 64 bits"), "an integer");
}

#[test]
fn replace_append_and_upsert_do_what_they_say() {
    let folder = Folder::new();
    let path = folder.database();
    let run =
        |mode, by: &[&str], lines: &str| write(&table(&path, mode, by), lines, &NoLedger).expect("room");
    run(WriteMode::Replace, &[], "{\"id\":1,\"a\":\"x\"}\n{\"id\":2,\"b\":true}\n");
    assert_eq!(all(&path), "{\"id\":1,\"a\":\"x\",\"b\":null}\n{\"id\":2,\"a\":null,\"b\":1}\n");
    run(WriteMode::Append, &[], "{\"b\":3,\"id\":3}\n");
    run(WriteMode::Append, &[], "");
    assert_eq!(
        ask(&path, "SELECT count(*) AS n, sum(b) AS s FROM t", &serde_json::json!([])),
        "{\"n\":3,\"s\":4}\n"
    );
    run(WriteMode::Replace, &[], "{\"id\":9,\"c\":1}\n");
    assert_eq!(all(&path), "{\"id\":9,\"a\":null,\"b\":null,\"c\":1}\n");
    run(WriteMode::Replace, &[], "");
    assert_eq!(all(&path), "");
    let folder = Folder::new();
    let path = folder.database();
    let upsert =
        |lines: &str| write(&table(&path, WriteMode::Upsert, &["id"]), lines, &NoLedger).expect("room");
    upsert("{\"id\":1,\"a\":1,\"b\":1}\n{\"id\":2,\"a\":2}\n{\"id\":1,\"a\":3}\n");
    upsert("{\"id\":2}\n{\"b\":7,\"id\":3}\n{\"id\":3,\"id\":2,\"b\":8}\n");
    let expect = "{\"id\":1,\"a\":3,\"b\":1}\n{\"id\":2,\"a\":2,\"b\":8}\n{\"id\":3,\"a\":null,\"b\":7}\n";
    assert_eq!(all(&path), expect);
}

#[test]
fn a_table_keeps_its_columns_defaults_and_constraints() {
    let folder =
        Folder::with("CREATE TABLE T(Id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'none', b REAL);");
    let path = folder.database();
    let run = |mode, lines: &str| {
        write(&table(&path, mode, &[]), lines, &NoLedger).map_err(|error| error.to_string())
    };
    run(WriteMode::Append, "{\"id\":1}\n{\"ID\":2,\"b\":3}\n").expect("room");
    assert_eq!(all(&path), "{\"Id\":1,\"a\":\"none\",\"b\":null}\n{\"Id\":2,\"a\":\"none\",\"b\":3.0}\n");
    for (lines, expect) in [
        ("{\"id\":3}\n{\"id\":1}\n", "cannot write item 2 to `out`: UNIQUE constraint failed: T.Id"),
        ("{\"id\":4,\"a\":null}\n", "cannot write item 1 to `out`: NOT NULL constraint failed: T.a"),
        ("{\"x\":4}\n", "cannot write item 1 to `out`: it has a key `x`, and the table has no such column"),
        (
            "{\"a\":4,\"A\":5}\n",
            "cannot write item 1 to `out`: its keys `a` and `A` are one column for SQLite",
        ),
        ("{}\n", "cannot write item 1 to `out`: it has no keys, which would be the columns"),
        ("[1]\n", "cannot write item 1 to `out`: it is a list, and a row is made of an object"),
        (
            "{\"id\":18446744073709551615}\n",
            "cannot write item 1 to `out`: the value of `id`: 18446744073709551615 is beyond 64 bits; write it as a string",
        ),
        (
            "{\"b\":1e400}\n",
            "cannot write item 1 to `out`: the value of `b`: 1e400 is beyond SQLite's numbers",
        ),
    ] {
        assert_eq!(run(WriteMode::Append, lines).expect_err("refused"), expect);
        assert_eq!(all(&path).lines().count(), 2, "nothing of it is there");
    }
}

#[test]
fn rows_that_others_refer_to_can_be_replaced() {
    let folder = Folder::with(
        "CREATE TABLE t(id INTEGER PRIMARY KEY); INSERT INTO t VALUES(1), (2);
         CREATE TABLE other(t REFERENCES t(id) ON DELETE CASCADE); INSERT INTO other VALUES(2);",
    );
    let path = folder.database();
    let run = |lines: &str| write(&table(&path, WriteMode::Replace, &[]), lines, &NoLedger);
    run("{\"id\":2}\n{\"id\":3}\n").expect("it is there again");
    let error = run("{\"id\":3}\n").expect_err("it is gone").to_string();
    let expect =
        "cannot write to table `t` of `out`: rows of `other` refer to rows of `t` that are not there";
    assert_eq!(error, expect);
    assert_eq!(all(&path), "{\"id\":2}\n{\"id\":3}\n");
    let others = ask(&path, "SELECT t FROM other", &serde_json::json!([]));
    assert_eq!(others, "{\"t\":2}\n", "a row that comes again takes none along that refer to it");
}

#[test]
fn upsert_says_what_it_needs() {
    let folder = Folder::with("CREATE TABLE t(id, a); CREATE VIEW v AS SELECT 1;");
    let path = folder.database();
    let run = |by: &[&str], lines: &str| {
        write(&table(&path, WriteMode::Upsert, by), lines, &NoLedger).expect_err("refused").to_string()
    };
    assert_eq!(
        run(&["id"], "{\"id\":1}\n"),
        "cannot write to table `t` of `out`: nothing says that `upsert_by` is unique there: `CREATE UNIQUE INDEX \"t_id\" ON \"t\"(\"id\")` makes rows known by them"
    );
    assert_eq!(
        run(&["id"], "{\"a\":1}\n"),
        "cannot write item 1 to `out`: it has no `id`, which `upsert_by` names"
    );
    assert_eq!(run(&[], "{}\n"), "`mode: upsert` needs `upsert_by`, the columns by which a row is known");
    let folder = Folder::new();
    let path = folder.database();
    let error = write(&table(&path, WriteMode::Upsert, &["id"]), "{\"id\":1}\n{\"id\":null}\n", &NoLedger);
    let expect = "cannot write item 2 to `out`: its `id` is null, and `upsert_by` names it";
    assert_eq!(error.expect_err("refused").to_string(), expect);
    assert!(!path.exists(), "a database for nothing is not left behind");
}

#[test]
fn a_run_that_goes_on_appends_nothing_twice() {
    let folder = Folder::new();
    let path = folder.database();
    let append =
        |runs, lines: &str| write(&table(&path, WriteMode::Append, &[]), lines, &Runs(runs)).expect("room");
    assert_eq!(append(&["r1"], "{\"a\":1}\n"), Some(1));
    assert_eq!(append(&["r2", "r1"], "{\"a\":1}\n"), Some(0));
    assert_eq!(append(&["r3", "r2", "r1"], "{\"a\":1}\n"), Some(0));
    assert_eq!(append(&["r4"], "{\"a\":2}\n"), Some(1));
    assert_eq!(all(&path), "{\"a\":1}\n{\"a\":2}\n");
    let marks =
        ask(&path, "SELECT group_concat(run || '/' || step) AS m FROM _flowrun", &serde_json::json!([]));
    assert_eq!(marks, "{\"m\":\"r1/save,r2/save,r3/save,r4/save\"}\n");
}

#[test]
fn a_run_that_goes_on_with_other_rows_says_what_to_do() {
    let folder = Folder::new();
    let path = folder.database();
    let append = |runs, lines: &str| write(&table(&path, WriteMode::Append, &[]), lines, &Runs(runs));
    append(&["r1"], "{\"a\":1}\n").expect("room");
    let error = append(&["r2", "r1"], "{\"a\":1}\n{\"a\":2}\n").expect_err("another row").to_string();
    assert!(
        error.contains("run r1 has appended 1 rows there, and 2 others would be appended now"),
        "{error}"
    );
    let elsewhere = TableTarget { name: "u".to_owned(), upsert_by: Vec::new() };
    let elsewhere = WriteOptions { table: Some(elsewhere), ..table(&path, WriteMode::Append, &[]) };
    write(&elsewhere, "{\"a\":1}\n", &Runs(&["r2", "r1"])).expect_err("another table");
    assert_eq!(all(&path), "{\"a\":1}\n");
    rusqlite::Connection::open(&path)
        .expect("a database")
        .execute_batch("DELETE FROM t; DELETE FROM _flowrun")
        .expect("ours");
    assert_eq!(append(&["r2", "r1"], "{\"a\":3}\n").expect("room"), Some(1));
}

#[test]
fn a_value_that_a_column_would_change_is_refused() {
    let folder = Folder::with("CREATE TABLE t(a INTEGER, b REAL, c TEXT);");
    let path = folder.database();
    let append = |lines: &str| write(&table(&path, WriteMode::Append, &[]), lines, &NoLedger);
    for (line, expect) in [
        ("{\"a\":\"007\"}\n", "the value of `a`: the column would make a number of the text `007`"),
        ("{\"b\":9007199254740993}\n", "the value of `b`: the column would round 9007199254740993"),
    ] {
        let error = append(line).expect_err("another value").to_string();
        assert!(error.contains(expect), "{error}");
    }
    append("{\"a\":\"x\",\"b\":1.5,\"c\":\"007\"}\n").expect("they stay as they are");
    assert_eq!(all(&path), "{\"a\":\"x\",\"b\":1.5,\"c\":\"007\"}\n");
}

#[test]
fn a_query_may_only_read() {
    let folder = Folder::with("CREATE TABLE t(a); INSERT INTO t VALUES(1), (2), (3);");
    let path = folder.database();
    let none = serde_json::json!([]);
    for (sql, expect) in [
        ("DELETE FROM t", "cannot read `DB`: `query` may only read this database, by one `SELECT`"),
        (
            "DELETE FROM t RETURNING a",
            "cannot read `DB`: `query` may only read this database, by one `SELECT`",
        ),
        ("ATTACH 'x.db' AS x", "cannot read `DB`: `query` may only read this database, by one `SELECT`"),
        (
            "PRAGMA journal_mode = WAL",
            "cannot read `DB`: `query` may only read this database, by one `SELECT`",
        ),
        ("SELECT 1; SELECT 2", "cannot read `DB`: `query` is more than one statement"),
        (
            "SELECT a, a FROM t",
            "cannot read `DB`: `query` gives two columns `a`; name one of them otherwise, with `AS`",
        ),
        ("SELECT ?", "cannot read `DB`: `query` has 1 parameters, and `params` 0 values"),
        ("SELECT b FROM t", "cannot read `DB`: no such column: b, at `b FROM t`"),
        (" ", "`query` is empty; it has to be one `SELECT`"),
        ("-- nothing", "cannot read `DB`: `query` gives no rows; it has to be one `SELECT`"),
    ] {
        assert_eq!(ask(&path, sql, &none), expect, "{sql}");
    }
    let with = "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n WHERE a < 5) SELECT a FROM n WHERE a > 3";
    assert_eq!(ask(&path, with, &none), "{\"a\":4}\n{\"a\":5}\n");
    assert_eq!(ask(&path, "SELECT a FROM t; ", &none).lines().count(), 3, "a semicolon is no statement");
    let bad = ask(&path, "SELECT 1 AS a UNION ALL SELECT 9e999 UNION ALL SELECT CAST(x'ff' AS TEXT)", &none);
    assert_eq!(
        bad,
        "{\"a\":1}\nrow 2: column `a`: inf is no number of JSON\nrow 3: column `a`: its text is not UTF-8\n"
    );
    std::fs::write(&path, "no database, whatever its name says it is, and long enough to be looked at")
        .expect("room");
    assert_eq!(ask(&path, "SELECT * FROM t", &none), "cannot read `DB`: file is not a database");
}
