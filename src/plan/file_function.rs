//! This module finds out whether a Lua file gives the function that a step names: it is loaded once, with the rights of
//! expressions, which change nothing. What only loads with more rights is left to the run.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::Value;

use super::codes;
use super::places::{DocumentPart, PlacedDocument};
use super::scripts::Scripts;
use super::step_index::StepIndex;
use crate::lua::{Block, EXPRESSION_LIMIT, LuaPath, Scope, Script, evaluate};
use crate::source::{Diagnostic, nearest};

/// What stands before and behind the text of a file, to learn what it returns: `true` for a function, the names of its functions
/// for a table, the name of its type for anything else.
const BEFORE: &str = "local loaded = (function(...) ";
const BEHIND: &str = "
end)()
if type(loaded) == 'function' then return true end
if type(loaded) ~= 'table' then return type(loaded) end
local names = {}
for name, value in next, loaded do
    if type(name) == 'string' and type(value) == 'function' then table.insert(names, name) end
end
table.sort(names)
return json.array(names)";

/// Reports every step whose file does not give its function.
pub(super) fn check(
    places: &PlacedDocument,
    step_index: &StepIndex,
    scripts: &Scripts,
    (scope, lua_path): (&Scope, &LuaPath),
    found: &mut Vec<Diagnostic>,
) {
    let mut known: HashMap<PathBuf, Option<Value>> = HashMap::new();
    for step in &step_index.steps {
        let pointer = format!("{}/file", step.verb_pointer());
        let Some(script) = scripts.get(&pointer) else { continue };
        let path = script.block().file.path().to_owned();
        let returned = known.entry(path).or_insert_with(|| returned(script.block(), scope, lua_path));
        if let Some(returned) = returned
            && let Some((label, help)) = missing(returned, script.field(), script.block().file.name())
        {
            let name = places.value().pointer(&pointer).and_then(Value::as_str).unwrap_or_default();
            let message = format!("`{name}` gives step `{}` no function", step.name);
            let error = places.error(codes::LUA_FILE, message, &DocumentPart::Value(&pointer), &label);
            found.push(error.help(help));
        }
    }
}

/// What the file returns; `None` where that cannot be learned without more rights, or in time.
fn returned(block: &Block, scope: &Scope, lua_path: &LuaPath) -> Option<Value> {
    let text = format!("{BEFORE}{}{BEHIND}", block.text);
    let probe = Block { text: text.into(), ..block.clone() };
    let returned = evaluate(&Script::body(probe, lua_path.clone()), scope, EXPRESSION_LIMIT).ok()?;
    serde_json::from_str(&returned).ok()
}

/// What is wrong with what a file returns, and what to do.
fn missing(returned: &Value, field: Option<&str>, file: &str) -> Option<(String, String)> {
    let names: Vec<&str> = returned.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let listed = || names.iter().map(|name| format!("`{file}#{name}`")).collect::<Vec<_>>().join(", ");
    match (returned, field) {
        (Value::Bool(_), None) => None,
        (Value::Bool(_), Some(field)) => Some((
            format!("the file returns a function, not a table with `{field}`"),
            format!("write `{file}`"),
        )),
        (Value::Array(_), Some(field)) if names.contains(&field) => None,
        (Value::Array(_), Some(field)) => Some((
            match nearest(field, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the table that the file returns has no function `{field}`"),
            },
            if names.is_empty() {
                format!("give the table a function: `function M.{field}(item) … end`")
            } else {
                format!("it has {}", listed())
            },
        )),
        (Value::Array(_), None) => Some((
            "the file returns a table, which is no function".to_owned(),
            if names.is_empty() {
                "end the file with `return function(item) … end`".to_owned()
            } else {
                format!("name one of its functions: {}", listed())
            },
        )),
        (other, _) => {
            let kind = other.as_str().unwrap_or("nil");
            Some((
                format!("the file returns {kind}, which is no function"),
                "end the file with `return function(item) … end`".to_owned(),
            ))
        }
    }
}
