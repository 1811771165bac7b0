//! These tests read and write databases of SQLite through the real binary.

use rusqlite::Connection;
use serde_json::Value;

use crate::project::{Project, Ran};

/// What a query gives, as text with a line for each row.
fn ask(project: &Project, file: &str, sql: &str) -> String {
    let connection = Connection::open(project.path(file)).expect("a database");
    let mut statement = connection.prepare(sql).expect("SQL");
    let columns = statement.column_count();
    let line = |row: &rusqlite::Row<'_>| {
        let cell = |at| row.get::<_, rusqlite::types::Value>(at).map(|value| format!("{value:?}"));
        Ok((0..columns).map(cell).collect::<rusqlite::Result<Vec<_>>>()?.join(" ") + "\n")
    };
    statement.query_map([], line).expect("rows").collect::<rusqlite::Result<Vec<_>>>().expect("rows").concat()
}

fn run(project: &Project, args: &[&str]) -> Ran {
    project.run(&[&["pipeline.yaml", "--color", "never"], args].concat())
}

#[test]
fn several_steps_write_tables_of_one_database_and_others_ask_it() {
    let project = Project::with(
        "params: { least: 2 }\nsteps:\n  in: { read: in.jsonl }\n  \
         one: { from: in, write: { path: out/app.db, table: one } }\n  \
         two: { from: in, write: { path: out/app.db, table: 'two \"2\"', mode: append } }\n  \
         asked:\n    needs: [one, two]\n    read:\n      path: out/app.db\n      query: SELECT one.* FROM one JOIN \"two \"\"2\"\"\" AS t USING(id) WHERE id >= ?\n      \
         params: ['${{ params.least }}']\n      origin: { line: n }\n  \
         a: { from: asked, write: a.jsonl }\n  b: { from: asked, map: return item.big }\n  c: { from: b, write: b.jsonl }\n",
    )
    .file("in.jsonl", "{\"id\":1,\"big\":9007199254740993}\n{\"id\":2,\"big\":-9223372036854775808}\n");
    let ran = run(&project, &[]).ok();
    assert!(ran.stderr.contains("→ out/app.db"), "{}", ran.stderr);
    assert_eq!(project.read("a.jsonl"), "{\"id\":2,\"big\":-9223372036854775808,\"n\":1}\n");
    assert_eq!(project.read("b.jsonl"), "-9223372036854775808\n");
    assert_eq!(
        ask(&project, "out/app.db", "SELECT big FROM one WHERE id = 1"),
        "Integer(9007199254740993)\n"
    );
    let plan = project.run(&["plan", "pipeline.yaml"]).ok().stdout;
    assert!(plan.contains("appends to out/app.db (sqlite, table two \"2\")"), "{plan}");
    let summary = project.json(&["--limit", "1", "-p", "least=1"]);
    assert_eq!(summary.step("asked")["total"], 1);
    let output = &summary.step("one")["outputs"][0];
    assert_eq!(
        (&output["rows"], &output["bytes"], &output["partial"]),
        (&1.into(), &Value::Null, &true.into())
    );
    assert_eq!(ask(&project, "out/app.db", "SELECT count(*) FROM \"two \"\"2\"\"\""), "Integer(3)\n");
}

#[test]
fn a_step_that_fails_leaves_the_table_as_it_was() {
    let project = Project::with(
        "steps:\n  in: { read: in.jsonl }\n  save: { from: in, write: { path: app.db, table: t } }\n",
    )
    .file("in.jsonl", "{\"a\":1}\n{\"a\":2}\n");
    run(&project, &["-q"]).ok();
    std::fs::write(project.path("in.jsonl"), "{\"a\":3}\n[4]\n").expect("room");
    let ran = run(&project, &[]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("cannot write item 2 to `app.db`: it is a list"), "{}", ran.stderr);
    assert_eq!(ask(&project, "app.db", "SELECT a FROM t"), "Integer(1)\nInteger(2)\n");
}

#[test]
fn a_resumed_run_appends_its_rows_once() {
    let project = Project::with(
        "steps:\n  in: { read: in.jsonl }\n  save: { from: in, write: { path: app.db, table: t, mode: append } }\n  \
         late: { from: in, needs: save, map: 'if fs.exists(\"bad\") then error(\"late\") end return item' }\n  \
         out: { from: late, write: out.jsonl }\n",
    )
    .ids("in.jsonl", 2)
    .file("bad", "");
    assert_eq!(run(&project, &["-q"]).code, 1);
    let resumed = project.run(&["resume", "--color", "never"]);
    assert!(
        resumed.code == 1 && resumed.stderr.contains("has appended its rows already"),
        "{}",
        resumed.stderr
    );
    std::fs::remove_file(project.path("bad")).expect("there");
    project.run(&["resume", "-q"]).ok();
    assert_eq!(ask(&project, "app.db", "SELECT id FROM t"), "Integer(1)\nInteger(2)\n");
    run(&project, &["-q"]).ok();
    assert_eq!(ask(&project, "app.db", "SELECT count(*) FROM t"), "Integer(4)\n", "a new run appends anew");
}

