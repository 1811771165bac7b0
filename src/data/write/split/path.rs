//! The path of a split output names each part by its key and its number.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

/// Digits that a number may be filled up to.
const DIGITS_MAX: usize = 18;

/// What names that flowrun gives begin with; no key may look like one.
const OWN_PREFIX: &str = ".flowrun";

/// A path with `{key}` or `{part}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitPath(Vec<PathPiece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum PathPiece {
    Text(String),
    Key,
    /// Filled up with zeros to so many digits.
    Part(usize),
}

impl SplitPath {
    /// Reads a path; `None`: it names one file.
    ///
    /// # Errors
    /// Fails with the reason when a placeholder is begun and cannot be read.
    pub fn parse(path: &str) -> Result<Option<Self>, String> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = path;
        while let Some(at) = rest.find('{') {
            text.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some((piece, behind)) = placeholder(rest)? {
                pieces.extend((!text.is_empty()).then(|| PathPiece::Text(std::mem::take(&mut text))));
                pieces.push(piece);
                rest = behind;
            } else {
                text.push('{');
                rest = &rest[1..];
            }
        }
        if pieces.is_empty() {
            return Ok(None);
        }
        text.push_str(rest);
        pieces.extend((!text.is_empty()).then_some(PathPiece::Text(text)));
        Ok(Some(Self(pieces)))
    }

    /// Whether a key stands in it.
    pub fn has_key(&self) -> bool {
        self.0.contains(&PathPiece::Key)
    }

    /// Whether the number of a part stands in it.
    pub fn has_part(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, PathPiece::Part(_)))
    }

    /// The folder before the first placeholder, with its slash; empty where the path begins in that of the pipeline.
    pub fn folder(&self) -> &str {
        match self.0.first() {
            Some(PathPiece::Text(text)) => text.rfind('/').map_or("", |slash| &text[..=slash]),
            _ => "",
        }
    }

    /// A pattern, as sources take it, that matches the paths of all parts.
    pub fn pattern(&self) -> String {
        let mut pattern = String::new();
        for piece in &self.0 {
            let PathPiece::Text(text) = piece else {
                pattern.push('*');
                continue;
            };
            for char in text.chars() {
                match char {
                    '*' | '?' | '[' | '{' | '}' => pattern.extend(['[', char, ']']),
                    char => pattern.push(char),
                }
            }
        }
        pattern
    }

    /// The path of a part. `key` is the name of a key as paths have it.
    pub fn file(&self, key: &str, part: u64) -> String {
        let mut path = String::new();
        for piece in &self.0 {
            match piece {
                PathPiece::Text(text) => path.push_str(text),
                PathPiece::Key => path.push_str(key),
                PathPiece::Part(digits) => {
                    let _ = write!(path, "{part:0digits$}");
                }
            }
        }
        path
    }
}

/// The placeholder that `text` begins with, and what stands behind it; `None`: the brace stands for itself.
fn placeholder(text: &str) -> Result<Option<(PathPiece, &str)>, String> {
    let Some((inner, behind)) = text[1..].split_once('}') else { return Ok(None) };
    let piece = match inner.split_once(':') {
        None if inner == "key" => PathPiece::Key,
        None if inner == "part" => PathPiece::Part(0),
        Some(("part", digits)) if is_width(digits) => PathPiece::Part(digits.parse().unwrap_or(0)),
        _ if matches!(inner.split([':', ' ']).find(|word| !word.is_empty()), Some("key" | "part")) => {
            return Err(format!(
                "`path` holds `{{{inner}}}`; write `{{key}}`, `{{part}}`, or `{{part:05}}` for five digits"
            ));
        }
        _ => return Ok(None),
    };
    Ok(Some((piece, behind)))
}

/// Whether it is a number of digits, written as in `05`.
fn is_width(text: &str) -> bool {
    let is_number = text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number && text.parse().is_ok_and(|digits: usize| (1..=DIGITS_MAX).contains(&digits))
}

/// Whole numbers below this are exact as floats.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// The key that a JSON value stands for: a number has the text of its value, so that 1, 1.0 and "1" are one key.
///
/// # Errors
/// Fails with what the value is when it cannot be a key.
pub fn split_key(json: &[u8]) -> Result<String, &'static str> {
    match serde_json::from_slice(json) {
        Ok(Value::String(text)) => Ok(text),
        Ok(Value::Number(number)) => {
            // A whole number is one key, however it is written.
            let whole = number.as_f64().filter(|value| value.fract() == 0.0 && value.abs() < WHOLE_MAX);
            Ok(whole.map_or_else(|| number.to_string(), |value| (value as i64).to_string()))
        }
        Ok(Value::Bool(value)) => Ok(value.to_string()),
        Ok(Value::Array(_)) => Err("a list"),
        Ok(Value::Object(_)) => Err("a table"),
        Ok(Value::Null) | Err(_) => Err("nil"),
    }
}

