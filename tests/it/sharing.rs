//! These tests cover what pipelines share: named policies, included files, folders of Lua files, and the check of a
//! folder with all of them.

mod editors;
mod folders;
mod include;
mod lua_path;
mod policies;
mod refusals;

use crate::project::{Project, Ran};

/// `errors` of a check: each with its file, line and code.
fn found(project: &Project, path: &str) -> Vec<String> {
    let ran = project.run(&["check", "--format", "json", path]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a report");
    let list = report["diagnostics"].as_array().expect("a list").iter();
    let text = |one: &serde_json::Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    list.map(|one| {
        let code = text(one, "code").replace("flowrun::", "");
        format!("{}:{} {code} {}", text(one, "file"), one["line"], text(one, "message"))
    })
    .collect()
}

/// Runs a pipeline that must succeed.
#[track_caller]
fn run(project: &Project, path: &str) -> Ran {
    project.run(&[path]).ok()
}
