//! This module finds where the cursor stands: in which map or list, at which word, or in which Lua.

use super::file::File;
use super::layout::{Layout, OpenConstruct};
use crate::event::Verb;
use crate::source::Span;
use crate::value::Choice as _;

/// The place of the cursor in a text that need not be complete.
#[derive(Debug)]
pub(super) struct Cursor {
    /// The keys that lead there; `None` for an item of a list.
    path: Vec<Option<String>>,
    /// Position of the innermost entry among those of the whole file.
    pub(super) entry: Option<usize>,
    /// What is being written.
    pub(super) place: CursorPlace,
}

/// What is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CursorPlace {
    /// A word that may become a key.
    Word(Span),
    /// A value.
    Value(Span),
    /// Lua; the part of it that stands on the line, up to the cursor, and whether it is an expression of the pipeline.
    Lua(Span, bool),
    /// A comment, or text that is the reader's own.
    Nothing,
}

impl Cursor {
    /// Looks at the text before `offset`, and at the rest of the word that stands there.
    pub(super) fn at(file: &File, offset: usize) -> Self {
        let before = &file.text[..offset];
        let layout = Layout::of(before);
        let entry = layout.open.last().copied();
        let path: Vec<Option<String>> =
            layout.open.iter().map(|&at| layout.entries[at].name.clone()).collect();
        let parts: Vec<Option<&str>> = path.iter().map(Option::as_deref).collect();
        let line = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let start = match layout.spot {
            OpenConstruct::Word(start) | OpenConstruct::Value(start) => start,
            OpenConstruct::Block => line,
            OpenConstruct::Nothing => return Self { path, entry, place: CursorPlace::Nothing },
        };
        let is_lua = is_lua(&parts) && !matches!(layout.spot, OpenConstruct::Word(_));
        let hole = before[start..].rfind("${{").map(|at| start + at + 3);
        let hole = hole.filter(|&at| !before[at..].contains("}}"));
        let word = Span::new(start, word_end(&file.text, offset));
        let place = match (hole, layout.spot) {
            _ if is_lua => CursorPlace::Lua(Span::new(start.max(line), offset), is_condition(&parts)),
            (Some(hole), _) => CursorPlace::Lua(Span::new(hole, offset), true),
            (None, OpenConstruct::Word(_)) => CursorPlace::Word(word),
            (None, OpenConstruct::Value(_)) => CursorPlace::Value(word),
            (None, _) => CursorPlace::Nothing,
        };
        Self { path, entry, place }
    }

    /// The keys that lead there.
    pub(super) fn path(&self) -> Vec<Option<&str>> {
        self.path.iter().map(Option::as_deref).collect()
    }
}

/// Where the word ends that `offset` is in.
pub(super) fn word_end(text: &str, offset: usize) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    offset + text[offset..].find(|c| !is_part(c)).unwrap_or(text.len() - offset)
}

/// Whether the value at a path is Lua.
fn is_lua(path: &[Option<&str>]) -> bool {
    match path {
        [Some("steps"), Some(_), Some(key)] => {
            *key == "when" || Verb::parse(key).is_some_and(Verb::is_short_for_lua)
        }
        [Some("steps"), Some(_), Some(_), Some(key)] => {
            ["lua", "setup", "combine", "key", "by"].contains(key)
        }
        [Some("steps"), Some(_), Some(_), Some("retries"), Some("when")]
        | [Some("policies"), Some(_), Some("retries"), Some("when")]
        | [Some("at_end")]
        | [Some("at_end"), Some("lua")]
        | [Some("steps"), Some(_), Some(_), Some("rate_limit"), None, Some("cost")]
        | [Some("policies"), Some(_), Some("rate_limit"), None, Some("cost")]
        | [Some("defaults"), Some("map"), Some("rate_limit"), None, Some("cost")]
        | [Some("defaults"), Some("map"), Some("retries"), Some("when")] => true,
        _ => false,
    }
}

/// Whether the Lua at a path says if a step runs at all.
fn is_condition(path: &[Option<&str>]) -> bool {
    matches!(path, [Some("steps"), Some(_), Some("when")])
}

/// The names that a piece of Lua ends with, `["codec", "base64", "en"]` say; the last one may be empty. `None` in strings and
/// comments.
pub(super) fn chain(lua: &str) -> Option<Vec<&str>> {
    if is_text(lua) {
        return None;
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut names = Vec::new();
    let mut rest = lua;
    loop {
        let before = rest.trim_end_matches(is_name);
        let name = &rest[before.len()..];
        names.push(name);
        match before.strip_suffix(['.', ':']) {
            // Two dots join texts, and `x).` is no name.
            Some(before) if !before.ends_with('.') && before.ends_with(is_name) => rest = before,
            Some(before) if !before.ends_with('.') => return None,
            _ => break,
        }
    }
    names.reverse();
    let is_number = names[0].starts_with(|first: char| first.is_ascii_digit());
    (!is_number).then_some(names)
}

/// Whether a line ends within a string or a comment.
fn is_text(line: &str) -> bool {
    let mut quote = None;
    let mut characters = line.char_indices();
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
            continue;
        }
        quote = match quote {
            // What stands in braces within backticks is code again.
            Some(open) if open == character || (open == '`' && character == '{') => None,
            None if matches!(character, '"' | '\'' | '`') => Some(character),
            None if line[at..].starts_with("--") => return true,
            same => same,
        };
    }
    quote.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_of_names_are_read_backwards() {
        assert_eq!(chain("return str.tr"), Some(vec!["str", "tr"]));
        assert_eq!(chain("codec.base64."), Some(vec!["codec", "base64", ""]));
        assert_eq!(chain("x .. pa"), Some(vec!["pa"]));
        assert_eq!(chain("x..pa"), Some(vec!["pa"]));
        assert_eq!(chain("("), Some(vec![""]));
        assert_eq!(chain(""), Some(vec![""]));
        for text in ["f().x", "'str.", "-- str.", "1.", "\"a\\\".", "`x str."] {
            assert_eq!(chain(text), None, "{text}");
        }
        assert_eq!(chain("`x {str."), Some(vec!["str", ""]));
        assert_eq!(chain("'a' .. str."), Some(vec!["str", ""]));
    }
}
