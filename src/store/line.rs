//! A line of results is `{"i":index,"k":identity,"v":value}`; this module writes it and reads it back.
//!
//! With `key:`, `d` is the digest of the item's content. A `filter` that lets an item go writes `"dropped":true` in
//! the place of `v`; the `v` of a `flat_map` is the list of its results.

use super::{Digest, LinesPerItem};
use crate::value::json::write_string;

const KEPT: &[u8] = b",\"v\":";
const DROPPED: &[u8] = b",\"dropped\":true";

/// By what a line's item is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineKey<'a> {
    /// By its content.
    Content(Digest),
    /// By its key; the digest is that of its content.
    Given(&'a str, Digest),
}

/// Appends the line of an item whose results are `values`, each ended by a line feed.
pub(super) fn push(out: &mut Vec<u8>, index: u64, key: LineKey<'_>, shape: LinesPerItem, values: &[u8]) {
    out.extend_from_slice(b"{\"i\":");
    out.extend_from_slice(itoa::Buffer::new().format(index).as_bytes());
    match key {
        LineKey::Content(digest) => {
            out.extend_from_slice(b",\"k\":\"");
            out.extend_from_slice(&digest.hex());
            out.push(b'"');
        }
        LineKey::Given(key, digest) => {
            out.extend_from_slice(b",\"k\":");
            write_string(out, key.as_bytes());
            out.extend_from_slice(b",\"d\":\"");
            out.extend_from_slice(&digest.hex());
            out.push(b'"');
        }
    }
    push_values(out, shape, values);
    out.extend_from_slice(b"}\n");
}

fn push_values(out: &mut Vec<u8>, shape: LinesPerItem, values: &[u8]) {
    if shape == LinesPerItem::Optional && values.is_empty() {
        return out.extend_from_slice(DROPPED);
    }
    out.extend_from_slice(KEPT);
    gather(out, shape, values);
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
    /// Its identity as JSON text: a string in quotes.
    pub key: &'a [u8],
    /// The digest of its content, in hexadecimal digits.
    pub content: &'a [u8],
    /// The result as JSON text; `None`: a `filter` let the item go. For `flat_map`, a list.
    pub value: Option<&'a [u8]>,
}

/// Takes a line apart that [`push`] has written.
pub(super) fn parse(line: &[u8]) -> Option<ResultLine<'_>> {
    let rest = line.strip_suffix(b"\n").unwrap_or(line).strip_prefix(b"{\"i\":")?.strip_suffix(b"}")?;
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let index = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    let rest = rest[digits..].strip_prefix(b",\"k\":")?;
    let (key, rest) = rest.split_at(string_end(rest)?);
    let (content, rest) = match rest.strip_prefix(b",\"d\":\"") {
        Some(rest) => (rest.get(..32)?, rest[32..].strip_prefix(b"\"")?),
        None => (key.get(1..key.len() - 1)?, rest),
    };
    if content.len() != 32 || !content.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let value = if rest == DROPPED { None } else { Some(rest.strip_prefix(KEPT)?) };
    Some(ResultLine { index, key, content, value })
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

    fn check(key: LineKey<'_>, shape: LinesPerItem, values: &str, expect: &str) {
        let mut line = Vec::new();
        push(&mut line, 7, key, shape, values.as_bytes());
        assert_eq!(String::from_utf8_lossy(&line), format!("{expect}\n"));
        let whole: serde_json::Value = serde_json::from_slice(&line).expect("JSON");
        let parsed = parse(&line).expect("a line");
        assert_eq!((parsed.index, whole["i"].as_u64()), (7, Some(7)));
        assert_eq!(serde_json::from_slice::<serde_json::Value>(parsed.key).expect("JSON"), whole["k"]);
        let (LineKey::Content(content) | LineKey::Given(_, content)) = key;
        assert_eq!(parsed.content, content.hex());
        let mut lines = Vec::new();
        let count = parsed.value.map_or(Some(0), |value| spread(&mut lines, shape, value));
        assert_eq!(count, Some(values.lines().count() as u32));
        assert_eq!(String::from_utf8_lossy(&lines), values);
    }

    #[test]
    fn lines_are_json_and_give_back_what_they_were_made_of() {
        let digest = Digest(0xab);
        let hex = "000000000000000000000000000000ab";
        let content = LineKey::Content(digest);
        check(
            content,
            LinesPerItem::One,
            "{\"a\":1}\n",
            &format!("{{\"i\":7,\"k\":\"{hex}\",\"v\":{{\"a\":1}}}}"),
        );
        check(
            LineKey::Given("a\"\\}", digest),
            LinesPerItem::One,
            "null\n",
            &format!("{{\"i\":7,\"k\":\"a\\\"\\\\}}\",\"d\":\"{hex}\",\"v\":null}}"),
        );
        check(content, LinesPerItem::Optional, "1\n", &format!("{{\"i\":7,\"k\":\"{hex}\",\"v\":1}}"));
        check(content, LinesPerItem::Optional, "", &format!("{{\"i\":7,\"k\":\"{hex}\",\"dropped\":true}}"));
        check(content, LinesPerItem::Many, "", &format!("{{\"i\":7,\"k\":\"{hex}\",\"v\":[]}}"));
        check(
            content,
            LinesPerItem::Many,
            "[1]\n\"],\"\n",
            &format!("{{\"i\":7,\"k\":\"{hex}\",\"v\":[[1],\"],\"]}}"),
        );
    }

    #[test]
    fn what_is_no_line_is_none() {
        for text in
            ["", "{}", "{\"i\":,\"k\":\"\",\"v\":1}", "{\"i\":1,\"k\":\"x\",\"v\":1}", "{\"i\":1,\"k\":\"\\"]
        {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
