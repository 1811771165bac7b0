//! This module says what Lua code of a pipeline may reach and where its files are looked for, for `flowrun plan -v`.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::lua::{LuaPath, Permissions};
use crate::plan::{Body, Plan, Verb};
use crate::value::printable;

/// A line for each list of `permissions`, one for what the system does about it, and one for the folders of `lua_path`.
pub(super) fn text(permissions: &Permissions, lua_path: &LuaPath) -> String {
    let mut text = String::from("\n  Lua code may reach\n");
    for (key, granted) in permissions.lists() {
        let granted = if granted.is_empty() {
            "nothing".to_owned()
        } else {
            printable(&granted.join(", ")).into_owned()
        };
        let _ = writeln!(text, "    {key:<12}{granted}");
    }
    let wall = match permissions.confinement() {
        Ok(()) => "active: Landlock keeps workers from opening files outside of that".to_owned(),
        Err(why) => format!("not active: {why}; flowrun itself still refuses what is outside of that"),
    };
    let _ = writeln!(text, "    second wall {wall}");
    let _ = writeln!(text, "\n  Lua files are looked for in {}", folders(lua_path));
    text
}

/// The folders as they lie from the pipeline's, which is `.`.
fn folders(lua_path: &LuaPath) -> String {
    let shown = |folder: &PathBuf| match lua_path.relative(folder).display().to_string() {
        own if own.is_empty() => ".".to_owned(),
        other => other,
    };
    printable(&lua_path.searched().iter().map(shown).collect::<Vec<_>>().join(", ")).into_owned()
}

/// The programs that are functions of steps, which reach what this user may; nothing where there are none.
pub(super) fn programs(plan: &Plan) -> String {
    let programs = plan.steps.iter().filter_map(|step| match &step.body {
        Body::Ready(Verb::MapLike(each)) => Some((step, each.function.program()?)),
        _ => None,
    });
    let mut text = String::new();
    for (step, program) in programs {
        if text.is_empty() {
            text.push_str("\n  programs that run as functions, with all rights of this user\n");
        }
        let _ = writeln!(text, "    {:<12}{}", step.name, printable(&program.shown()));
    }
    text
}
