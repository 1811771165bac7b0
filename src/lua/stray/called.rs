//! This module says what was nil in a line in which nil was called, and what else Luau's messages leave open: it sees the line.

use super::{advice, is_global, methods};
use crate::lua::host::functions;
use crate::lua::script::{KEYWORDS, Token, TokenKind, tokens};

/// Said of what cannot be done with JSON's null.
pub(in crate::lua) const NULL: &str =
    ": null is true, so that `or` does not replace it; compare with `json.null`";

const TWO_VALUES: &str = ": `gsub` gives two values, the text and how many it replaced, and the second is taken for the base; write \
                          `tonumber((…))` with brackets around the call";

/// What to add to a message of the VM about a call, in this line.
pub(in crate::lua) fn called(message: &str, line: &str) -> Option<String> {
    if message == "attempt to call a nil value" {
        return nil(line);
    }
    if is_about_null(message) {
        return Some(NULL.to_owned());
    }
    if message.starts_with("invalid argument #2 to 'tonumber'") && line.contains("gsub") {
        return Some(TWO_VALUES.to_owned());
    }
    if let Some(rest) = message.strip_prefix("missing argument #1 to '") {
        let (name, _) = rest.split_once('\'')?;
        let is_method = line.contains(&format!(".{name}()")) && !line.contains(&format!("string.{name}()"));
        return is_method.then(|| format!(": a method is called with a colon, `:{name}()`"));
    }
    let rest = message.strip_prefix("attempt to call missing method '")?;
    let (name, kind) = rest.split_once("' of ")?;
    if kind != "string" {
        return methods::of_value(name).map(|advice| format!(": {advice}"));
    }
    let is_ours = functions().iter().any(|function| function.module == "str" && function.name == name);
    if is_ours {
        return Some(format!(": write `str.{name}(…)`"));
    }
    let advice = advice::of_field("str", name).or_else(|| methods::of_value(name).map(str::to_owned));
    advice.map(|advice| format!(": {advice}"))
}

/// Whether the VM says of JSON's null that something cannot be done with it.
fn is_about_null(message: &str) -> bool {
    let Some(what) = message.strip_prefix("attempt to ") else { return false };
    let refused = ["perform arithmetic", "concatenate", "compare", "get length of", "call"];
    let has_null = |what: &str| what.split(' ').any(|word| word == "null");
    what.starts_with("index JSON null") || refused.iter().any(|verb| what.starts_with(verb)) && has_null(what)
}

/// The one thing that the line calls and that may be nil.
fn nil(line: &str) -> Option<String> {
    let mut calls = calls(line);
    calls.retain(|call| !is_there(call));
    calls.dedup();
    let [call] = &calls[..] else { return None };
    let last = call.rsplit(['.', ']', ')']).next().unwrap_or_default();
    let advice = match call.split_once('.') {
        Some((module, field)) if is_global(module) && is_plain(call) => advice::of_field(module, field),
        Some(_) => methods::of_value(last).map(str::to_owned),
        // What is called is a variable, and no text with a letter before it.
        None if call == "f" => None,
        None => advice::of_name(call, &[]),
    };
    let advice = advice.map_or(String::new(), |advice| format!("; {advice}"));
    Some(format!(": `{call}` is nil{advice}"))
}

/// Whether it is made of names alone.
fn is_plain(call: &str) -> bool {
    call.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.'))
}

/// Whether a name, or a field of a module, is there.
fn is_there(call: &str) -> bool {
    let Some((module, field)) = call.split_once('.') else { return is_global(call) };
    let field = field.split('.').next().unwrap_or(field);
    is_plain(call) && is_global(module) && advice::fields(module).iter().any(|known| known == field)
}

/// What the line calls, as it is written there: names with their fields, and what other calls give.
fn calls(line: &str) -> Vec<String> {
    let tokens = tokens(line);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate().skip(1) {
        let is_string = matches!(token.kind, TokenKind::String | TokenKind::Template);
        if !is_string && !["(", "{"].contains(&token.text(line)) {
            continue;
        }
        if let Some(start) = callee_start(line, &tokens, at - 1) {
            found.push(line[tokens[start].span.start..tokens[at - 1].span.end].to_owned());
        }
    }
    found
}

