//! This module finds which texts of a pipeline are Lua, with what somebody who compiles them needs to know.

use std::sync::Arc;

use serde_json::Value;

use super::pointer::{escape_key, look_up};
use crate::event::Verb;
use crate::value::Choice as _;

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
    /// The step it belongs to; `None` in `defaults`, `policies` and `at_end`.
    pub step: Option<String>,
}

/// The fields of `value` that hold Lua, whatever they hold in fact.
pub(super) fn fields(value: &Value) -> Vec<LuaField> {
    let mut found = Vec::new();
    add(&mut found, value, "/defaults/map/retries/when", LuaRole::Expression, None);
    for at in costs(value.pointer("/defaults/map")) {
        add(&mut found, value, &format!("/defaults/map/{at}"), LuaRole::Expression, None);
    }
    for (name, policy) in value.get("policies").and_then(Value::as_object).into_iter().flatten() {
        for at in costs(Some(policy)).chain(["retries/when".to_owned()]) {
            let at = format!("/policies/{}/{at}", escape_key(name));
            add(&mut found, value, &at, LuaRole::Expression, None);
        }
    }
    let at_end = if value.get("at_end").is_some_and(Value::is_object) { "/at_end/lua" } else { "/at_end" };
    add(&mut found, value, at_end, LuaRole::Body, None);
    for (id, step) in value.get("steps").and_then(Value::as_object).into_iter().flatten() {
        let at = format!("/steps/{}", escape_key(id));
        let mut add = |rest: &str, role| add(&mut found, value, &format!("{at}/{rest}"), role, Some(id));
        add("when", LuaRole::Expression);
        add("items/lua", LuaRole::Body);
        for verb in ["unique", "group_by"] {
            add(verb, LuaRole::Expression);
        }
        let sort = if step.get("sort").is_some_and(Value::is_object) { "sort/by" } else { "sort" };
        add(sort, LuaRole::Expression);
        add("aggregate/by", LuaRole::Expression);
        for (key, end) in AGGREGATES {
            let names = step.pointer(&format!("/aggregate/{key}")).and_then(Value::as_object);
            for name in names.into_iter().flat_map(serde_json::Map::keys) {
                add(&format!("aggregate/{key}/{}{end}", escape_key(name)), LuaRole::Expression);
            }
        }
        add("join/by", LuaRole::Expression);
        add("join/with_by", LuaRole::Expression);
        add("write/by", LuaRole::Expression);
        add("reduce/lua", LuaRole::Body);
        add("reduce/combine", LuaRole::Body);
        for verb in Verb::all().filter(|verb| verb.is_map_like()) {
            match step.get(verb.name()) {
                Some(Value::Object(_)) => {
                    add(&format!("{verb}/lua"), LuaRole::Body);
                    add(&format!("{verb}/setup"), LuaRole::Setup);
                    add(&format!("{verb}/retries/when"), LuaRole::Expression);
                    add(&format!("{verb}/key"), LuaRole::Expression);
                    for at in costs(step.get(verb.name())) {
                        add(&format!("{verb}/{at}"), LuaRole::Expression);
                    }
                }
                _ if verb == Verb::Filter => add(verb.name(), LuaRole::Expression),
                _ => add(verb.name(), LuaRole::Body),
            }
        }
    }
    found
}

/// Where in a policy the costs of rate limits stand.
fn costs(policy: Option<&Value>) -> impl Iterator<Item = String> {
    let limits = policy.and_then(|policy| policy.get("rate_limit")).and_then(Value::as_array);
    (0..limits.map_or(0, Vec::len)).map(|at| format!("rate_limit/{at}/cost"))
}

/// The keys of `aggregate` under which names stand that have an expression, and where in the value it is.
const AGGREGATES: [(&str, &str); 8] = [
    ("sum", ""),
    ("mean", ""),
    ("min", ""),
    ("max", ""),
    ("first", ""),
    ("last", ""),
    ("distinct", ""),
    ("quantile", "/0"),
];

