//! `flowrun preview` and `flowrun test` change nothing: what functions write goes to a copy that is shown, and what no
//! copy can stand for is refused, unless `--allow-effects` is given.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::project::Project;

/// A pipeline with one item, whose function this is.
fn pipeline(permissions: &str, lua: &str) -> String {
    let lua = format!("      {}\n", lua.lines().collect::<Vec<_>>().join("\n      "));
    format!(
        "x-allow: [unused_step, not_permitted]\n{permissions}\nsteps:\n  src: {{items: [1]}}\n  m:\n    from: src\n    map: |\n{lua}\
         tests:\n  - {{name: t, step: m, item: 1, expect: true}}\n"
    )
}

/// All files and folders of a project.
fn names(folder: &Path) -> BTreeSet<PathBuf> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("it is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            all.extend(names(&path));
        }
        all.insert(path);
    }
    all
}

const FILES: &str = r#"fs.write("out/new/1.txt", "one\ntwo\n")
fs.write("old.txt", "more\n", {append = true})
fs.write("atomic.txt", "x", {atomic = true})
fs.copy("old.txt", "out/copy.txt")
fs.move("moved.txt", "out/moved.txt")
assert(fs.remove("gone.txt") and not fs.remove("gone.txt"))
fs.mkdir("out/empty")
assert(fs.read("out/new/1.txt") == "one\ntwo\n")
assert(fs.read("old.txt") == "old\nmore\n", fs.read("old.txt"))
assert(fs.read("out/copy.txt") == "old\nmore\n")
assert(fs.read("out/moved.txt") == "moved" and not fs.exists("moved.txt") and fs.stat("moved.txt") == nil)
assert(not fs.exists("gone.txt") and not pcall(fs.read, "gone.txt"))
assert(fs.stat("out/empty").kind == "dir")
assert(table.concat(fs.list("out"), " ") == "copy.txt empty moved.txt new there.txt", table.concat(fs.list("out"), " "))
assert(table.concat(fs.glob("out/**/*.txt"), " ") == "out/copy.txt out/moved.txt out/new/1.txt out/there.txt")
assert(table.concat(fs.glob("*.txt"), " ") == "atomic.txt old.txt", table.concat(fs.glob("*.txt"), " "))
assert(hash.file("atomic.txt", "md5") == hash.md5("x"))
fs.write("gone.txt", "again")
assert(fs.read("gone.txt") == "again")
fs.remove("gone.txt")
local t = fs.tempfile() fs.write(t, "t") assert(fs.read(t) == "t")
return true"#;

fn project(lua: &str, permissions: &str) -> Project {
    Project::with(&pipeline(permissions, lua))
        .file("old.txt", "old\n")
        .file("moved.txt", "moved")
        .file("gone.txt", "gone")
        .file("atomic.txt", "before")
        .file("out/there.txt", "there")
}

#[test]
fn files_go_to_a_copy_that_is_shown() {
    let project = project(FILES, "");
    let before = names(&project.path(""));
    let ran = project.run(&["preview", "pipeline.yaml", "m"]).ok();
    for shown in [
        "true",
        "would write atomic.txt, 1 byte\n    | x\n",
        "would remove gone.txt\n",
        "would remove moved.txt\n",
        "would write old.txt, 9 bytes\n    | old\n    | more\n",
        "would write out/copy.txt, 9 bytes",
        "would write out/moved.txt, 5 bytes",
        "would write out/new/1.txt, 8 bytes\n    | one\n    | two\n",
    ] {
        assert!(ran.stdout.contains(shown), "{shown}: {}", ran.stdout);
    }
    let ran = project.run(&["test", "pipeline.yaml"]).ok();
    assert!(ran.stderr.contains("would write out/new/1.txt, 8 bytes"), "{}", ran.stderr);
    let ran = project.run(&["test", "pipeline.yaml", "--format", "json"]).ok();
    let told: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let changes = told["tests"][0]["changes"].as_array().expect("a list");
    assert_eq!(changes[0], serde_json::json!({"path": "atomic.txt", "change": "written", "bytes": 1}));
    assert_eq!(changes[1], serde_json::json!({"path": "gone.txt", "change": "removed", "bytes": null}));
    assert_eq!(names(&project.path("")), before, "nothing was made");
    for (name, text) in
        [("old.txt", "old\n"), ("moved.txt", "moved"), ("gone.txt", "gone"), ("atomic.txt", "before")]
    {
        assert_eq!(project.read(name), text, "{name}");
    }
}

