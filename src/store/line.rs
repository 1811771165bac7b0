//! A line of results is `{"i":index,"v":value}`, with the item's key as `k` before the value where the step has
//! `key:`. This module writes it and reads it back.
//!
//! A `filter` that lets an item go writes `"dropped":true` in the place of `v`; the `v` of a `flat_map` is the list of
//! its results. In format 1 every line had `k`, the digest of the content where there was no key; with one, `d` was the
//! digest.

use super::{Digest, LinesPerItem};
use crate::value::json::write_string;

const INDEX: &[u8] = b"{\"i\":";
const KEY: &[u8] = b",\"k\":";
const KEPT: &[u8] = b",\"v\":";
const DROPPED: &[u8] = b",\"dropped\":true";

/// Appends the line of an item whose results are `values`, each ended by a line feed.
pub(super) fn push(out: &mut Vec<u8>, index: u64, key: Option<&str>, shape: LinesPerItem, values: &[u8]) {
    out.extend_from_slice(INDEX);
    out.extend_from_slice(itoa::Buffer::new().format(index).as_bytes());
    if let Some(key) = key {
        out.extend_from_slice(KEY);
        write_string(out, key.as_bytes());
    }
    if shape == LinesPerItem::Optional && values.is_empty() {
        out.extend_from_slice(DROPPED);
    } else {
        out.extend_from_slice(KEPT);
        gather(out, shape, values);
    }
    out.extend_from_slice(b"}\n");
}

/// The front of lines whose indices follow each other and that have no key: it is counted on where it stands, because
/// a million a second are written.
#[derive(Debug)]
pub(super) struct LineFront {
    text: Vec<u8>,
    /// Where the index ends.
    end: usize,
}

impl LineFront {
    /// Of the line with this index.
    pub(super) fn new(index: u64) -> Self {
        let mut text = INDEX.to_vec();
        text.extend_from_slice(itoa::Buffer::new().format(index).as_bytes());
        let end = text.len();
        text.extend_from_slice(KEPT);
        Self { text, end }
    }

    /// Appends the line of an item that has one result, and goes on to the next index.
    pub(super) fn push(&mut self, out: &mut Vec<u8>, value: &[u8]) {
        out.extend_from_slice(&self.text);
        out.extend_from_slice(value);
        out.extend_from_slice(b"}\n");
        self.count();
    }

    fn count(&mut self) {
        for at in (INDEX.len()..self.end).rev() {
            if self.text[at] < b'9' {
                self.text[at] += 1;
                return;
            }
            self.text[at] = b'0';
        }
        self.text.insert(INDEX.len(), b'1');
        self.end += 1;
    }
}

/// Appends the results of one item, lines of JSON, as one JSON value without line feeds.
pub(super) fn gather(out: &mut Vec<u8>, shape: LinesPerItem, values: &[u8]) {
    let values = values.strip_suffix(b"\n").unwrap_or(values);
    if shape != LinesPerItem::Many {
        return out.extend_from_slice(values);
    }
    out.push(b'[');
    for (at, value) in values.split(|byte| *byte == b'\n').enumerate().filter(|(_, value)| !value.is_empty())
    {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(value);
    }
    out.push(b']');
}

/// Appends what [`gather`] has gathered as lines again, and says how many; `None`: it is not of that shape.
pub(super) fn spread(out: &mut Vec<u8>, shape: LinesPerItem, value: &[u8]) -> Option<u32> {
    if shape != LinesPerItem::Many {
        out.extend_from_slice(value);
        out.push(b'\n');
        return Some(1);
    }
    let values: Vec<&serde_json::value::RawValue> = serde_json::from_slice(value).ok()?;
    for value in &values {
        out.extend_from_slice(value.get().as_bytes());
        out.push(b'\n');
    }
    Some(values.len() as u32)
}

/// A line, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultLine<'a> {
    /// Which item, from 1.
    pub index: u64,
    /// By what it is known, as JSON text: a string in quotes. `None`: by its content, and nobody has asked for that.
    pub key: Option<&'a [u8]>,
    /// The result as JSON text; `None`: a `filter` let the item go. For `flat_map`, a list.
    pub value: Option<&'a [u8]>,
    /// The digest of its content in hexadecimal digits, in lines of format 1 with a key.
    digest: Option<&'a [u8]>,
}

