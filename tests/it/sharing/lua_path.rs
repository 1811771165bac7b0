//! `lua_path` says where `require` and `file` look for Lua files.

use super::{found, run};
use crate::project::Project;

const PIPELINE: &str = r#"
lua_path: [., ../lua]
steps:
  in: { items: [{ text: " a " }] }
  squeezed: { from: in, map: { file: "words.lua#squeeze" } }
  marked:
    from: squeezed
    map:
      setup: local marks = require("lib.marks")
      lua: return marks.add(item)
  kept: { from: marked, filter: "require('lib.marks').add('') == '!'" }
  out: { from: kept, write: out.jsonl }
tests:
  - { name: marks, step: marked, item: x, expect: "x!" }
"#;

fn project() -> Project {
    Project::new()
        .file("a/pipeline.yaml", PIPELINE)
        .file("lua/words.lua", "return { squeeze = function(item) return str.trim(item.text) end }")
        .file("lua/lib/marks.lua", "return { add = function(text) return text .. '!' end }")
}

#[test]
fn the_plan_lists_the_folders() {
    let said = project().run(&["plan", "-v", "a/pipeline.yaml"]).ok().stdout;
    assert!(said.ends_with("\n  Lua files are looked for in ., ../lua\n"), "{said}");
    let alone = Project::with("steps: { in: { items: [1] }, out: { from: in, write: out.jsonl } }");
    let said = alone.run(&["plan", "-v", "pipeline.yaml"]).ok().stdout;
    assert!(said.ends_with("\n  Lua files are looked for in .\n"), "{said}");
}

#[test]
fn lua_files_are_found_in_a_sibling_folder() {
    let project = project();
    run(&project, "a/pipeline.yaml");
    assert_eq!(project.read("a/out.jsonl"), "\"a!\"\n");
    assert_eq!(found(&project, "a/pipeline.yaml"), [""; 0]);
    project.run(&["test", "a/pipeline.yaml"]).ok();
    let elsewhere = project.run(&["a/pipeline.yaml", "--set", "lua_path=[., ../other]"]);
    assert!(
        elsewhere.code == 65 && elsewhere.stderr.contains("`words.lua#squeeze` cannot be used"),
        "{}",
        elsewhere.stderr
    );
    let seen = project.run(&["preview", "a/pipeline.yaml", "marked"]).ok();
    assert!(seen.stdout.contains("a!"), "{}", seen.stdout);
}

#[test]
fn the_first_folder_that_has_a_file_gives_it() {
    let project = project().file("a/lib/marks.lua", "return { add = function() return '!' end }");
    run(&project, "a/pipeline.yaml");
    assert_eq!(project.read("a/out.jsonl"), "\"!\"\n");
}

#[test]
fn copies_are_kept_and_a_changed_module_is_noticed() {
    let project = project();
    run(&project, "a/pipeline.yaml");
    let runs: Vec<_> = std::fs::read_dir(project.path("a/.flowrun/runs")).expect("runs").flatten().collect();
    let copies = runs[0].path().join("pipeline");
    for (name, begins) in [("lua/words.lua", "return { squeeze"), ("lua/lib/marks.lua", "return { add")] {
        let text = std::fs::read_to_string(copies.join(name)).expect(name);
        assert!(text.starts_with(begins), "{text}");
    }
    let resumed = project.run(&["resume", "latest", "--state-dir", "a/.flowrun"]).ok().stderr;
    assert!(resumed.matches("redone 0").count() == 3, "{resumed}");
    let project =
        project.file("lua/lib/marks.lua", "return { add = function(text) return text .. '?!' end }");
    let resumed = project.run(&["resume", "latest", "--state-dir", "a/.flowrun"]).ok().stderr;
    assert!(resumed.contains("redone 1 (function changed)"), "{resumed}");
    assert_eq!(project.read("a/out.jsonl"), "");
    // The same module in another folder is the same function.
    let text = project.read("lua/lib/marks.lua");
    std::fs::remove_file(project.path("lua/lib/marks.lua")).expect("it is there");
    let project = project.file("a/lib/marks.lua", text);
    let resumed = project.run(&["resume", "latest", "--state-dir", "a/.flowrun"]).ok().stderr;
    assert!(resumed.matches("redone 0").count() == 3, "{resumed}");
}

#[test]
fn nothing_else_is_read_there_and_nothing_beyond() {
    let project = Project::new()
        .file(
            "a/pipeline.yaml",
            "lua_path: [../lua]
steps:
  in: { items: [fs, out, link, own] }
  a:
    from: in
    map:
      min_success_ratio: 0
      lua: |
        if item == 'fs' then return fs.read('../lua/lib.lua') end
        return require(item)
  f: { from: a.failed, write: failed.jsonl }
",
        )
        .file("lua/lib.lua", "return 1")
        .file("a/own.lua", "return 1")
        .file("secret/out.lua", "return 1");
    std::os::unix::fs::symlink("../secret/out.lua", project.path("lua/link.lua")).expect("a link");
    run(&project, "a/pipeline.yaml");
    let failed = project.read("a/failed.jsonl");
    let messages: Vec<String> = failed
        .lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).expect("a line");
            value["error"]["message"].as_str().expect("text").to_owned()
        })
        .collect();
    assert_eq!(messages.len(), 4, "{failed}");
    assert!(messages[0].contains("not permitted") || messages[0].contains("permissions"), "{}", messages[0]);
    assert!(messages[1].contains("cannot read module `out`"), "{}", messages[1]);
    assert!(messages[2].contains("module `link` lies outside the folders of `lua_path`"), "{}", messages[2]);
    assert!(messages[3].contains("cannot read module `own`"), "{}", messages[3]);
}

#[test]
fn wrong_folders_and_files_outside_of_them_are_found() {
    let project = Project::new()
        .file(
            "a/pipeline.yaml",
            "lua_path: [../lua, ../nowhere, pipeline.yaml, '${{ 1 }}', 3]
steps:
  in: { items: [1] }
  b: { from: in, map: { file: ../other/x.lua } }
  c: { from: b, map: { file: y.lua } }
  d: { from: c, map: { file: ../lua/x.lua } }
  o: { from: d, write: o.jsonl }
",
        )
        .file("lua/x.lua", "return function(item) return item end")
        .file("other/x.lua", "return function(item) return item end");
    let found = found(&project, "a/pipeline.yaml");
    let messages: Vec<&str> = found.iter().map(|one| one.split_once(' ').expect("a code").1).collect();
    assert_eq!(
        messages,
        [
            "lua_path Lua files cannot be looked for in `../nowhere`",
            "lua_path Lua files cannot be looked for in `pipeline.yaml`",
            "expression `${{ … }}` cannot stand here",
            "wrong_type `lua_path[5]` must be text, not a whole number",
            "lua_file the Lua file `../other/x.lua` cannot be used",
            "lua_file the Lua file `y.lua` cannot be used",
        ]
    );
}