#[test]
fn what_no_copy_can_stand_for_is_refused() {
    let permissions = "permissions: {exec: ['true'], net: [127.0.0.1], read: [.], write: [., made]}";
    for (lua, what) in [
        ("return exec.run({'true'}).ok", "running `true`"),
        ("return http.post('http://127.0.0.1:9/').ok", "a POST request"),
        ("return http.request{method = 'delete', url = 'http://127.0.0.1:9/'}.ok", "a DELETE request"),
        ("return sqlite.open('new.db') ~= nil", "making the database `new.db`"),
        ("return sqlite.open('there.db'):exec('DELETE FROM t')", "writing a database"),
        ("return sqlite.open('there.db'):exec('CREATE TABLE u (x)')", "writing a database"),
        ("return fs.move('out', 'away')", "moving or removing the folder or link `out`"),
        ("return fs.remove('out', {recursive = true})", "moving or removing the folder or link `out`"),
    ] {
        let project = project(lua, permissions);
        let database = rusqlite::Connection::open(project.path("there.db")).expect("ours");
        database.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (7)").expect("a new database");
        drop(database);
        let before = names(&project.path(""));
        let ran = project.run(&["preview", "pipeline.yaml", "m"]);
        // Lines are as wide as a terminal.
        let shown: String = ran.stdout.split_whitespace().collect();
        assert!(shown.contains("--allow-effects"), "{lua}: {shown}");
        let ran = project.run(&["test", "pipeline.yaml"]);
        let message = format!("{what} is not carried out: `preview` and `test` change nothing");
        assert!(ran.code == 1 && ran.stderr.contains(&message), "{lua}: {}", ran.stderr);
        assert_eq!(names(&project.path("")), before, "{lua}");
    }
}

#[test]
fn what_only_looks_works_as_ever() {
    let lua = "local db = sqlite.open('there.db')\nassert(db:one('SELECT x FROM t').x == 7)\n\
               assert(sqlite.open(':memory:'):exec('CREATE TABLE t (x)') == 0)\nreturn true";
    let project = project(lua, "");
    let database = rusqlite::Connection::open(project.path("there.db")).expect("ours");
    let text = "PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (7)";
    database.execute_batch(text).expect("a new database");
    drop(database);
    let before = names(&project.path(""));
    project.run(&["test", "pipeline.yaml"]).ok();
    assert_eq!(names(&project.path("")), before, "no log was made");
}

#[test]
fn the_copy_tells_what_would_be_there_in_the_end() {
    let lua = r#"fs.write("a.part", "x")
fs.move("a.part", "a.txt")
fs.write("short.txt", "x")
fs.remove("short.txt")
fs.remove("gone.txt")
fs.mkdir("gone.txt")
assert(fs.exists("gone.txt") and fs.stat("gone.txt").kind == "dir")
fs.mkdir("new/er")
local db = sqlite.open(fs.tempfile(".db"))
db:exec("CREATE TABLE t (x)")
return #fs.list(path.dir(fs.tempfile())) > 0"#;
    let project = project(lua, "");
    let ran = project.run(&["preview", "pipeline.yaml", "m"]).ok();
    let told: Vec<&str> = ran.stdout.lines().filter(|line| line.contains("would ")).map(str::trim).collect();
    assert_eq!(
        told,
        ["would write a.txt, 1 byte", "would make the folder gone.txt", "would make the folder new/er"],
        "{}",
        ran.stdout
    );
}

#[test]
fn a_later_step_sees_what_the_one_before_it_wrote() {
    let text = r#"
steps:
  src: {items: [1]}
  w: {from: src, map: "fs.write('a.txt', 'x') return item"}
  r: {from: w, map: "return fs.read('a.txt')"}
  s: {from: r, write: out.jsonl}
"#;
    let project = Project::with(text);
    let ran = project.run(&["preview", "pipeline.yaml", "r"]).ok();
    assert!(ran.stdout.contains("\"x\""), "{}", ran.stdout);
    assert!(!project.has("a.txt"));
}

#[test]
fn effects_that_are_allowed_are_real() {
    let lua = "fs.write('out/1.txt', 'one')\nreturn exec.run({'true'}).ok";
    for command in [
        &["preview", "pipeline.yaml", "m", "--allow-effects"][..],
        &["test", "pipeline.yaml", "--allow-effects"],
    ] {
        let project = project(lua, "permissions: {exec: ['true']}");
        let ran = project.run(command).ok();
        assert_eq!(project.read("out/1.txt"), "one");
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("would write"));
    }
}

