//! The lexer finds Luau's tokens, just well enough to know where they begin and end. The compiler knows what they
//! mean.

use std::ops::Range;

/// Names that Lua keeps to itself.
pub const KEYWORDS: [&str; 21] = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil",
    "not", "or", "repeat", "return", "then", "true", "until", "while",
];

/// Kinds of tokens that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) enum TokenKind {
    /// A name or a keyword.
    Name,
    Number,
    /// In quotes or long brackets, without substitutions.
    String,
    /// In backticks; may contain expressions.
    Template,
    /// An operator or a bracket.
    Symbol,
}

/// Templates within each other. Each level is read once more than the one around it, and nobody writes more than two or
/// three. What is nested deeper is not looked into: it may then do anything.
const TEMPLATES_MAX: usize = 16;

/// One token and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lua) struct Token {
    pub(in crate::lua) kind: TokenKind,
    pub(in crate::lua) span: Range<usize>,
}

impl Token {
    pub(in crate::lua) fn text<'t>(&self, source: &'t str) -> &'t str {
        &source[self.span.clone()]
    }
}

/// All tokens of `source`, comments left out. Text that is no Luau gives some tokens too.
pub(in crate::lua) fn tokens(source: &str) -> Vec<Token> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let kind = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            b'-' if bytes[at..].starts_with(b"--") => {
                at = comment_end(bytes, at + 2);
                continue;
            }
            b'"' | b'\'' => {
                at = quoted_end(bytes, at);
                TokenKind::String
            }
            b'`' => {
                at = template_end(bytes, at);
                TokenKind::Template
            }
            b'[' if long_level(bytes, at).is_some() => {
                at = long_end(bytes, at);
                TokenKind::String
            }
            b'0'..=b'9' => {
                at = number_end(bytes, at);
                TokenKind::Number
            }
            b'.' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {
                at = number_end(bytes, at);
                TokenKind::Number
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                while bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
                    at += 1;
                }
                TokenKind::Name
            }
            _ => {
                at += symbol_len(&source[at..]);
                TokenKind::Symbol
            }
        };
        tokens.push(Token { kind, span: start..at });
    }
    tokens
}

fn symbol_len(rest: &str) -> usize {
    const LONG: [&str; 18] = [
        "...", "..=", "//=", "==", "~=", "<=", ">=", "..", "::", "->", "+=", "-=", "*=", "/=", "%=", "^=",
        "//", "@[",
    ];
    LONG.iter()
        .find(|symbol| rest.starts_with(**symbol))
        .map_or_else(|| rest.chars().next().map_or(1, char::len_utf8), |symbol| symbol.len())
}

fn number_end(bytes: &[u8], mut at: usize) -> usize {
    let mut before = 0;
    while let Some(&byte) = bytes.get(at) {
        let sign = matches!(byte, b'+' | b'-') && matches!(before, b'e' | b'E');
        if !(sign || byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_')) {
            break;
        }
        before = byte;
        at += 1;
    }
    at
}

fn quoted_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at = escape_end(bytes, at),
            b'\n' => return at,
            _ if byte == bytes[start] => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Where an escape ends that begins with the backslash at `at`: `\z` passes white space over lines, and a line end may have two
/// bytes.
fn escape_end(bytes: &[u8], at: usize) -> usize {
    match &bytes[at + 1..] {
        [b'z', rest @ ..] => {
            let is_space = |byte: &&u8| byte.is_ascii_whitespace() || **byte == b'\x0b';
            at + 2 + rest.iter().take_while(is_space).count()
        }
        [b'\r', b'\n', ..] => at + 3,
        _ => at + 2,
    }
}

/// Where the template ends that begins at `start`.
fn template_end(bytes: &[u8], start: usize) -> usize {
    template(bytes, start, |_| {}).0
}

