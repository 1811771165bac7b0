//! This module reads just enough of Lua's text to see which names it mentions and where an expression ends.
//!
//! The compiler says whether the text is correct Lua; wrong text gives wrong tokens, never a panic.

use std::collections::BTreeSet;
use std::ops::Range;

/// A piece of Lua text that matters here. Numbers and operators of one character come as [`LuaTokenKind::Sign`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LuaTokenKind {
    /// A name or keyword.
    Name,
    /// A string without its quotes.
    Text,
    /// One character, or `..`, `...`, `==`.
    Sign,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct LuaToken {
    kind: LuaTokenKind,
    /// The bytes of the text; of a string without its quotes.
    range: Range<usize>,
    /// Where the next token may begin.
    end: usize,
}

/// The words and signs of a text, comments left out.
pub(super) struct Words<'t>(Vec<(LuaTokenKind, &'t str)>);

impl<'t> Words<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self(Tokens::new(text).map(|token| (token.kind, &text[token.range])).collect())
    }

    pub(super) fn get(&self, at: usize) -> Option<(LuaTokenKind, &'t str)> {
        self.0.get(at).copied()
    }
}

/// How a global is mentioned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Mentions {
    /// Fields by name, `steps.clean` and `steps["clean"]`, with the bytes of that name.
    pub(super) fields: Vec<(String, Range<usize>)>,
    /// Whether it is used in another way too, so that any field may be meant.
    pub(super) whole: bool,
}

impl Mentions {
    /// Whether it is mentioned at all.
    pub(super) fn any(&self) -> bool {
        self.whole || !self.fields.is_empty()
    }

    /// Whether one of `names` may be used.
    pub(super) fn may_use(&self, names: &BTreeSet<String>) -> bool {
        self.whole && !names.is_empty() || self.fields.iter().any(|(field, _)| names.contains(field))
    }
}

/// How `text` mentions the global `name`. Fields of the same name (`x.steps`) and keys (`{steps = 1}`) are no mention.
pub(super) fn mentions(text: &str, name: &str) -> Mentions {
    let tokens: Vec<LuaToken> = Tokens::new(text).collect();
    let is = |at: Option<usize>, sign: &str| {
        at.and_then(|at| tokens.get(at))
            .is_some_and(|token| token.kind == LuaTokenKind::Sign && &text[token.range.clone()] == sign)
    };
    let mut mentions = Mentions::default();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1);
        let is_field = is(before, ".") || is(before, ":") || is(Some(at + 1), "=");
        if token.kind != LuaTokenKind::Name || &text[token.range.clone()] != name || is_field {
            continue;
        }
        let dotted =
            is(Some(at + 1), ".") && tokens.get(at + 2).is_some_and(|next| next.kind == LuaTokenKind::Name);
        let quoted = is(Some(at + 1), "[")
            && tokens.get(at + 2).is_some_and(|next| next.kind == LuaTokenKind::Text)
            && is(Some(at + 3), "]");
        if dotted || quoted {
            let range = tokens[at + 2].range.clone();
            mentions.fields.push((text[range.clone()].to_owned(), range));
        } else {
            mentions.whole = true;
        }
    }
    mentions
}

/// Whether `text` holds the keyword or name `word`.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    Tokens::new(text).any(|token| token.kind == LuaTokenKind::Name && &text[token.range] == word)
}

/// Where the `}}` stands that ends an expression beginning at the start of `text`: braces of tables and in strings
/// do not count; and whether it does. An unclosed quote hides it, which the compiler will name; then it is the next one.
/// `None`: nowhere.
pub(super) fn closing_braces(text: &str) -> Option<(usize, bool)> {
    let mut depth = 0usize;
    for token in Tokens::new(text) {
        if token.kind != LuaTokenKind::Sign {
            continue;
        }
        match &text[token.range.clone()] {
            "{" => depth += 1,
            "}" if depth == 0 && text[token.end..].starts_with('}') => {
                return Some((token.range.start, true));
            }
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    next_braces(text)
}

/// The next `}}`, whatever it stands in.
pub(super) fn next_braces(text: &str) -> Option<(usize, bool)> {
    text.find("}}").map(|at| (at, false))
}

/// The tokens of a text, comments and white space left out.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// For each `` `{ `` that is open, the braces open within it.
    interpolations: Vec<usize>,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, interpolations: Vec::new() }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Moves behind white space and comments.
    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            self.at += blank;
            let Some(comment) = self.rest().strip_prefix("--") else { return };
            let start = self.at + 2;
            self.at = match long_bracket(comment) {
                Some(level) => start + long_end(comment, level).1,
                None => start + comment.find('\n').unwrap_or(comment.len()),
            };
        }
    }

    fn token(&self, kind: LuaTokenKind, len: usize) -> LuaToken {
        LuaToken { kind, range: self.at..self.at + len, end: self.at + len }
    }

    /// A string in quotes that begins here.
    fn quoted(&self, quote: char) -> LuaToken {
        let start = self.at + 1;
        let mut escaped = false;
        for (byte, character) in self.text[start..].char_indices() {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if character == quote => {
                    let end = start + byte;
                    return LuaToken { kind: LuaTokenKind::Text, range: start..end, end: end + 1 };
                }
                _ => {}
            }
        }
        LuaToken { kind: LuaTokenKind::Text, range: start..self.text.len(), end: self.text.len() }
    }

    /// Moves from within an interpolated string, from `start`, to its next `{` or behind its end.
    fn interpolated(&mut self, start: usize) -> LuaToken {
        let mut escaped = false;
        for (byte, character) in self.text[start..].char_indices() {
            let end = start + byte;
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '`' => return LuaToken { kind: LuaTokenKind::Text, range: start..end, end: end + 1 },
                '{' => {
                    self.interpolations.push(0);
                    return LuaToken { kind: LuaTokenKind::Text, range: start..end, end: end + 1 };
                }
                _ => {}
            }
        }
        LuaToken { kind: LuaTokenKind::Text, range: start..self.text.len(), end: self.text.len() }
    }

    fn sign(&mut self, first: char) -> LuaToken {
        match (first, self.interpolations.last_mut()) {
            ('{', Some(depth)) => *depth += 1,
            ('}', Some(0)) => {
                self.interpolations.pop();
                return self.interpolated(self.at + 1);
            }
            ('}', Some(depth)) => *depth -= 1,
            _ => {}
        }
        let len = ["...", "..", "=="].iter().find(|sign| self.rest().starts_with(**sign));
        self.token(LuaTokenKind::Sign, len.map_or(first.len_utf8(), |sign| sign.len()))
    }
}