#[test]
fn a_step_waits_for_others_until_its_deadline() {
    let project = Project::with(
        "steps:\n  in: { items: [{ a: 1 }] }\n  save: { from: in, deadline: 1s, write: { path: app.db, table: t } }\n",
    );
    let other = Connection::open(project.path("app.db")).expect("a database");
    other.execute_batch("BEGIN IMMEDIATE; CREATE TABLE x(a);").expect("nobody else is there");
    let ran = run(&project, &["--no-state"]);
    assert!(ran.code == 1 && ran.stderr.contains("deadline"), "{}", ran.stderr);
    other.execute_batch("COMMIT").expect("ours");
    run(&project, &["--no-state", "-q"]).ok();
    assert_eq!(ask(&project, "app.db", "SELECT a FROM t"), "Integer(1)\n");
}

#[test]
fn rows_that_json_cannot_hold_are_bad_rows_with_their_place() {
    let project = Project::with(
        "x-allow: [unread_failures]\nsteps:\n  in:\n    read: { path: app.db, query: SELECT a FROM t, min_success_ratio: 0.5 }\n  \
         out: { from: in, write: out.jsonl }\n",
    );
    let made = Connection::open(project.path("app.db")).expect("a database");
    made.execute_batch("CREATE TABLE t(a); INSERT INTO t VALUES(1), (9e999), (x'0aff'), (1.5);")
        .expect("SQL");
    let ran = run(&project, &["--no-state"]).ok();
    assert!(ran.stderr.contains("app.db:2 column `a`: inf is no number of JSON"), "{}", ran.stderr);
    assert_eq!(project.read("out.jsonl"), "{\"a\":1}\n{\"a\":\"0aff\"}\n{\"a\":1.5}\n");
}

#[test]
fn a_query_that_never_ends_is_interrupted_by_a_take() {
    let project = Project::with(
        "steps:\n  in:\n    read:\n      path: app.db\n      query: WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n) SELECT a FROM n\n  \
         some: { from: in, take: 2 }\n  out: { from: some, write: out.jsonl }\n",
    );
    Connection::open(project.path("app.db"))
        .expect("a database")
        .execute_batch("CREATE TABLE t(a)")
        .expect("SQL");
    run(&project, &["--no-state", "-q"]).ok();
    assert_eq!(project.read("out.jsonl"), "{\"a\":1}\n{\"a\":2}\n");
}

#[test]
fn what_does_not_fit_is_found_before_anything_runs() {
    for (step, expect) in [
        ("in: { read: app.db }", "`query` is missing, for a file of the format `sqlite`"),
        ("in: { read: { path: a.csv, query: SELECT 1 } }", "`query` has no effect on `csv`"),
        ("in: { read: { path: app.db, query: SELECT 1, params: [[1]] } }", "`params` holds a list or a map"),
        (
            "in: { read: { path: app.db, format: sqlite, query: SELECT 1, compression: gzip } }",
            "`compression` is not for `sqlite`",
        ),
        (
            "in: { read: { path: app.db, query: SELECT 1, columns: [a] } }",
            "`columns` has no effect on `sqlite`",
        ),
        ("out: { from: one, write: app.db }", "`table` is missing, for a file of the format `sqlite`"),
        ("out: { from: one, write: { path: a.csv, table: t } }", "`table` has no effect on `csv`"),
        (
            "out: { from: one, write: { path: a.csv, mode: upsert } }",
            "`mode: upsert` is for `sqlite`, not for `csv`",
        ),
        (
            "out: { from: one, write: { path: app.db, table: t, mode: upsert } }",
            "`mode: upsert` needs `upsert_by`, the columns by which a row is known",
        ),
        (
            "out: { from: one, write: { path: app.db, table: t, upsert_by: [id] } }",
            "`upsert_by` is for `mode: upsert`",
        ),
        ("out: { from: one, write: { path: app.db, table: _flowrun } }", "`table` cannot be `_flowrun`"),
        (
            "out: { from: one, write: { path: '-', format: sqlite, table: t } }",
            "`path: -` is not for `sqlite`",
        ),
        (
            "a: { from: one, write: { path: app.db, table: t } }\n  b: { from: one, write: { path: app.db, table: T } }",
            "steps `a` and `b` write one table of `app.db`",
        ),
    ] {
        let text = format!("steps:\n  one: {{ items: [{{ id: 1 }}] }}\n  {step}\n");
        let ran = Project::with(&text).run(&["check", "pipeline.yaml", "--color", "never"]);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(ran.code == 65 && said.contains(expect), "{step}: {said}");
    }
}
