//! This module lays a tree out as a YAML document in block style. `text` decides how a text is written.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::text::{self, Form};

/// Bytes of a key beyond which YAML wants it to be announced with `? `.
const KEY_MAX: usize = 1000;

/// Writes `value` as a document.
pub(super) fn document(out: &mut impl Write, value: &Value) -> io::Result<()> {
    if is_block(value) { block(out, value, 0, false) } else { leaf(out, value, 2) }
}

/// Whether a value takes lines of its own.
fn is_block(value: &Value) -> bool {
    match value {
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => false,
    }
}

/// The lines of a list or map, each `indent` blanks in; the first one may have begun already.
fn block(out: &mut impl Write, value: &Value, indent: usize, mut has_begun: bool) -> io::Result<()> {
    let mut begin = |out: &mut _| if std::mem::take(&mut has_begun) { Ok(()) } else { pad(out, indent) };
    match value {
        Value::Array(list) => list.iter().try_for_each(|element| {
            begin(out)?;
            out.write_all(b"- ")?;
            if is_block(element) {
                block(out, element, indent + 2, true)
            } else {
                leaf(out, element, indent + 2)
            }
        }),
        Value::Object(map) => entries(out, map, indent, begin),
        _ => Ok(()),
    }
}

fn entries<W: Write>(
    out: &mut W,
    map: &Map<String, Value>,
    indent: usize,
    mut begin: impl FnMut(&mut W) -> io::Result<()>,
) -> io::Result<()> {
    for (key, value) in map {
        begin(out)?;
        let is_long = key.len() > KEY_MAX / text::BYTES_MAX;
        if is_long {
            out.write_all(b"? ")?;
        }
        text::write_line(out, key)?;
        if is_long {
            out.write_all(b"\n")?;
            pad(out, indent)?;
        }
        out.write_all(b":")?;
        if is_block(value) {
            out.write_all(b"\n")?;
            // A list stands below its key, and not further in.
            block(out, value, if value.is_array() { indent } else { indent + 2 }, false)?;
        } else {
            out.write_all(b" ")?;
            leaf(out, value, indent + 2)?;
        }
    }
    Ok(())
}

/// A value without parts and the end of its line; the lines of a text are `indent` blanks in.
fn leaf(out: &mut impl Write, value: &Value, indent: usize) -> io::Result<()> {
    match value {
        Value::Null => out.write_all(b"null")?,
        Value::Bool(value) => write!(out, "{value}")?,
        Value::Number(number) => out.write_all(number_text(&number.to_string()).as_bytes())?,
        Value::String(text) if text::form(text) == Form::Lines => return lines(out, text, indent),
        Value::String(text) => text::write_line(out, text)?,
        Value::Array(_) => out.write_all(b"[]")?,
        Value::Object(_) => out.write_all(b"{}")?,
    }
    out.write_all(b"\n")
}

/// A text as lines: `|` with one line end behind the last, `|-` with none, `|+` with more.
fn lines(out: &mut impl Write, text: &str, indent: usize) -> io::Result<()> {
    let (body, ending): (_, &[u8]) = match text.strip_suffix('\n') {
        None => (text, b"|-\n"),
        Some(body) if body.ends_with('\n') => (body, b"|+\n"),
        Some(body) => (body, b"|\n"),
    };
    out.write_all(ending)?;
    for line in body.split('\n') {
        if !line.is_empty() {
            pad(out, indent)?;
        }
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// A number such that readers of YAML 1.1 take it for one, too: a float has a point, and its exponent a sign.
fn number_text(text: &str) -> String {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return text.to_owned() };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}

fn pad(out: &mut impl Write, indent: usize) -> io::Result<()> {
    write!(out, "{:indent$}", "")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(value: &Value, expect: &str) {
        let mut out = Vec::new();
        document(&mut out, value).expect("memory");
        assert_eq!(String::from_utf8_lossy(&out), expect);
    }

    #[test]
    fn lists_and_maps_are_blocks() {
        check(
            &json!({"a": {"b": [1, [2, 3], {"c": 4, "d": [5]}], "e": {}}, "f": []}),
            "a:\n  b:\n  - 1\n  - - 2\n    - 3\n  - c: 4\n    d:\n    - 5\n  e: {}\nf: []\n",
        );
        check(&json!([[[]], [{"a": "x\ny"}]]), "- - []\n- - a: |-\n      x\n      y\n");
        check(&json!({}), "{}\n");
    }

    #[test]
    fn texts_of_several_lines_are_written_as_such() {
        check(
            &json!({"a": "x\ny", "b": "x\n", "c": "x\n\n\n", "d": "x\n\n y\n"}),
            "a: |-\n  x\n  y\nb: |\n  x\nc: |+\n  x\n\n\nd: |\n  x\n\n   y\n",
        );
        check(&json!("x\ny"), "|-\n  x\n  y\n");
        check(&json!(["\nx", " x\ny", "x\ty\nz\r"]), "- \"\\nx\"\n- \" x\\ny\"\n- \"x\\ty\\nz\\r\"\n");
        check(&json!({"a\nb": 1}), "\"a\\nb\": 1\n");
        check(&json!({"k".repeat(400): [1]}), &format!("? {}\n:\n- 1\n", "k".repeat(400)));
    }

    #[test]
    fn floats_have_a_point_and_a_sign() {
        check(
            &json!([1e300, 1e-7, 1.5e-7, 1.5, -0.0, 7]),
            "- 1.0e+300\n- 1.0e-7\n- 1.5e-7\n- 1.5\n- -0.0\n- 7\n",
        );
    }
}
