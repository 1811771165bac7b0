//! These tests cover the editor stubs: written by the binary, and read by a real language server's analyser.

use std::path::PathBuf;
use std::process::Command;

use flowrun::lua::functions;

use crate::project::Project;

#[test]
fn types_writes_the_stubs_and_settings_but_over_nobodys_file() {
    let project = Project::new();
    let printed = project.run(&["types"]).ok().stdout;
    assert!(printed.starts_with("---@meta\n"), "{printed}");
    project.run(&["types", "editor"]).ok();
    assert_eq!(project.read("editor/flowrun.lua"), printed);
    let settings: serde_json::Value =
        serde_json::from_str(&project.read("editor/.luarc.json")).expect("the settings are JSON");
    assert_eq!(settings["workspace.library"], serde_json::json!(["./flowrun.lua"]));
    let project = project.file("editor/.luarc.json", "{}").file("other/flowrun.lua", "return 1\n");
    project.run(&["types", "editor"]).ok();
    assert_eq!(project.read("editor/.luarc.json"), "{}");
    let refused = project.run(&["types", "other"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("is a file of your own"), "{}", refused.stderr);
    assert_eq!(project.read("other/flowrun.lua"), "return 1\n");
}

/// What the analyser says about the folder, or `None` where it is not installed. `.ci/run` installs it and says that it must be
/// there.
fn analysed(project: &Project) -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).map(|folder| folder.join("emmylua_check"));
    let analyser: Option<PathBuf> = places.into_iter().find(|place| place.is_file());
    let Some(analyser) = analyser else {
        assert!(std::env::var_os("FLOWRUN_ANALYSER").is_none(), "`emmylua_check` is not on the path");
        return None;
    };
    let folder = project.path("");
    let output = Command::new(analyser).arg(&folder).output().expect("the analyser runs");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("No issues found") || text.contains("Summary"), "{text}");
    Some(text)
}

#[test]
fn an_analyser_takes_the_stubs_and_every_example() {
    let mut lua = String::from("return function(entry)\n");
    for function in functions() {
        let call = function.example;
        // A comparison or a length is no statement.
        lua.extend(["  do local _ = ", call, " end\n"]);
    }
    lua.push_str("  return { item, index, ctx.attempt, ctx.remaining(), params.size, env.HOME, secrets.key, entry }\nend\n");
    let project = Project::new().file("use.lua", lua).file("lib/text.lua", "return { greeting = 'hello' }\n");
    project.run(&["types", "."]).ok();
    if let Some(found) = analysed(&project) {
        // That a result may be nil is what the stubs are to say; an example knows that its own is not.
        let is_complaint = |line: &&str| {
            (line.starts_with("error") || line.starts_with("warning")) && !line.contains("[need-check-nil]")
        };
        let complaints: Vec<&str> = found.lines().filter(is_complaint).collect();
        assert!(complaints.is_empty(), "{found}");
    }
}

#[test]
fn an_analyser_finds_mistakes_by_the_stubs() {
    for (lua, code) in [
        ("return str.trimm('x')", "undefined-field"),
        ("return str.truncate('x', 'y')", "param-type-mismatch"),
        ("return csv.decode('x', { header = 1 })", "type-mismatch"),
        ("return ctx.atempt", "undefined-field"),
        ("return str.trim()", "missing-parameter"),
        ("return itm", "undefined-global"),
    ] {
        let project = Project::new().file("use.lua", format!("{lua}\n"));
        project.run(&["types", "."]).ok();
        if let Some(found) = analysed(&project) {
            assert!(found.contains(code), "{lua}\n{found}");
        }
    }
}