/// Goes through a template, whose substitutions may contain strings, and templates again: a stack of its own, because
/// whoever wrote it decides how deep they are nested. Calls `found` for each of its substitutions, and returns where it
/// ends and how many templates stand within each other.
fn template(bytes: &[u8], start: usize, mut found: impl FnMut(Range<usize>)) -> (usize, usize) {
    // For each template that is open, the braces open in it.
    let mut open = vec![0usize];
    let (mut at, mut inner, mut deepest) = (start + 1, start + 1, 1);
    while let Some(&byte) = bytes.get(at) {
        let level = open.len();
        let Some(braces) = open.last_mut() else { break };
        at += match byte {
            b'\\' if *braces == 0 => 2,
            b'`' if *braces == 0 => {
                open.pop();
                1
            }
            b'`' => {
                open.push(0);
                deepest = deepest.max(open.len());
                1
            }
            b'"' | b'\'' if *braces > 0 => quoted_end(bytes, at) - at,
            b'{' => {
                *braces += 1;
                if level == 1 && *braces == 1 {
                    inner = at + 1;
                }
                1
            }
            b'}' => {
                if level == 1 && *braces == 1 {
                    found(inner..at);
                }
                *braces = braces.saturating_sub(1);
                1
            }
            _ => 1,
        };
        if open.is_empty() {
            return (at, deepest);
        }
    }
    if open.first().is_some_and(|braces| *braces > 0) {
        found(inner..bytes.len());
    }
    (bytes.len(), deepest)
}

/// The expressions in a template, which begins with a backtick and ends with the text. `None` when templates stand within
/// each other too deep to look into each.
pub(in crate::lua) fn substitutions(source: &str) -> Option<Vec<Range<usize>>> {
    let mut found = Vec::new();
    let (_, deepest) = template(source.as_bytes(), 0, |inner| found.push(inner));
    (deepest <= TEMPLATES_MAX).then_some(found)
}

/// How many `=` stand between the brackets of a long bracket that opens at `at`.
fn long_level(bytes: &[u8], at: usize) -> Option<usize> {
    let level = bytes[at + 1..].iter().take_while(|byte| **byte == b'=').count();
    (bytes.get(at + 1 + level) == Some(&b'[')).then_some(level)
}

fn long_end(bytes: &[u8], at: usize) -> usize {
    let level = long_level(bytes, at).unwrap_or(0);
    let mut close = vec![b'='; level + 2];
    close[0] = b']';
    close[level + 1] = b']';
    memchr::memmem::find(&bytes[at..], &close).map_or(bytes.len(), |found| at + found + close.len())
}

fn comment_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at) == Some(&b'[') && long_level(bytes, at).is_some() {
        return long_end(bytes, at);
    }
    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |found| at + found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_end_where_luau_says() {
        let source = "local x = a.b[[1]] .. 'it\\'s' -- c\n--[==[ ]] ]==] `{f(\"`\")}{y}` 0x1F 1e-3 .5 x+=1 //= ... --[[";
        let texts: Vec<&str> = tokens(source).iter().map(|token| token.text(source)).collect();
        assert_eq!(
            texts,
            [
                "local",
                "x",
                "=",
                "a",
                ".",
                "b",
                "[[1]]",
                "..",
                "'it\\'s'",
                "`{f(\"`\")}{y}`",
                "0x1F",
                "1e-3",
                ".5",
                "x",
                "+=",
                "1",
                "//=",
                "..."
            ]
        );
    }

    #[test]
    fn strings_go_on_in_the_next_line_behind_z_and_behind_a_backslash() {
        for string in ["\"a \\z\n   b\"", "'a\\z \r\n\t\n b'", "\"a\\\nb\"", "'a\\\r\nb'", "`a\\z\n  b`"] {
            let source = format!("x = {string} y");
            let texts: Vec<&str> = tokens(&source).iter().map(|token| token.text(&source)).collect();
            assert_eq!(texts, ["x", "=", string, "y"]);
        }
    }

    #[test]
    fn templates_nested_too_deep_are_not_looked_into() {
        let nested = |count: usize| format!("{}x{}", "`{".repeat(count), "}`".repeat(count));
        let deepest = nested(TEMPLATES_MAX);
        let found = substitutions(&deepest).map(|found| (found.len(), found[0].clone()));
        assert_eq!(found, Some((1, 2..deepest.len() - 2)));
        let deeper = nested(TEMPLATES_MAX + 1);
        assert_eq!((substitutions(&deeper), tokens(&deeper).len()), (None, 1));
    }

    proptest! {
        #[test]
        fn for_every_text_tokens_follow_each_other_without_overlap(source in "[-a\\[\\]=\"'`{}\\\\.0e\né ]{0,40}") {
            let mut end = 0;
            for token in tokens(&source) {
                prop_assert!(token.span.start >= end && token.span.end > token.span.start);
                prop_assert!(source.is_char_boundary(token.span.end.min(source.len())));
                end = token.span.end;
            }
            prop_assert!(end <= source.len());
        }
    }
}
