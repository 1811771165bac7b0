//! Which texts of a pipeline are Lua, and what somebody who compiles them needs to know.

use std::sync::Arc;

use serde_json::Value;

/// A piece of Lua inside the pipeline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Line of the file on which the first line of `text` stands, from 1.
    pub line: usize,
    /// The Lua, without the indentation that YAML takes away.
    pub text: Arc<str>,
    /// Whether each line of `text` is one line of the file. Folded texts are not.
    pub exact: bool,
}

/// What a piece of Lua is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LuaRole {
    /// Statements with a `return`.
    Body,
    /// One expression.
    Expression,
    /// Statements that run once for each worker.
    Setup,
}

/// Where a piece of Lua stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LuaField {
    /// Pointer to the text.
    pub pointer: String,
    /// What it is.
    pub role: LuaRole,
    /// The step it belongs to; `None` in `defaults`.
    pub step: Option<String>,
}

/// The verbs that take a function.
const EACH: [&str; 3] = ["map", "flat_map", "filter"];

/// The fields of `value` that hold Lua, whatever they hold in fact.
pub(super) fn fields(value: &Value) -> Vec<LuaField> {
    let mut found = Vec::new();
    add(&mut found, value, "/defaults/map/retries/when", LuaRole::Expression, None);
    for (id, step) in value.get("steps").and_then(Value::as_object).into_iter().flatten() {
        let at = format!("/steps/{}", escape(id));
        let mut add = |rest: &str, role| add(&mut found, value, &format!("{at}/{rest}"), role, Some(id));
        add("when", LuaRole::Expression);
        add("items/lua", LuaRole::Body);
        for verb in EACH {
            match step.get(verb) {
                Some(Value::Object(_)) => {
                    add(&format!("{verb}/lua"), LuaRole::Body);
                    add(&format!("{verb}/setup"), LuaRole::Setup);
                    add(&format!("{verb}/retries/when"), LuaRole::Expression);
                }
                _ if verb == "filter" => add(verb, LuaRole::Expression),
                _ => add(verb, LuaRole::Body),
            }
        }
    }
    found
}

fn add(found: &mut Vec<LuaField>, value: &Value, pointer: &str, role: LuaRole, step: Option<&String>) {
    if value.pointer(pointer).is_some_and(|text| !text.is_object() && !text.is_array()) {
        found.push(LuaField { pointer: pointer.to_owned(), role, step: step.cloned() });
    }
}

/// A key as a part of a JSON pointer.
pub(in crate::spec) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
