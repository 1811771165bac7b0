//! These tests look at what a check says of names and paths in Lua: what is right is taken without a word.

use crate::project::Project;

/// What `check` says of a pipeline whose map is this, with its exit code.
fn checked(map: &str) -> (i32, String) {
    let map = map.lines().map(|line| format!("      {line}\n")).collect::<Vec<_>>().concat();
    let output = Project::with(&format!(
        "params: {{ limit: 1 }}\npermissions: {{ read: [.] }}\nsteps:\n  rows: {{ items: [{{ text: a }}] }}\n  work:\n    from: rows\n    map:\n{map}  \
         save: {{ from: work, write: out.jsonl }}\n"
    ))
    .file("lib.lua", "local words = fs.read(params.limit .. '.txt')\nreturn function(item) return words .. fs.read(item.text) end\n")
    .run(&["check", "pipeline.yaml"]);
    (output.code, output.stderr)
}

#[track_caller]
fn taken(map: &str) {
    let (code, said) = checked(map);
    assert!(code == 0 && !said.contains('⚠'), "{map}: {code} {said}");
}

#[track_caller]
fn told(map: &str, expect: &str) {
    let (_, said) = checked(map);
    assert!(said.replace("\n        ", " ").replace("\n  │ ", " ").contains(expect), "{map}: {said}");
}

#[test]
fn strings_that_go_on_in_the_next_line_are_strings() {
    taken("lua: |\n  return \"hello \\z\n     world wide\" .. item.text");
    taken("lua: |\n  return 'hello \\\n  world wide' .. item.text");
    taken("lua: |\n  return `hello \\z\n  wide {item.text}`");
}

#[test]
fn variables_may_be_called_as_what_the_run_gives() {
    taken("lua: |\n  local params = { size = 1 }\n  return params.size");
    taken(
        "lua: |\n  local function f(env, secrets) return env.x or secrets.y end\n  return f({ x = 1 }, {})",
    );
    taken("setup: local steps, params = { a = 1 }, { b = 2 }\nlua: return params.b + steps.a");
    told(
        "lua: |\n  do local params = { size = 1 } end\n  return params.size",
        "declares no parameter `size`",
    );
}

#[test]
fn steps_that_are_not_there_or_have_not_ended_are_found_in_the_lua_of_steps() {
    told("lua: return steps.rwos.total", "did you mean `rows`?");
    told("lua: return steps['rosw'].total", "the Lua of step `work` looks at unknown step `rosw`");
    told("lua: return steps.rows.total", "add `needs: rows` to step `work`");
    told("setup: local n = steps.save.total\nlua: return n", "looks at `save`, which need not have ended");
}

#[test]
fn paths_that_are_plainly_written_are_seen_and_others_are_warned_of() {
    taken(
        "setup: |\n  local P = 'l.txt'\n  local read = fs.read\n  local a, b = read(P), pcall(fs.read, [[m.txt]])\nlua: return a",
    );
    told("setup: local read = fs.read local a = read(params.limit)\nlua: return a", "flowrun::unseen_file");
    told("file: lib.lua", "a change of what the file of step `work` reads goes unnoticed");
    taken("file: lib.lua\nuses: [pipeline.yaml]");
}

#[test]
fn lua_files_may_begin_with_a_mark_or_with_the_program_that_runs_them() {
    let library = "\u{feff}#!/usr/bin/env lua\nlocal other = require('other')\nreturn function(item) return other(item) end\n";
    let project = Project::with(
        "steps:\n  rows: { items: [1] }\n  work: { from: rows, map: { file: lib.lua } }\n  save: { from: work, write: out.jsonl }\n",
    )
    .file("lib.lua", library)
    .file("other.lua", "\u{feff}return function(n) return n + 1 end\n");
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl"), "2\n");
}

/// What a map of these statements gives for one item.
fn given(lua: &str) -> String {
    let project = Project::with(&format!(
        "steps:\n  rows: {{ items: [{{ n: null, tags: [x], name: ada }}] }}\n  work:\n    from: rows\n    map: |\n      {}\n  save: {{ from: work, write: out.jsonl }}\n",
        lua.replace('\n', "\n      ")
    ));
    let ran = project.run(&["pipeline.yaml", "--no-state"]);
    if ran.code == 0 { project.read("out.jsonl").trim_end().to_owned() } else { ran.stderr }
}

#[test]
fn caught_errors_and_tables_are_texts_where_texts_are_wanted() {
    let caught = "local ok, e = pcall(str.trim, {})\n";
    for (lua, expect) in [
        ("return string.format('%s', e):sub(1, 12)", "\"bad argument\""),
        ("return string.find(e, 'argument')", "5"),
        ("return string.upper(e):sub(1, 3)", "\"BAD\""),
        ("return (string.gsub(e, ' .*', ''))", "\"bad\""),
        ("return (`{e}`):sub(1, 3)", "\"bad\""),
        (
            "return `{item.tags} {nil} {item.n} {json.null} {tbl.merge({ a = 1 })}`",
            "\"[\\\"x\\\"] nil null null {\\\"a\\\":1}\"",
        ),
        ("return string.format('%d %s', 5, 'x')", "\"5 x\""),
    ] {
        assert_eq!(given(&format!("{caught}{lua}")), expect, "{lua}");
    }
}

#[test]
fn what_fails_says_what_is_in_it_and_what_was_meant() {
    for (lua, expect) in [
        ("flow.fail({ code = 7 })", "{\"code\":7}"),
        ("flow.retry({ code = 7 })", "{\"code\":7}"),
        ("return item.n + 1", "null is true, so that `or` does not replace it; compare with `json.null`"),
        ("return item.get('x')", "`item.get` is nil; a field is read by `t.name`"),
        ("return (item.f or item.g)('x')", "`(item.f or item.g)` is nil"),
        ("return item.tags.append('x')", "write `table.insert(list, value)`"),
        ("return item.name.upper()", "a method is called with a colon, `:upper()`"),
        ("local f = item.f\nreturn f'x'", "`f` is nil"),
        ("return tonumber(string.gsub('1', '1', '2'))", "`gsub` gives two values"),
        ("return { 1, a = 2 }", "two maps are joined by `tbl.merge(a, b)`"),
    ] {
        let said = given(lua);
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(expect), "{lua}: {said}");
    }
    assert!(!given("local f = item.f\nreturn f'x'").contains("backticks"));
}
