//! This module finds whether a function reads the index of its item. When in doubt, it does.

use super::lexer::{Token, TokenKind, substitutions, tokens};
use super::{Script, ScriptSource};

impl Script {
    /// Whether results may depend on where the item stands in the step's input.
    pub fn reads_index(&self) -> bool {
        match &self.source {
            ScriptSource::Body(block) | ScriptSource::Expression(block) => reads(&block.text, "index"),
            ScriptSource::File { block, field } => file_reads(&block.text, field.as_deref()),
        }
    }
}

/// Whether a text reads the variable `name`, wherever it stands.
fn reads(text: &str, name: &str) -> bool {
    let tokens = tokens(text);
    (0..tokens.len()).any(|at| reads_at(text, &tokens, at, name))
}

fn reads_at(text: &str, tokens: &[Token], at: usize, name: &str) -> bool {
    let word = tokens[at].text(text);
    match tokens[at].kind {
        // What is inserted is Lua again.
        TokenKind::Template => {
            substitutions(word).is_none_or(|found| found.into_iter().any(|inner| reads(&word[inner], name)))
        }
        TokenKind::Name if word == name => {
            let before = at.checked_sub(1).map(|before| tokens[before].text(text));
            let is_member = matches!(before, Some("." | ":"));
            // A key of a table, or a variable that is only set.
            let is_set = tokens.get(at + 1).is_some_and(|next| next.text(text) == "=");
            !is_member && !is_set
        }
        _ => false,
    }
}

/// A function that a text makes.
struct Made<'t> {
    /// The last part of its name.
    name: Option<&'t str>,
    is_returned: bool,
    parameters: Vec<&'t str>,
    /// The tokens of its parameters.
    list: std::ops::Range<usize>,
}

/// Whether the function that a file gives reads its second argument. Its parameters may have any names.
fn file_reads(text: &str, field: Option<&str>) -> bool {
    let tokens = tokens(text);
    let made: Vec<Made<'_>> = (0..tokens.len()).filter_map(|at| made_at(text, &tokens, at)).collect();
    let given = field.or_else(|| returned_name(text, &tokens));
    let mut wanted = made.iter().filter(|one| match given {
        Some(name) => one.name == Some(name),
        None => one.is_returned,
    });
    let reads_second = |one: &Made<'_>| match one.parameters.as_slice() {
        ["...", ..] | [_, "...", ..] => true,
        [_, second, ..] => {
            let in_lists = |at: usize| made.iter().any(|one| one.list.contains(&at));
            (0..tokens.len()).any(|at| !in_lists(at) && reads_at(text, &tokens, at, second))
        }
        _ => false,
    };
    match wanted.next() {
        None => true,
        Some(first) => reads_second(first) || wanted.any(reads_second),
    }
}

/// The name of the variable that a file returns in the end, if it is one.
fn returned_name<'t>(text: &'t str, tokens: &[Token]) -> Option<&'t str> {
    let end = tokens.iter().rposition(|token| token.text(text) != ";")?;
    match &tokens[..=end] {
        [.., before, name] if before.text(text) == "return" && name.kind == TokenKind::Name => {
            Some(name.text(text))
        }
        _ => None,
    }
}

/// The function that begins at the token `at`.
fn made_at<'t>(text: &'t str, tokens: &[Token], at: usize) -> Option<Made<'t>> {
    let word = |at: usize| tokens.get(at).map(|token| token.text(text));
    if word(at) != Some("function") {
        return None;
    }
    let open = at + tokens[at..].iter().position(|token| token.text(text) == "(")?;
    let close = open + tokens[open..].iter().position(|token| token.text(text) == ")")?;
    let before = |back: usize| at.checked_sub(back).and_then(word);
    let name = if open > at + 1 && word(open - 1) != Some(">") {
        word(open - 1)
    } else if before(1) == Some("=") {
        // `clean = function`, `m.clean = function`, `["clean"] = function`
        let key = if before(2) == Some("]") { before(3) } else { before(2) };
        key.map(|key| key.trim_matches(['"', '\'']))
    } else {
        None
    };
    let starts = |at: usize| matches!(word(at - 1), Some("(" | ","));
    let parameters = (open + 1..close).filter(|at| starts(*at)).filter_map(word).collect();
    Some(Made { name, is_returned: before(1) == Some("return"), parameters, list: open..close })
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{block, source};
    use super::*;

    fn body(lua: &str) -> bool {
        Script::body(block(&source("x"), 1, lua), "/".into()).reads_index()
    }

    fn file(lua: &str, field: Option<&str>) -> bool {
        Script::file(block(&source("x"), 1, lua), field.map(str::to_owned), "/".into()).reads_index()
    }

    #[test]
    fn a_body_reads_the_index_by_its_name() {
        for lua in [
            "return item.index",
            "return { index = item.i }",
            "-- index\nreturn 'index'",
            "return item:index()",
        ] {
            assert!(!body(lua), "{lua}");
        }
        for lua in [
            "return index",
            "item.n = index + 1 return item",
            "return `{index}`",
            "index = index * 2 return index",
        ] {
            assert!(body(lua), "{lua}");
        }
    }

    #[test]
    fn a_function_of_a_file_reads_it_as_its_second_parameter() {
        for (lua, field) in [
            ("return function(item) return item end", None),
            ("return function(item, index, ctx) return { index = item.index } end", None),
            ("local function f(item: {any}, _: number) return item end\nreturn f", None),
            (
                "local m = {}\nfunction m.clean(item) return item end\nfunction m.other(a, b) return b end\nreturn m",
                Some("clean"),
            ),
            ("return { clean = function(item) return g(item, index) end }", Some("clean")),
        ] {
            assert!(!file(lua, field), "{lua}");
        }
        for (lua, field) in [
            ("return function(item, at) return at end", None),
            ("return function(item: {any}, at: number) return item[at] end", None),
            ("return function(...) return select(2, ...) end", None),
            ("return function(item, ...) return ... end", None),
            ("local f = function(item, n) return n end\nreturn f", None),
            ("local m = {}\nfunction m.clean(item, i) return i end\nreturn m", Some("clean")),
            ("local m = {}\nm.clean = function(item, i) return i end\nreturn m", Some("clean")),
            ("return { ['clean'] = function(item, i) return i end }", Some("clean")),
            // Nobody knows what that is.
            ("return require('other')", None),
            ("return wrapped(function(item) return item end)", None),
            ("return require('m')", Some("clean")),
        ] {
            assert!(file(lua, field), "{lua}");
        }
    }
}
