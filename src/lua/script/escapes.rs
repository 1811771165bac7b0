//! This module finds escapes in strings that Lua does not know: of `"\d"` it keeps the `d`, without a word.

use std::ops::Range;

use super::lexer::{TokenKind, substitutions, tokens};

/// What may follow a backslash beside digits and line ends.
const KNOWN: &str = "abfnrtvxzu\\\"'\n\r";

/// The bytes of every escape that means nothing, in the order of the text.
pub fn false_escapes(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for token in tokens(text) {
        let start = token.span.start;
        let word = token.text(text);
        match token.kind {
            TokenKind::String if word.starts_with(['"', '\'']) => escapes(word, KNOWN, start, &mut found),
            TokenKind::Template => {
                let inner = substitutions(word).unwrap_or_default();
                let ends = inner.iter().map(|part| part.start).chain([word.len()]);
                let starts = [0].into_iter().chain(inner.iter().map(|part| part.end));
                for (from, to) in starts.zip(ends) {
                    escapes(&word[from..to], "abfnrtvxzu\\\"'\n\r`{", start + from, &mut found);
                }
                for part in inner {
                    let moved = start + part.start;
                    let within = false_escapes(&word[part]).into_iter();
                    found.extend(within.map(|span| span.start + moved..span.end + moved));
                }
            }
            _ => {}
        }
    }
    found
}

fn escapes(text: &str, known: &str, start: usize, found: &mut Vec<Range<usize>>) {
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        if letter != '\\' {
            continue;
        }
        let Some((after, escaped)) = letters.next() else { return };
        if !known.contains(escaped) && !escaped.is_ascii_digit() {
            found.push(start + at..start + after + escaped.len_utf8());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::false_escapes;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let found: Vec<&str> = false_escapes(text).into_iter().map(|span| &text[span]).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn escapes_of_other_languages_are_found() {
        check(r#"re.match(item, "\d+\.\w") "#, &[r"\d", r"\.", r"\w"]);
        check(r"local a = '\s' .. `\S{re.find(x, '\b\B')}\(`", &[r"\s", r"\S", r"\(", r"\B"]);
    }

    #[test]
    fn escapes_of_lua_and_strings_without_any_are_left_alone() {
        check(r#"return "\\d \n\t\065\x41\u{1F600}\z  \"\'", '\\', [[\d]], [=[\w]=], `\{\``  -- "\d""#, &[]);
        check("return \"a\\\nb\"", &[]);
    }
}
