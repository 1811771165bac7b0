//! Databases through the real binary: several workers, locks of others, deadlines, transactions that end with items.

use rusqlite::Connection;

use crate::project::Project;

fn count(project: &Project, table: &str) -> i64 {
    let connection = Connection::open(project.path("out.db")).expect("a database");
    connection.query_row(&format!("select count(*) from {table}"), [], |row| row.get(0)).expect("a table")
}

const TABLE: &str = "      setup: |
        local db = sqlite.open('out.db')
        db:exec('create table if not exists t (id integer primary key, big integer)')
";

fn pipeline(policy: &str, lua: &str) -> String {
    let lines: Vec<String> = lua.lines().map(|line| format!("        {}\n", line.trim())).collect();
    let lua = lines.concat();
    format!(
        "version: 1\nname: p\nsteps:\n  rows: {{ read: ids.jsonl }}\n  save:\n    from: rows\n    map:\n{policy}{TABLE}      lua: |\n{lua}"
    )
}

#[test]
fn workers_write_one_database_at_once() {
    let lua = "db:exec('insert into t values (:id, 9007199254740993)', { id = item.id })
        if db:one('select big from t where id = ?', { item.id }).big ~= json.decode('9007199254740993') then error('inexact') end
        return true";
    let project = Project::with(&pipeline("      concurrency: 4\n", lua)).ids("ids.jsonl", 2000);
    let summary = project.json(&[]);
    assert_eq!(summary.counts("save"), [2000, 0, 0, 0], "{}", summary.stderr);
    assert_eq!(count(&project, "t"), 2000);
}

#[test]
fn a_lock_of_another_process_is_waited_for_until_the_timeout() {
    let policy = "      timeout: 300ms\n      min_success_ratio: 0\n";
    let project =
        Project::with(&pipeline(policy, "return db:exec('insert into t values (?, 0)', { item.id })"))
            .ids("ids.jsonl", 1);
    let other = Connection::open(project.path("out.db")).expect("a database");
    other
        .execute_batch(
            "pragma journal_mode = wal; create table t (id integer primary key, big); begin immediate",
        )
        .expect("a lock");
    let summary = project.json(&[]);
    assert_eq!(summary.counts("save"), [0, 1, 0, 0], "{}", summary.stderr);
    let message = summary.step("save")["errors"]["1"].as_str().expect("an error").to_owned();
    assert!(message.contains("300ms"), "{message}");
    let took = summary.step("save")["duration"].as_f64();
    assert!(took.is_none_or(|seconds| seconds < 5.0), "{took:?}");
}

#[test]
fn an_endless_query_stops_at_the_timeout() {
    let policy = "      timeout: 200ms\n      min_success_ratio: 0\n";
    let lua = "return db:one('with recursive n (i) as (select 1 union all select i + 1 from n) select max(i) from n')";
    let project = Project::with(&pipeline(policy, lua)).ids("ids.jsonl", 2);
    let summary = project.json(&[]);
    assert_eq!(summary.counts("save"), [0, 2, 0, 0], "{}", summary.stderr);
    let message = summary.step("save")["errors"]["1"].as_str().expect("an error").to_owned();
    assert!(message.contains("200ms"), "{message}");
}

#[test]
fn a_transaction_ends_with_its_item() {
    for wait in ["", "time.sleep(0.001)"] {
        let lua = format!(
            "db:exec('begin immediate')
             db:exec('insert into t values (?, 0)', {{ item.id }})
             if item.id % 2 == 0 then error('lost') end
             db:exec('commit')
             {wait}
             return true"
        );
        let policy = "      concurrency: 3\n      min_success_ratio: 0\n";
        let project = Project::with(&pipeline(policy, &lua)).ids("ids.jsonl", 100);
        let summary = project.json(&[]);
        assert_eq!(summary.counts("save"), [50, 50, 0, 0], "{}", summary.stderr);
        assert_eq!(count(&project, "t"), 50);
    }
}

#[test]
fn a_picture_is_no_result() {
    let project = Project::with(
        "version: 1\nname: p\nsteps:\n  rows: { read: ids.jsonl }\n  save:\n    from: rows\n    map: { lua: \"return image.open('a.png')\", min_success_ratio: 0 }\n",
    )
    .file("a.png", include_bytes!("../../examples/resize-images/data/photo-03.png"))
    .ids("ids.jsonl", 1);
    let summary = project.json(&[]);
    assert_eq!(summary.counts("save"), [0, 1, 0, 0], "{}", summary.stderr);
    let message = summary.step("save")["errors"]["1"].as_str().expect("an error").to_owned();
    assert!(message.contains("userdata"), "{message}");
}