#[test]
fn a_preview_of_a_later_step_changes_nothing_before_it_either() {
    let text = "x-allow: [unused_step]\npermissions: {write: [made]}\nsteps:\n  src: {items: [1, 2]}\n  a:\n    from: src\n    map: |\n      \
                fs.write('made/' .. item, 'x')\n      return item\n  b: {from: a, map: return item + 1}\n";
    let project = Project::with(text);
    let before = names(&project.path(""));
    let ran = project.run(&["preview", "pipeline.yaml", "b"]).ok();
    assert!(ran.stdout.contains('3'), "{}", ran.stdout);
    assert_eq!(names(&project.path("")), before);
}

#[test]
fn the_plan_says_what_lua_code_may_reach_and_whether_the_system_helps() {
    let project = project("return true", "permissions: {read: [., ../data], write: [out], net: [a.org]}");
    let ran = project.run(&["plan", "pipeline.yaml", "-v"]).ok();
    let before = names(&project.path(""));
    for line in [
        "  read        ., ../data\n",
        "  write       out\n",
        "  net         a.org\n",
        "  exec        nothing\n",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
    assert!(
        ran.stdout.contains("second wall active: Landlock")
            || ran.stdout.contains("second wall not active: ")
    );
    assert!(!project.run(&["plan", "pipeline.yaml"]).ok().stdout.contains("second wall"));
    assert_eq!(names(&project.path("")), before);
}

#[test]
fn the_plan_says_which_way_items_go() {
    let text = "x-allow: [unused_step]\nsteps:\n  src: {items: [{a: 1}]}\n  alone: {from: src, map: \"return { a = item.a, b = item.a > 1 }\"}\n  \
                fields: {from: src, map: \"return { a = item.a, b = math.floor(item.b) }\"}\n  whole:\n    from: src\n    map: |\n      local n = 1\n      return item\n  \
                waits: {from: src, map: \"time.sleep(0) return item.a\"}\n  kept: {from: src, filter: item.a > 1}\n";
    let project = Project::with(text);
    let said = project.run(&["plan", "pipeline.yaml", "-v"]).ok().stdout;
    for line in [
        "fast way: computed without Lua, where values are usual",
        "fast way: 1 field passed to Lua, 1 field copied",
        "general way: `item` is used other than as `item.name` (line 10)",
        "general way: the function may wait",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert_eq!(said.matches("fast way: computed without Lua").count(), 2, "{said}");
    assert!(!project.run(&["plan", "pipeline.yaml"]).ok().stdout.contains(" way: "));
}

#[test]
fn the_plan_says_which_way_items_go_through_the_expressions_of_steps_over_collections() {
    let text = "x-allow: [unused_step]
steps:
  src: { items: [{ a: 1 }] }
  sorted: { from: src, sort: item.a }
  one: { from: src, unique: tostring(item.a) }
  groups: { from: src, group_by: item }
  pairs: { from: src, join: { with: sorted, by: item.a, with_by: 'item[\"a\"] + math.floor(item.b)', as: p } }
  same: { from: src, join: { with: sorted, by: item.a, as: p } }
  sums: { from: src, aggregate: { by: item.a, sum: { x: item.b } } }
  more: { from: src, aggregate: { by: item.a, sum: { x: tonumber(item.b) } } }
  parts: { from: src, write: { path: 'out/{key}.jsonl', by: item.a } }
  all: { from: src, reduce: { init: 0, lua: return acc + item.a } }
  few: { from: src, take: 1 }
";
    let said = Project::with(text).run(&["plan", "pipeline.yaml", "-v"]).ok().stdout;
    let ways = |step: &str| {
        let lines = said.lines().skip_while(|line| line.split_whitespace().nth(1) != Some(step)).skip(1);
        let own = lines.take_while(|line| line.starts_with("        "));
        own.map(str::trim).filter(|line| line.contains(" way: ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let alone = "fast way: computed without Lua, where values are usual";
    for (step, expect) in [
        ("sorted", vec![alone.to_owned()]),
        ("one", vec!["fast way: 1 field passed to Lua, 0 fields copied".to_owned()]),
        ("groups", vec!["general way: `item` is used other than as `item.name` (line 6)".to_owned()]),
        (
            "pairs",
            vec![
                format!("`by`: {alone}"),
                "`with_by`: fast way: 2 fields passed to Lua, 0 fields copied".to_owned(),
            ],
        ),
        ("same", vec![alone.to_owned()]),
        ("sums", vec![alone.to_owned()]),
        (
            "more",
            vec![
                format!("`item.a`: {alone}"),
                "`tonumber(item.b)`: fast way: 1 field passed to Lua, 0 fields copied".to_owned(),
            ],
        ),
        ("parts", vec![alone.to_owned()]),
        ("all", vec!["general way: `acc` stays in Lua from item to item".to_owned()]),
        ("few", vec![]),
    ] {
        assert_eq!(ways(step), expect, "{step}: {said}");
    }
}
