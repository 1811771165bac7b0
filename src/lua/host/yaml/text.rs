//! This module writes texts so that readers of YAML 1.2 and of 1.1 take them as they were meant: `no`, `1:30` and `2024-01-01`
//! are texts in the one and none in the other.

use std::io::{self, Write};

use crate::value::scalar::{self, Scalar};

/// Bytes that one byte of a text may take: `\u0085`, of two bytes, takes four, a line end two.
pub(super) const BYTES_MAX: usize = 4;

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is.
    Plain,
    /// In single quotes.
    Quoted,
    /// In double quotes, with escapes.
    Escaped,
    /// As lines below.
    Lines,
}

/// Words that are no texts in YAML 1.1, whatever their case.
const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~"];

/// How `text` is written.
pub(super) fn form(text: &str) -> Form {
    if text.chars().any(|character| character != '\n' && needs_escape(character)) {
        return Form::Escaped;
    }
    if text.contains('\n') {
        // The first line says how far in the text is.
        let is_plain = !text.starts_with(['\n', ' ']) && text.lines().all(|line| !line.ends_with(' '));
        return if is_plain { Form::Lines } else { Form::Escaped };
    }
    if is_plain(text) { Form::Plain } else { Form::Quoted }
}

/// Writes a text on one line.
pub(super) fn write_line(out: &mut impl Write, text: &str) -> io::Result<()> {
    match form(text) {
        Form::Plain => out.write_all(text.as_bytes()),
        Form::Quoted => write!(out, "'{}'", text.replace('\'', "''")),
        Form::Escaped | Form::Lines => escaped(out, text),
    }
}

fn escaped(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(b"\"")?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(out, "\\{character}")?,
            '\n' => out.write_all(b"\\n")?,
            '\r' => out.write_all(b"\\r")?,
            '\t' => out.write_all(b"\\t")?,
            _ if needs_escape(character) => match u32::from(character) {
                code @ ..0x100 => write!(out, "\\x{code:02X}")?,
                code @ ..0x1_0000 => write!(out, "\\u{code:04X}")?,
                code => write!(out, "\\U{code:08X}")?,
            },
            _ => write!(out, "{character}")?,
        }
    }
    out.write_all(b"\"")
}

/// Characters that YAML does not let stand for themselves, that some readers take for line ends, or that nobody sees.
fn needs_escape(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

fn is_plain(text: &str) -> bool {
    let starts = |signs: &[char]| text.starts_with(signs);
    let is_text = !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        && matches!(scalar::plain(text), Ok(Scalar::Text(_)))
        && !is_number(text)
        && !is_time(text);
    let begins_well =
        !starts(&['?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`'])
            && !starts(&[' ', '='])
            && !text.starts_with("- ")
            && !text.starts_with("---")
            && !text.starts_with("...")
            && !matches!(text, "-" | "<<");
    is_text && begins_well && !text.ends_with([' ', ':']) && !text.contains(": ") && !text.contains(" #")
}

/// Whether it may be a number of YAML 1.1: `1_000`, `0b11`, `017`, `1:30`, `1.`, with a sign or without.
fn is_number(text: &str) -> bool {
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let Some(digits) = bare.strip_prefix("0x").or_else(|| bare.strip_prefix("0o")) {
        return digits.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'_');
    }
    let digits = bare.strip_prefix("0b").unwrap_or(bare);
    digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || b"_.:eE+-".contains(&byte))
}

/// Whether it begins like a date.
fn is_time(text: &str) -> bool {
    let year = text.bytes().take_while(u8::is_ascii_digit).count();
    year == 4 && text[4..].starts_with('-') && text[5..].starts_with(|digit: char| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What readers of any version take for something else than a text, between blanks.
    const VALUES: &str = "~ null Null true FALSE yes No on OFF y N = << 7 -0 +1 010 08 0o17 0x1F 0b1010_0111 1_000 1:30 190:20:30 1:30.5 \
                          1. .5 685_230.15 1e3 1.5e+3 -2E05 .inf -.INF .NaN 2024-01-01 2024-1-1 2001-12-14t21:59:43.10-05:00 \
                          9223372036854775808 1e400";

    /// Texts in which signs have a meaning, between line ends.
    const SIGNS: &str = "-\n- a\n? a\n: a\na:\na: b\na #b\n#c\n[a]\n{a}\n, a\n&a\n*a\n!a\n|\n> x\n%a\n@a\n`a\n'a'\n\"a\"\n a\na \n---\n--- a\n...\n\
                         2001-12-14 21:59:43";

    #[test]
    fn what_any_reader_would_take_for_something_else_is_quoted() {
        let quoted = VALUES.split_whitespace().chain(SIGNS.split('\n')).chain([""]);
        for text in quoted {
            assert_eq!(form(text), Form::Quoted, "{text}");
        }
        for text in "a|yes and no|a:b|a#b|x-1|-x|--x|1a|1,000|v1.2|1.2.3 beta|e3|inf|é ü|a, b|20 %".split('|')
        {
            assert_eq!(form(text), Form::Plain, "{text}");
        }
        for text in
            ["\t", "a\tb", "a\rb", "\u{7}", "\u{85}", "\u{2028}", "\u{FEFF}a", "\na", " a\nb", "a \nb"]
        {
            assert_eq!(form(text), Form::Escaped, "{text:?}");
        }
        for text in ["a\nb", "a\n", "a\n\n", "a\n  b\n", "- a\nb: c\n#"] {
            assert_eq!(form(text), Form::Lines, "{text:?}");
        }
    }

    #[test]
    fn quotes_and_escapes_keep_what_they_enclose() {
        let written = |text: &str| {
            let mut out = Vec::new();
            write_line(&mut out, text).expect("memory");
            String::from_utf8(out).expect("UTF-8")
        };
        assert_eq!(written("it's: \"x\""), "'it''s: \"x\"'");
        assert_eq!(
            written("a\t\"\\\u{7}\u{85}\u{2028}é\u{FEFF}\n"),
            "\"a\\t\\\"\\\\\\x07\\x85\\u2028é\\uFEFF\\n\""
        );
    }
}
