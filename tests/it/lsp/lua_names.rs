//! These tests cover names in Lua: variables of the Lua in a pipeline, and functions of Lua files that steps and other Lua name.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::client::{Client, cursor, edited};
use crate::project::Project;

const LIB: &str = "\
local M = {}
local function tidy(text) return str.trim(text) end
function M.clean(item) return { id = item.id, text = tidy(item.text) } end
function M.both(a, b) return M.clean(a), M.clean(b) end
return M
";
const PIPELINE: &str = "\
lua_path: [., ../lua]
steps:
  in: { items: [{ id: 1, text: a }] }
  a:
    from: in
    map: { file: lib.lua#clean }
  b:
    from: a
    map:
      setup: |
        local lib = require('lib')
        local function twice(item) return lib.clean(lib.clean(item)) end
      lua: |
        local clean = twice(item)
        return { clean = clean, 'clean', `{twice(clean).id}`, lib.both(clean, clean) }
  c:
    from: b
    filter: { file: deep/more.lua#keep }
  o: { from: c, write: o.jsonl }
";
const MORE: &str =
    "return { keep = function(item) local l = require \"lib\"\n  return l.clean(item) ~= nil end }\n";
/// It has a `clean` of its own.
const OTHER: &str = "\
steps:
  in: { items: [1] }
  a: { from: in, map: { file: own.lua#clean } }
  o: { from: a, write: o.jsonl }
";
const OWN: &str = "return { clean = function(item) return item end }\n";
const FILES: [(&str, &str); 5] = [
    ("a/pipeline.yaml", PIPELINE),
    ("lua/lib.lua", LIB),
    ("a/deep/more.lua", MORE),
    ("other.yaml", OTHER),
    ("own.lua", OWN),
];

fn client(files: &[(&str, &str)]) -> Client {
    Client::in_folder(files.iter().fold(Project::new(), |project, (name, text)| project.file(name, text)))
}

/// What becomes of the files when the name before `mark` is another: those that change, by their names.
fn renamed(
    files: &[(&str, &str)],
    name: &str,
    mark: &str,
    new: &str,
) -> Result<BTreeMap<String, String>, String> {
    let text = files.iter().find(|(one, _)| *one == name).expect("a file").1;
    assert!(text.contains(mark), "{mark}");
    let (text, position) = cursor(&text.replacen(mark, &format!("‸{mark}"), 1));
    let mut client = client(files);
    let language = if name.contains(".lua") { "lua" } else { "yaml" };
    client.open_as(language, name, &text);
    let answer = client.at_in(name, "textDocument/rename", &position, &json!({ "newName": new }));
    let prepared = client.at_in(name, "textDocument/prepareRename", &position, &json!({}));
    let result = answer["changes"].as_object().map(|changes| {
        let text = |(uri, edits): (&String, &Value)| {
            let (name, text) = files.iter().find(|(name, _)| client.uri(name) == *uri).expect("one of ours");
            ((*name).to_owned(), edited(text, edits.as_array().expect("edits")))
        };
        changes.iter().map(text).collect()
    });
    client.leave();
    if result.is_some() {
        assert!(prepared["placeholder"].is_string(), "{prepared}");
    }
    result.ok_or_else(|| answer["message"].as_str().unwrap_or("nothing").to_owned())
}

fn all(texts: &[(&str, String)]) -> BTreeMap<String, String> {
    texts.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect()
}

#[test]
fn a_function_of_a_lua_file_is_renamed_in_all_files_from_any_of_them() {
    let pipeline = PIPELINE.replace("#clean", "#wash").replace("lib.clean", "lib.wash");
    let new = all(&[
        ("a/pipeline.yaml", pipeline),
        ("lua/lib.lua", LIB.replace("M.clean", "M.wash")),
        ("a/deep/more.lua", MORE.replace("l.clean", "l.wash")),
    ]);
    for (file, mark) in [
        ("a/pipeline.yaml", "clean }"),
        ("a/pipeline.yaml", "clean(item))"),
        ("lua/lib.lua", "clean(item)"),
        ("lua/lib.lua", "clean(b)"),
        ("a/deep/more.lua", "clean(item) ~="),
    ] {
        assert_eq!(renamed(&FILES, file, mark, "wash"), Ok(new.clone()), "{file} {mark}");
    }
    let own =
        all(&[("other.yaml", OTHER.replace("#clean", "#wash")), ("own.lua", OWN.replace("clean", "wash"))]);
    assert_eq!(renamed(&FILES, "other.yaml", "clean }", "wash"), Ok(own));
}

#[test]
fn a_variable_is_renamed_in_its_text_and_setup_alone() {
    let with = |from: &str, to: &str| Ok(all(&[("a/pipeline.yaml", PIPELINE.replace(from, to))]));
    for mark in ["twice(item) return", "twice(item)\n", "twice(clean)"] {
        assert_eq!(renamed(&FILES, "a/pipeline.yaml", mark, "double"), with("twice", "double"), "{mark}");
    }
    let text = PIPELINE
        .replace("local clean =", "local x =")
        .replace("clean = clean,", "clean = x,")
        .replace("twice(clean)", "twice(x)")
        .replace("both(clean, clean)", "both(x, x)");
    assert_eq!(
        renamed(&FILES, "a/pipeline.yaml", "clean = twice", "x"),
        Ok(all(&[("a/pipeline.yaml", text)]))
    );
    let lib = all(&[("lua/lib.lua", LIB.replace("tidy", "trimmed"))]);
    assert_eq!(renamed(&FILES, "lua/lib.lua", "tidy(item", "trimmed"), Ok(lib));
    let folded = "steps:\n  a: { items: [1] }\n  b: { from: a, map: \"local \\x79 = item return y\" }\n";
    let refused = renamed(&[("p.yaml", folded)], "p.yaml", "y\"", "z").expect_err("escapes");
    assert!(refused.contains("write it as a block"), "{refused}");
    let plain = "steps:\n  a: { items: [1] }\n  b: { from: a, map: 'local y = item return y' }\n";
    assert_eq!(
        renamed(&[("p.yaml", plain)], "p.yaml", "y =", "z"),
        Ok(all(&[("p.yaml", plain.replace("local y", "local z").replace("return y", "return z"))]))
    );
}

#[test]
fn what_cannot_be_followed_is_refused_with_the_reason() {
    let with = |name: &str, from: &str, to: &str| -> Vec<(String, String)> {
        let text = |(one, text): &(&str, &str)| {
            let text = if *one == name { text.replacen(from, to, 1) } else { (*text).to_owned() };
            ((*one).to_owned(), text)
        };
        FILES.iter().map(text).collect()
    };
    for (name, from, to, new, reason) in [
        ("lua/lib.lua", "", "", "both", "lib.lua`: there is a `both` already"),
        ("lua/lib.lua", "", "", "end", "`end` is no name in Lua"),
        (
            "lua/lib.lua",
            "return M\n",
            "for k in pairs(M) do print(k) end return M\n",
            "wash",
            "`M` is used as a whole in line 5",
        ),
        (
            "a/deep/more.lua",
            "return l.",
            "local all = { l } return l.",
            "wash",
            "more.lua`: `l` is used as a whole in line 2",
        ),
        (
            "a/deep/more.lua",
            "require \"lib\"",
            "require(item.name)",
            "wash",
            "more.lua`: line 1 requires a file whose name is only known when it runs",
        ),
        (
            "other.yaml",
            "file: own.lua#clean",
            "file: \"${{ params.x }}\"",
            "wash",
            "which Lua file step `a` of",
        ),
        ("other.yaml", "steps:", "steps: [", "wash", "no sound YAML"),
    ] {
        let files = with(name, from, to);
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let refused = renamed(&files, "a/pipeline.yaml", "clean }", new).expect_err(reason);
        assert!(refused.contains(reason), "{reason}: {refused}");
    }
    let refused = renamed(&FILES, "a/pipeline.yaml", "twice(item) return", "lib").expect_err("taken");
    assert_eq!(refused, "`lib` is another name where this one is used");
    let alone = renamed(&[("lib.lua", LIB)], "lib.lua", "clean(item)", "wash").expect_err("no pipeline");
    assert!(alone.contains("no pipeline is found that uses"), "{alone}");
    let nothing = renamed(&FILES, "lua/lib.lua", "return M", "x").expect_err("a word of Lua");
    assert!(nothing.contains("no name that can be followed"), "{nothing}");
}
