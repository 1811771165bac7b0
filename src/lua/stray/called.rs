//! This module says what was nil in a line in which nil was called: Luau's message does not.

use super::{advice, is_global};
use crate::lua::host::functions;
use crate::lua::script::KEYWORDS;

/// What to add to a message of the VM about a call, in this line.
pub(in crate::lua) fn called(message: &str, line: &str) -> Option<String> {
    if message == "attempt to call a nil value" {
        return nil(line);
    }
    let rest = message.strip_prefix("attempt to call missing method '")?;
    let (name, kind) = rest.split_once("' of ")?;
    if kind != "string" {
        return None;
    }
    let is_ours = functions().iter().any(|function| function.module == "str" && function.name == name);
    Some(if is_ours {
        format!(": write `str.{name}(…)`")
    } else {
        advice::of_field("str", name).map(|advice| format!(": {advice}"))?
    })
}

/// The one thing that the line calls and that may be nil.
fn nil(line: &str) -> Option<String> {
    let mut calls = calls(line);
    calls.retain(|call| !is_there(call));
    calls.dedup();
    let [call] = &calls[..] else { return None };
    let advice = match call.split_once('.') {
        Some((module, field)) => advice::of_field(module, field),
        None => advice::of_name(call, &[]),
    };
    let advice = advice.map_or(String::new(), |advice| format!("; {advice}"));
    Some(format!(": `{call}` is nil{advice}"))
}

/// Whether a name, or a field of a module, is there.
fn is_there(call: &str) -> bool {
    let Some((module, field)) = call.split_once('.') else { return is_global(call) };
    let field = field.split('.').next().unwrap_or(field);
    is_global(module) && advice::fields(module).iter().any(|known| known == field)
}

/// The names, with their fields, that stand before what a call takes.
fn calls(line: &str) -> Vec<String> {
    let code = line.split("--").next().unwrap_or(line);
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.');
    let mut found = Vec::new();
    for (at, _) in code.match_indices(['(', '{', '"', '\'']) {
        let before = code[..at].trim_end();
        let start = before
            .rfind(|letter| !is_word(letter))
            .map_or(0, |last| last + before[last..].chars().next().map_or(1, char::len_utf8));
        let name = &before[start..];
        let is_name = name.starts_with(|first: char| first.is_alphabetic() || first == '_');
        let is_method = before[..start].ends_with([':', ')', ']']);
        if is_name && !is_method && !KEYWORDS.contains(&name) && !name.ends_with('.') {
            found.push(name.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::called;

    #[track_caller]
    fn check(message: &str, line: &str, expect: Option<&str>) {
        assert_eq!(called(message, line).as_deref(), expect, "{line}");
    }

    #[test]
    fn a_call_of_nil_names_what_was_called_where_one_thing_can_be_meant() {
        let nil = "attempt to call a nil value";
        check(nil, "return string.trim(item)", Some(": `string.trim` is nil; did you mean `str.trim`?"));
        check(nil, "local x = item.clean(tostring(item.text))", Some(": `item.clean` is nil"));
        check(nil, "return helpers.tidy{ item } -- print(x)", Some(": `helpers.tidy` is nil"));
        check(nil, "if (item.f)(1) then return a(b(item)) end", None);
        check(nil, "return function(x) return x end", None);
        check("attempt to index nil with 'x'", "return string.trim(item)", None);
    }

    #[test]
    fn a_method_that_strings_do_not_have_names_the_function() {
        let of = |name: &str| format!("attempt to call missing method '{name}' of string");
        check(&of("trim"), "return item:trim()", Some(": write `str.trim(…)`"));
        check(&of("strip"), "return item:strip()", Some(": did you mean `str.trim`?"));
        check(&of("frobnicate"), "return item:frobnicate()", None);
        check("attempt to call missing method 'trim' of table", "return item:trim()", None);
    }
}
