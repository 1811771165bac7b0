//! Luau's tokens, just well enough to know where they begin and end. What they mean is the compiler's business.

use std::ops::Range;

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
            b'\\' => at += 2,
            b'\n' => return at,
            _ if byte == bytes[start] => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Substitutions may contain strings, and templates again.
fn template_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    let mut depth = 0usize;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if depth == 0 => at += 2,
            b'`' if depth == 0 => return at + 1,
            b'`' => at = template_end(bytes, at),
            b'"' | b'\'' if depth > 0 => at = quoted_end(bytes, at),
            b'{' => {
                depth += 1;
                at += 1;
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The expressions in a template, which begins and ends with a backtick.
pub(in crate::lua) fn substitutions(template: &str) -> Vec<Range<usize>> {
    let bytes = template.as_bytes();
    let mut found = Vec::new();
    let mut depth = 0usize;
    let mut start = 0;
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if depth == 0 => at += 2,
            b'`' if depth == 0 => break,
            b'`' => at = template_end(bytes, at),
            b'"' | b'\'' if depth > 0 => at = quoted_end(bytes, at),
            b'{' => {
                depth += 1;
                at += 1;
                if depth == 1 {
                    start = at;
                }
            }
            b'}' => {
                if depth == 1 {
                    found.push(start..at);
                }
                depth = depth.saturating_sub(1);
                at += 1;
            }
            _ => at += 1,
        }
    }
    if depth > 0 {
        found.push(start..template.len());
    }
    found
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