fn add(found: &mut Vec<LuaField>, value: &Value, pointer: &str, role: LuaRole, step: Option<&String>) {
    if look_up(value, pointer).is_some_and(|text| !text.is_object() && !text.is_array()) {
        found.push(LuaField { pointer: pointer.to_owned(), role, step: step.cloned() });
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::loaded;

    /// The Lua of step `b`, its line, whether lines agree, and the text of the file at `columns` of `line` of it.
    fn check(
        step: &str,
        pointer: &str,
        line: usize,
        columns: std::ops::Range<usize>,
        expect: (&str, usize, bool, &str),
    ) {
        let text = format!("steps:\n  a: {{ items: [1] }}\n  b:\n    from: a\n{step}");
        let loaded = loaded(&text);
        let document = loaded.document.expect("it is YAML");
        let block = document.block(pointer).expect("it is Lua");
        let span = document.lua_span(pointer, line, columns);
        let found = (&*block.text, block.line, block.exact, &text[span.start..span.end]);
        assert_eq!(found, expect);
    }

    #[test]
    fn blocks_know_their_lines_and_columns() {
        let block = "    map: |\n      local x = 1\n      return y + x\n";
        check(block, "/steps/b/map", 7, 7..8, ("local x = 1\nreturn y + x\n", 6, true, "y"));
        let strip = "    map: |-\n      return é\n";
        check(strip, "/steps/b/map", 6, 7..9, ("return é", 6, true, "é"));
        let indicator = "    map: |2\n          return y\n";
        check(indicator, "/steps/b/map", 6, 11..12, ("    return y\n", 6, true, "y"));
    }

    #[test]
    fn blank_lines_at_the_start_of_a_block_count() {
        let block = "    map:\n      lua: | # lua\n\n\n        return y\n";
        check(block, "/steps/b/map/lua", 9, 7..8, ("\n\nreturn y\n", 7, true, "y"));
    }

    #[test]
    fn windows_line_ends_change_nothing() {
        let block = "    map: |\r\n      local x\r\n      return y\r\n";
        check(block, "/steps/b/map", 7, 7..8, ("local x\nreturn y\n", 6, true, "y"));
    }

    #[test]
    fn texts_on_one_line_have_columns() {
        check("    map: return y\n", "/steps/b/map", 5, 7..8, ("return y", 5, true, "y"));
        check("    map: return y # why\n", "/steps/b/map/lua", 5, 7..8, ("return y", 5, true, "y"));
        check("    map: 'return ''y'''\n", "/steps/b/map", 5, 7..10, ("return 'y'", 5, true, "''y''"));
        check(
            "    map: \"return \\\"y\\\" .. z\"\n",
            "/steps/b/map",
            5,
            14..15,
            ("return \"y\" .. z", 5, true, "z"),
        );
        check("    map: \"return \\x41 .. z\"\n", "/steps/b/map", 5, 12..13, ("return A .. z", 5, true, "z"));
    }

    #[test]
    fn joined_lines_have_columns_too() {
        let folded = "    map: >\n      local x\n      return y\n\n      + z\n";
        check(folded, "/steps/b/map", 6, 15..16, ("local x return y\n+ z\n", 6, false, "y"));
        check(folded, "/steps/b/map", 7, 2..3, ("local x return y\n+ z\n", 6, false, "z"));
        let plain = "    map: local x\n      return y\n";
        check(plain, "/steps/b/map", 5, 15..16, ("local x return y", 5, false, "y"));
        let quoted = "    map: \"local\\\n      \\ x\n      return y\"\n";
        check(quoted, "/steps/b/map", 5, 15..16, ("local x return y", 5, false, "y"));
    }

    #[test]
    fn what_is_out_of_the_text_stays_in_the_file() {
        check("    map: |\n      return\n", "/steps/b/map", 99, 0..9, ("return\n", 6, true, ""));
        check("    map: return\n", "/steps/b/map", 5, 90..99, ("return", 5, true, ""));
    }

    #[test]
    fn a_patched_file_keeps_its_places() {
        let block = "    map: |\n      return y\n    name: \"x\n";
        check(block, "/steps/b/map", 6, 7..8, ("return y\n", 6, true, "y"));
    }

    #[test]
    fn conditions_may_be_words() {
        check("    when: false\n    map: return 1\n", "/steps/b/when", 5, 0..5, ("false", 5, true, "false"));
    }
}