/// The first token of what is called, which ends with the token at `end`. `None`: nothing is called, or a method, of which the VM
/// says more.
fn callee_start(line: &str, tokens: &[Token], end: usize) -> Option<usize> {
    let word = |at: usize| tokens[at].text(line);
    let mut at = end;
    loop {
        let is_value = |at: usize| {
            tokens[at].kind == TokenKind::Name && !KEYWORDS.contains(&word(at))
                || [")", "]"].contains(&word(at))
        };
        match word(at) {
            close @ (")" | "]") => {
                let open = opening(line, tokens, at)?;
                if open == 0 || !is_value(open - 1) {
                    return (close == ")").then_some(open);
                }
                at = open - 1;
            }
            name if tokens[at].kind == TokenKind::Name && !KEYWORDS.contains(&name) => {
                let before = at.checked_sub(1).map_or("", word);
                match before {
                    "." | ":" if at > 1 && is_value(at - 2) && !(before == ":" && at == end) => at -= 2,
                    "function" | "." | ":" => return None,
                    _ => return Some(at),
                }
            }
            _ => return None,
        }
    }
}

/// The token of the bracket that the one at `close` closes.
fn opening(line: &str, tokens: &[Token], close: usize) -> Option<usize> {
    let mut depth = 0usize;
    for at in (0..=close).rev() {
        match tokens[at].text(line) {
            ")" | "]" | "}" => depth += 1,
            "(" | "[" | "{" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
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
        check(
            nil,
            "return item.get(\"x\")",
            Some(": `item.get` is nil; a field is read by `t.name`, a path by `tbl.get(t, \"a.b\")`"),
        );
        check(nil, "return (item.f or item.g)(\"x y(z)\")", Some(": `(item.f or item.g)` is nil"));
        check(
            nil,
            "return re.match(s, \"^A(nn)$\").group(1)",
            Some(
                ": `re.match(s, \"^A(nn)$\").group` is nil; the captures of a match are in the table: `m[1]`, the whole is `m[0]`",
            ),
        );
        check(
            nil,
            "item.tags.append(\"x\")",
            Some(": `item.tags.append` is nil; write `table.insert(list, value)`"),
        );
        check(nil, "return f\"a {item}\"", Some(": `f` is nil"));
        check(nil, "return t[1](2), a:b(3).c(4)", None);
        check(nil, "return a:b(3).c(4)", Some(": `a:b(3).c` is nil"));
        check(nil, "return function(x) return x end", None);
        check("attempt to index nil with 'x'", "return string.trim(item)", None);
    }

    #[test]
    fn null_is_explained_and_so_are_two_values_and_colons() {
        let null = Some(super::NULL);
        check("attempt to perform arithmetic (add) on null and number", "", null);
        check("attempt to concatenate string with null", "", null);
        check("attempt to index JSON null with 'x'", "", null);
        check("attempt to compare null < number", "", null);
        check("attempt to index nil with 'null'", "", None);
        let base = "invalid argument #2 to 'tonumber' (base out of range)";
        check(base, "return tonumber(item:gsub('a', ''))", Some(super::TWO_VALUES));
        check(base, "return tonumber(item, 99)", None);
        check(
            "missing argument #1 to 'upper' (string expected)",
            "return item.name.upper()",
            Some(": a method is called with a colon, `:upper()`"),
        );
    }

    #[test]
    fn a_method_that_strings_do_not_have_names_the_function() {
        let of = |name: &str| format!("attempt to call missing method '{name}' of string");
        check(&of("trim"), "return item:trim()", Some(": write `str.trim(…)`"));
        check(&of("strip"), "return item:strip()", Some(": did you mean `str.trim`?"));
        check(&of("frobnicate"), "return item:frobnicate()", None);
        check("attempt to call missing method 'frobnicate' of table", "return item:frobnicate()", None);
        check(
            "attempt to call missing method 'append' of table",
            "item.tags:append(1)",
            Some(": write `table.insert(list, value)`"),
        );
    }
}
