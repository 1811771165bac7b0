//! This module finds where a Lua file defines one of the functions that it gives: it is for editors, and does not run the file.

use std::ops::Range;

use super::lexer::{TokenKind, tokens};

/// The bytes of the name where a function of it is most probably defined: `function M.name`, else `function name`, else
/// `name = …`.
pub fn function_place(text: &str, name: &str) -> Option<Range<usize>> {
    let tokens = tokens(text);
    let at = |at: usize| tokens.get(at).map(|token| token.text(text));
    let ways: [&dyn Fn(usize) -> bool; 3] = [
        &|place| {
            matches!(at(place.wrapping_sub(1)), Some("." | ":"))
                && at(place.wrapping_sub(3)) == Some("function")
        },
        &|place| at(place.wrapping_sub(1)) == Some("function"),
        &|place| at(place + 1) == Some("="),
    ];
    let is_it = |place: &usize| tokens[*place].kind == TokenKind::Name && at(*place) == Some(name);
    let places: Vec<usize> = (0..tokens.len()).filter(is_it).collect();
    let found = ways.iter().find_map(|way| places.iter().find(|place| way(**place)))?;
    Some(tokens[*found].span.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_found_and_no_call() {
        for (text, before) in [
            ("local M = {} M.f(1) function M.f(item) end return M", 31),
            ("local function f(item) return f end return { f = f }", 15),
            ("return { g = 1, f = function() end }", 16),
            ("local M = {}\nM.f = function() end -- function f\nreturn M", 15),
        ] {
            assert_eq!(function_place(text, "f"), Some(before..before + 1), "{text}");
        }
        assert_eq!(function_place("return g('f', f)", "f"), None);
    }
}
