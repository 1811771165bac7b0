//! A list path says where the list of items lies in a JSON document: `features`, `data.rows[0].items`. Finding the list is
//! left to the reader.

use std::fmt;

use crate::value::json;

/// The way from the root of a document to a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPath {
    text: String,
    parts: Vec<PathPart>,
}

/// One step of the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathPart {
    /// Into an object, under this name.
    Name(String),
    /// Into a list, to this element, from 0.
    Index(u64),
}

impl ListPath {
    /// Reads a path: names with points between them, `[N]` for the element N of a list, counted from 0, and `["a name"]` for a
    /// name with points, brackets or quotes in it.
    ///
    /// # Errors
    /// Fails when the text is no such path, and says why.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() || parts.is_empty() {
            let (part, behind) = match rest.strip_prefix('[') {
                Some(inside) => bracketed(inside),
                None => named(rest),
            }
            .map_err(|why| {
                format!("`at`: `{text}` is no path such as `features` or `data.rows[0].items`: {why}")
            })?;
            parts.push(part);
            rest = match behind.strip_prefix('.') {
                // Behind a point stands a name.
                Some(name) if name.is_empty() || name.starts_with('[') => {
                    return Err(format!("`at`: `{text}` lacks a name behind a point"));
                }
                Some(name) => name,
                None => behind,
            };
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// Its steps, from the root on.
    pub(super) fn parts(&self) -> &[PathPart] {
        &self.parts
    }

    /// The first so many of its steps, for messages.
    pub(super) fn shown(&self, steps: usize) -> String {
        shown(&self.parts[..steps])
    }
}

/// Steps as they are written.
pub(super) fn shown<'p>(parts: impl IntoIterator<Item = &'p PathPart>) -> String {
    let mut shown = String::new();
    for part in parts {
        match part {
            PathPart::Name(name) if is_plain(name) => {
                shown.push_str(if shown.is_empty() { "" } else { "." });
                shown.push_str(name);
            }
            part => shown.push_str(&part.to_string()),
        }
    }
    shown
}

impl fmt::Display for ListPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for PathPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) if is_plain(name) => f.write_str(name),
            Self::Name(name) => write!(f, "[{}]", String::from_utf8_lossy(&json::quoted(name))),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// Whether a name can stand without brackets.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['.', '[', ']', '"'])
}

/// A name up to the next point or bracket.
fn named(text: &str) -> Result<(PathPart, &str), String> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, behind) = text.split_at(end);
    if is_plain(name) {
        return Ok((PathPart::Name(name.to_owned()), behind));
    }
    Err(if name.is_empty() {
        "a name is missing".to_owned()
    } else {
        format!("write `{name}` in brackets and quotes")
    })
}

/// What stands behind an opening bracket: a number or a name in quotes, and the closing bracket.
fn bracketed(text: &str) -> Result<(PathPart, &str), String> {
    if text.starts_with('"') {
        let end = quoted_end(text).ok_or("a quote is not closed")?;
        let (name, behind) = text.split_at(end);
        let value = json::to_value(name.as_bytes()).map_err(|error| error.to_string())?;
        let behind = behind.strip_prefix(']').ok_or("`]` is missing")?;
        return Ok((PathPart::Name(value.as_str().unwrap_or_default().to_owned()), behind));
    }
    let (number, behind) = text.split_once(']').ok_or("`]` is missing")?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let index = number.parse().ok().filter(|_| is_number);
    Ok((PathPart::Index(index.ok_or("a number or a name in quotes stands in brackets")?), behind))
}

/// Where a text in quotes ends.
fn quoted_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return Some(at + 1),
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_names_and_numbers() {
        let name = |name: &str| PathPart::Name(name.to_owned());
        for (text, parts) in [
            ("features", vec![name("features")]),
            ("data.rows[0].items", vec![name("data"), name("rows"), PathPart::Index(0), name("items")]),
            ("[2][10]", vec![PathPart::Index(2), PathPart::Index(10)]),
            ("a[\"b.c\"].d", vec![name("a"), name("b.c"), name("d")]),
            (r#"["\"\u00e4"]["]"]"#, vec![name("\"ä"), name("]")]),
            ("with blank.x-y", vec![name("with blank"), name("x-y")]),
        ] {
            let path = ListPath::parse(text).expect(text);
            assert_eq!(path.parts(), parts, "{text}");
            assert_eq!(ListPath::parse(&path.shown(parts.len())).expect(text).parts(), parts, "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_said() {
        for (text, why) in [
            ("", "a name is missing"),
            (".a", "a name is missing"),
            ("a.", "lacks a name behind a point"),
            ("a..b", "a name is missing"),
            ("a.[0]", "lacks a name behind a point"),
            ("a[0", "`]` is missing"),
            ("a[x]", "a number or a name in quotes"),
            ("a[-1]", "a number or a name in quotes"),
            ("a[99999999999999999999]", "a number or a name in quotes"),
            ("a[\"b]", "a quote is not closed"),
            ("a[\"b\"", "`]` is missing"),
            ("a]b", "in brackets and quotes"),
            ("[0]a", ""),
        ] {
            match ListPath::parse(text) {
                Err(error) => assert!(error.contains(why) && error.starts_with("`at`"), "{text}: {error}"),
                Ok(path) => assert!(why.is_empty(), "{text}: {path:?}"),
            }
        }
    }
}