/// The name that a key has in paths. What would lead to another folder or is no part of a name is percent-encoded: `/` and
/// control characters, `.` and `..`, the beginning of a name of flowrun's own. So is `%` where it would look like such a code.
/// The empty key is `_`.
pub(super) fn name_of(key: &str) -> Cow<'_, str> {
    let whole = match key {
        "" => return Cow::Borrowed("_"),
        "." => return Cow::Borrowed("%2E"),
        ".." => return Cow::Borrowed("%2E%2E"),
        key => key,
    };
    let is_own = whole.starts_with(OWN_PREFIX);
    if !is_own && !whole.contains(|char: char| char.is_control() || char == '/' || char == '%') {
        return Cow::Borrowed(whole);
    }
    let mut name = String::new();
    let rest = if is_own { &whole[1..] } else { whole };
    name.push_str(if is_own { "%2E" } else { "" });
    for (at, char) in rest.char_indices() {
        if char.is_control() || char == '/' || (char == '%' && is_code(&rest[at + 1..])) {
            let mut bytes = [0; 4];
            for byte in char.encode_utf8(&mut bytes).bytes() {
                let _ = write!(name, "%{byte:02X}");
            }
        } else {
            name.push(char);
        }
    }
    Cow::Owned(name)
}

/// Whether two hexadecimal digits follow.
fn is_code(text: &str) -> bool {
    text.len() >= 2 && text.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(path: &str) -> SplitPath {
        SplitPath::parse(path).expect("readable").expect("a placeholder")
    }

    #[test]
    fn placeholders_stand_for_key_and_number() {
        let path = parse("out/{key}/{part:05}.jsonl.zst");
        assert_eq!(path.file("de", 7), "out/de/00007.jsonl.zst");
        assert_eq!(path.file("de", 1_234_567), "out/de/1234567.jsonl.zst");
        assert_eq!((path.folder(), path.has_key(), path.has_part()), ("out/", true, true));
        assert_eq!(parse("{part}-{part:02}.csv").file("", 3), "3-03.csv");
        assert_eq!(parse("a/b-{key}.csv").folder(), "a/");
        assert_eq!(parse("{key}.csv").folder(), "");
    }

    #[test]
    fn equal_numbers_are_one_key() {
        for (json, expect) in [
            ("1", "1"),
            ("1.0", "1"),
            ("\"1\"", "1"),
            ("1e2", "100"),
            ("-0.0", "0"),
            ("0", "0"),
            ("1.5", "1.5"),
            ("-7.0", "-7"),
            ("9223372036854775807", "9223372036854775807"),
            ("\"1.0\"", "1.0"),
            ("true", "true"),
        ] {
            assert_eq!(split_key(json.as_bytes()).as_deref(), Ok(expect), "{json}");
        }
    }

    #[test]
    fn other_braces_stand_for_themselves() {
        for path in ["out.jsonl", "{a}/{year}.csv", "{", "a{b", "{keys}.csv", "{parts}.csv"] {
            assert_eq!(SplitPath::parse(path), Ok(None), "{path}");
        }
        assert_eq!(parse("{a}{key}{.csv").file("x", 1), "{a}x{.csv");
    }

    #[test]
    fn a_placeholder_that_is_half_right_is_an_error() {
        for path in [
            "{part:5}",
            "{part:0}",
            "{part:}",
            "{part:0x}",
            "{part:0099}",
            "{key:05}",
            "{ key }",
            "{part:05d}",
        ] {
            let error = SplitPath::parse(path).expect_err(path);
            assert!(error.contains(path) && error.contains("{part:05}"), "{error}");
        }
    }

    #[test]
    fn names_lead_nowhere_else_and_no_two_keys_share_one() {
        for (key, name) in [
            ("de", "de"),
            ("", "_"),
            (".", "%2E"),
            ("..", "%2E%2E"),
            ("a/b", "a%2Fb"),
            ("../x", "..%2Fx"),
            ("a%2Fb", "a%252Fb"),
            ("100%", "100%"),
            ("a\nb\u{85}", "a%0Ab%C2%85"),
            (".flowrun-files.json", "%2Eflowrun-files.json"),
            ("straße 1", "straße 1"),
        ] {
            assert_eq!(name_of(key), name, "{key:?}");
        }
    }
}