impl Iterator for Tokens<'_> {
    type Item = LuaToken;

    fn next(&mut self) -> Option<LuaToken> {
        self.skip_blank();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let token = match first {
            '"' | '\'' => self.quoted(first),
            '`' => self.interpolated(self.at + 1),
            '[' if long_bracket(rest).is_some() => {
                let (content, end) = long_end(rest, long_bracket(rest).unwrap_or(0));
                let range = self.at + content.start..self.at + content.end;
                LuaToken { kind: LuaTokenKind::Text, range, end: self.at + end }
            }
            _ if first.is_ascii_alphabetic() || first == '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                self.token(LuaTokenKind::Name, end.unwrap_or(rest.len()))
            }
            // A number's letters are no name.
            _ if first.is_ascii_digit() => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                self.token(LuaTokenKind::Sign, end.unwrap_or(rest.len()))
            }
            _ => self.sign(first),
        };
        self.at = token.end;
        Some(token)
    }
}

/// The level of the long bracket that `text` begins with: 0 for `[[`, 1 for `[=[`.
fn long_bracket(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('[')?;
    let level = rest.len() - rest.trim_start_matches('=').len();
    rest[level..].starts_with('[').then_some(level)
}

/// The content of the long bracket of this level that `text` begins with, and where the next token may begin.
fn long_end(text: &str, level: usize) -> (Range<usize>, usize) {
    let start = (level + 2).min(text.len());
    let close = format!("]{}]", "=".repeat(level));
    match text[start..].find(&close) {
        Some(end) => (start..start + end, start + end + close.len()),
        None => (start..text.len(), text.len()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, fields: &[&str], whole: bool) {
        let found = mentions(text, "steps");
        let names: Vec<&str> = found.fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((names.as_slice(), found.whole), (fields, whole), "{text}");
        for (name, range) in &found.fields {
            assert_eq!(&text[range.clone()], name);
        }
    }

    #[test]
    fn mentions_are_found_by_name_and_by_text() {
        check("steps.clean.total > 1 and steps['a-b'].x", &["clean", "a-b"], false);
        check("'n='..steps.clean.total", &["clean"], false);
        check("`n={steps.clean.total} steps.no {steps.b}`", &["clean", "b"], false);
        check("steps[ [[x]] ]", &["x"], false);
        check("steps [ 'x' .. y ]", &[], true);
        check("f(steps)", &[], true);
    }

    #[test]
    fn names_in_strings_comments_fields_and_keys_are_no_mention() {
        for text in [
            "'steps.x'",
            "1 -- steps.x",
            "--[[ steps.x ]] 1",
            "params.steps.x",
            "params:steps()",
            "{steps = 1}",
            "[==[ steps ]] ]==]",
            "stepsx",
            "",
        ] {
            check(text, &[], false);
        }
        check("1 == steps", &[], true);
    }

    #[test]
    fn an_expression_ends_where_its_tables_and_strings_have_ended() {
        for (text, end) in [
            (" 1 }} x", Some(3)),
            ("{a={b=1}}}}", Some(9)),
            ("'}}' }}", Some(5)),
            ("`{ {1} }}}` }}", Some(12)),
            ("' }}", Some(2)),
            ("{", None),
            ("}", None),
        ] {
            assert_eq!(closing_braces(text).map(|(at, _)| at), end, "{text}");
        }
    }

    proptest! {
        #[test]
        fn for_every_text_reading_ends_without_a_panic(text in "([\\[\\]={}`'\"\\\\. \n-]|steps|é|\\PC){0,40}") {
            let found = mentions(&text, "steps");
            prop_assert!(found.fields.iter().all(|(name, range)| &text[range.clone()] == name));
            prop_assert!(closing_braces(&text).is_none_or(|(end, _)| text[end..].starts_with("}}")));
        }
    }
}
