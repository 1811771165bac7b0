//! These tests cover databases through the real binary: several workers, locks of others, deadlines, transactions that
//! end with items.

use rusqlite::Connection;
use serde_json::Value;

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
fn opening_a_database_that_another_process_has_locked_ends_at_the_timeout() {
    let lua = "local db = sqlite.open('out.db') return db:exec('insert into t values (?, 0)', { item.id })";
    let pipeline = format!(
        "version: 1\nsteps:\n  rows: {{ read: ids.jsonl }}\n  save:\n    from: rows\n    map:\n      timeout: 600ms\n      min_success_ratio: 0\n      lua: {lua}\n"
    );
    let project = Project::with(&pipeline).ids("ids.jsonl", 6);
    let other = Connection::open(project.path("out.db")).expect("a database");
    // Without a write-ahead log nobody can even change to one.
    other
        .execute_batch(
            "create table t (id integer primary key, big); begin exclusive; insert into t values (99, 0)",
        )
        .expect("a lock");
    let summary = project.json(&[]);
    assert_eq!(summary.counts("save"), [0, 6, 0, 0], "{}", summary.stderr);
    for (item, message) in summary.step("save")["errors"].as_object().expect("errors") {
        assert!(message.as_str().is_some_and(|message| message.contains("600ms")), "{item}: {message}");
    }
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

/// What becomes of one item whose function this is, under a limit of memory and time; later items have to run all the same.
fn bounded(lua: &str) -> (String, String) {
    let lua: String = lua.lines().map(|line| format!("        {line}\n")).collect::<Vec<_>>().concat();
    let pipeline = format!(
        "x-allow: [unused_step]\nsteps:\n  src: {{items: [1, 2]}}\n  m:\n    from: src\n    map:\n      concurrency: 1\n      memory: 32MB\n      timeout: 300ms\n      \
         min_success_ratio: 0.5\n      lua: |\n        if item == 2 then return 'later' end\n{lua}  ok: {{from: m, write: ok.jsonl}}\n  bad: {{from: m.failed, write: failed.jsonl}}\n"
    );
    let project = Project::with(&pipeline);
    project.run(&["pipeline.yaml", "-q"]).ok();
    assert_eq!(project.read("ok.jsonl"), "\"later\"\n");
    let failed: Value = serde_json::from_str(&project.read("failed.jsonl")).expect("one failed");
    let text = |key: &str| failed["error"][key].as_str().expect("text").to_owned();
    (text("kind"), text("message"))
}

#[test]
fn one_call_of_a_function_of_sql_ends_at_the_deadline() {
    // Each would take minutes: what is searched for is nearly there at every place.
    let texts = "local db = sqlite.open(':memory:')\nlocal text, part = string.rep('a', 4000000), string.rep('a', 20000)\n";
    for (operator, any) in [("LIKE", "%"), ("GLOB", "*")] {
        let (kind, message) = bounded(&format!(
            "{texts}return db:one('SELECT ?1 {operator} ?2 AS found', {{text, '{any}' .. part .. 'b{any}'}})"
        ));
        assert_eq!(kind, "timeout", "{operator}: {message}");
    }
}

#[test]
fn what_an_open_database_keeps_beside_it_is_not_for_lua_to_change() {
    let lua = "local db = sqlite.open('d/x.db')\ndb:exec('CREATE TABLE IF NOT EXISTS t (x)')\nlocal all = {}\n\
               for _, try in {function(p) fs.write(p, '') end, fs.remove, function(p) fs.move(p, 'y') end, function(p) fs.copy('z', p) end} do\n  \
               all[#all + 1] = select(2, pcall(try, 'd/x.db-shm')).message\nend\n\
               all[#all + 1] = select(2, pcall(fs.remove, 'd', {recursive = true})).message\n\
               db:exec('INSERT INTO t VALUES (1)')\nerror(table.concat(all, ';'))";
    let (_, message) = bounded(&format!("fs.write('z', '')\n{lua}"));
    assert_eq!(message.matches("belongs to the database `x.db`, which is open").count(), 5, "{message}");
}

#[test]
fn the_memory_of_a_step_holds_for_sqlite_too() {
    for sql in [
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT count(DISTINCT i || 'some text') AS c FROM n",
        "SELECT group_concat(a.x || b.x) AS t FROM (SELECT randomblob(4000) AS x UNION ALL SELECT randomblob(4000)) a, json_each('[' || replace(hex(zeroblob(4000)), '0', '1,') || '1]') b0, (SELECT hex(randomblob(9000)) AS x) b",
    ] {
        let (kind, message) = bounded(&format!(
            "local db = sqlite.open(':memory:')\ndb:exec('PRAGMA temp_store = MEMORY')\nreturn db:one([[{sql}]])"
        ));
        assert!(
            kind == "memory" || kind == "timeout" || message.contains("too big"),
            "{sql}: {kind}: {message}"
        );
    }
    let fill = "local db = sqlite.open('x.db')\ndb:exec('PRAGMA cache_size = 100000')\ndb:exec('CREATE TABLE t (x)')\ndb:exec('BEGIN')\n\
                for i = 1, 100 do db:exec('INSERT INTO t VALUES (randomblob(1000000))') end\nreturn 1";
    let (kind, message) = bounded(fill);
    assert!(kind == "memory" || kind == "timeout", "{kind}: {message}");
}

#[test]
fn statements_are_bounded_below_what_a_workers_stack_holds() {
    for (sql, says) in [
        ("'SELECT ' .. string.rep('1+', 300) .. '1'", "Expression tree is too large"),
        ("'SELECT 1' .. string.rep(' UNION ALL SELECT 1', 300)", "too many terms in compound SELECT"),
        ("'PRAGMA mmap_size = 1000000'", "not available"),
        ("'PRAGMA max_page_count = 1000000'", "not available"),
    ] {
        let (_, message) = bounded(&format!("return sqlite.open(':memory:'):query({sql})"));
        assert!(message.contains(says), "{sql}: {message}");
    }
    let deep = "return sqlite.open(':memory:'):one('SELECT ' .. string.rep('1+', 200) .. '1 AS n').n";
    let project = Project::with(&format!(
        "steps:\n  src: {{items: [1]}}\n  m: {{from: src, map: \"{deep}\"}}\n  s: {{from: m, write: out.jsonl}}\n"
    ));
    project.run(&["pipeline.yaml", "-q"]).ok();
    assert_eq!(project.read("out.jsonl"), "201\n");
}

#[test]
fn a_transaction_waits_for_those_of_other_items_and_holds_nobody_up() {
    // Few threads have many items each, and every item waits within its transaction.
    let lua = "db:exec('begin immediate')
        local n = db:one('select count(*) as n from t').n
        time.sleep(0.005)
        db:exec('insert into t values (?, ?)', { item.id, n })
        db:exec('commit')
        return n";
    let project =
        Project::with(&pipeline("      concurrency: 40\n      timeout: 60s\n", lua)).ids("ids.jsonl", 60);
    let summary = project.json(&[]);
    assert_eq!(summary.counts("save"), [60, 0, 0, 0], "{}", summary.stderr);
    let connection = Connection::open(project.path("out.db")).expect("a database");
    let seen: i64 =
        connection.query_row("select count(distinct big) from t", [], |row| row.get(0)).expect("a table");
    assert_eq!(seen, 60, "two have seen the same table");
}

#[test]
fn statements_of_one_text_wait_where_they_have_come_to() {
    let lua = "if item.id == 1 then
          db:exec('begin exclusive')
          time.sleep(0.2)
          db:exec('commit')
          return 0
        end
        time.sleep(0.05)
        return db:exec('create table if not exists u (x); begin immediate; insert into u values (1), (2); commit')";
    let project =
        Project::with(&pipeline("      concurrency: 6\n      timeout: 60s\n", lua)).ids("ids.jsonl", 6);
    let summary = project.json(&[]);
    assert_eq!(summary.counts("save"), [6, 0, 0, 0], "{}", summary.stderr);
    assert_eq!(count(&project, "u"), 10);
}

#[test]
fn an_item_that_waits_for_a_lock_lets_others_run_and_ends_at_its_deadline() {
    let lua = "if item.id == 1 then db:exec('begin immediate') end
        time.sleep(0.05)
        return #db:query('select * from t')";
    let policy = "      concurrency: 4\n      timeout: 1s\n      min_success_ratio: 0\n";
    let setup = TABLE.replace("        db:exec('create", "        -- db:exec('create");
    let project = Project::with(&pipeline(policy, lua).replace(TABLE, &setup)).ids("ids.jsonl", 40);
    let other = Connection::open(project.path("out.db")).expect("a database");
    other
        .execute_batch("pragma journal_mode = wal; create table t (id, big); begin immediate")
        .expect("a lock");
    let summary = project.json(&[]);
    assert_eq!(summary.counts("save"), [39, 1, 0, 0], "{}", summary.stderr);
    let message = summary.step("save")["errors"]["1"].as_str().expect("an error").to_owned();
    assert!(message.contains("timeout after 1s"), "{message}");
}

/// Statements that give rows wait like others, and a text of several goes on where it waited.
#[test]
fn whatever_waits_for_a_lock_gives_its_whole_result() {
    let project = Project::with(
        "steps:\n  numbers: { items: [1, 2, 3, 4, 5, 6, 7, 8] }\n  work:\n    from: numbers\n    map:\n      concurrency: 8\n      \
         timeout: 60s\n      lua: |\n        local db = sqlite.open('x.db')\n        db:exec('CREATE TABLE IF NOT EXISTS t(n)')\n        \
         if item % 2 == 0 then\n          db:exec('BEGIN IMMEDIATE')\n          time.sleep(0.05)\n          \
         db:exec('INSERT INTO t VALUES(0)')\n          db:exec('COMMIT')\n          return 'held'\n        end\n        \
         local rows = db:query('INSERT INTO t VALUES(1), (2) RETURNING n')\n        \
         local one = db:one('INSERT INTO t VALUES(3) RETURNING n')\n        \
         local changed = db:exec('INSERT INTO t VALUES(4); INSERT INTO t VALUES(5); INSERT INTO t VALUES(6)')\n        \
         return { #rows, one.n, changed }\n  save: { from: work, write: out.jsonl }\n",
    );
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl"), "[2,3,3]\n\"held\"\n".repeat(4));
}