impl ResultLine<'_> {
    /// Whether a line of format 1 says that its item has this content.
    pub(super) fn is_of(&self, content: Digest) -> bool {
        let in_quotes = self.key.and_then(|key| key.get(1..key.len() - 1));
        self.digest.or(in_quotes) == Some(content.to_string().as_bytes())
    }
}

/// Takes a line apart that [`push`] has written, in this format or the one before.
pub(super) fn parse(line: &[u8]) -> Option<ResultLine<'_>> {
    let rest = line.strip_suffix(b"\n").unwrap_or(line).strip_prefix(INDEX)?.strip_suffix(b"}")?;
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let index = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    let rest = &rest[digits..];
    let (key, rest) = match rest.strip_prefix(KEY) {
        Some(rest) => {
            let (key, rest) = rest.split_at(string_end(rest)?);
            (Some(key), rest)
        }
        None => (None, rest),
    };
    let (digest, rest) = match rest.strip_prefix(b",\"d\":\"") {
        Some(rest) => (Some(rest.get(..32)?), rest[32..].strip_prefix(b"\"")?),
        None => (None, rest),
    };
    let value = if rest == DROPPED { None } else { Some(rest.strip_prefix(KEPT)?) };
    Some(ResultLine { index, key, value, digest })
}

/// One past the closing quote of the string that `text` begins with.
fn string_end(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    text.first().filter(|byte| **byte == b'"')?;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: Option<&str>, shape: LinesPerItem, values: &str, expect: &str) {
        let mut line = Vec::new();
        push(&mut line, 7, key, shape, values.as_bytes());
        assert_eq!(String::from_utf8_lossy(&line), format!("{expect}\n"));
        let whole: serde_json::Value = serde_json::from_slice(&line).expect("JSON");
        let parsed = parse(&line).expect("a line");
        assert_eq!((parsed.index, whole["i"].as_u64()), (7, Some(7)));
        let parsed_key = parsed.key.map(|key| serde_json::from_slice::<String>(key).expect("JSON"));
        assert_eq!(parsed_key.as_deref(), key);
        let mut lines = Vec::new();
        let count = parsed.value.map_or(Some(0), |value| spread(&mut lines, shape, value));
        assert_eq!(count, Some(values.lines().count() as u32));
        assert_eq!(String::from_utf8_lossy(&lines), values);
    }

    #[test]
    fn lines_are_json_and_give_back_what_they_were_made_of() {
        check(None, LinesPerItem::One, "{\"a\":1}\n", "{\"i\":7,\"v\":{\"a\":1}}");
        let keyed = "{\"i\":7,\"k\":\"a\\\"\\\\}\",\"v\":null}";
        check(Some("a\"\\}"), LinesPerItem::One, "null\n", keyed);
        check(None, LinesPerItem::Optional, "1\n", "{\"i\":7,\"v\":1}");
        check(None, LinesPerItem::Optional, "", "{\"i\":7,\"dropped\":true}");
        check(None, LinesPerItem::Many, "", "{\"i\":7,\"v\":[]}");
        check(None, LinesPerItem::Many, "[1]\n\"],\"\n", "{\"i\":7,\"v\":[[1],\"],\"]}");
    }

    #[test]
    fn lines_with_indices_that_follow_each_other_are_those_that_are_written_alone() {
        for first in [0, 1, 8, 95, 99_998] {
            let (mut together, mut alone) = (Vec::new(), Vec::new());
            let mut front = LineFront::new(first);
            for index in first..first + 20 {
                front.push(&mut together, b"[1]");
                push(&mut alone, index, None, LinesPerItem::One, b"[1]\n");
            }
            assert_eq!(String::from_utf8_lossy(&together), String::from_utf8_lossy(&alone));
        }
    }

    #[test]
    fn lines_of_format_1_say_their_content_by_its_digest() {
        let (digest, other) = (Digest(0xab), Digest(0xac));
        for key in [format!("\"{digest}\""), format!("\"k}}\",\"d\":\"{digest}\"")] {
            let text = format!("{{\"i\":3,\"k\":{key},\"v\":1}}\n");
            let line = parse(text.as_bytes()).expect("a line");
            assert_eq!((line.index, line.value), (3, Some(&b"1"[..])), "{text}");
            assert!(line.is_of(digest) && !line.is_of(other), "{text}");
        }
    }

    #[test]
    fn what_is_no_line_is_none() {
        for text in ["", "{}", "{\"i\":,\"v\":1}", "{\"i\":1,\"k\":\"x\",\"w\":1}", "{\"i\":1,\"k\":\"\\"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
