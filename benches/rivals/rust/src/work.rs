//! These are the item functions, on typed structs and, for what `run.sh` measures, on `serde_json::Value` too.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Appends the result of one line, newline included.
pub(crate) type Work = fn(&[u8], &mut Vec<u8>) -> Result<(), serde_json::Error>;

pub(crate) fn find(model: &str, kind: &str) -> Option<Work> {
    Some(match (model, kind) {
        ("value", "records") => records_value,
        ("value", "text") => text_value,
        ("value", "numeric") => numeric_value,
        ("typed", "records") => records_typed,
        ("typed", "text") => text_typed,
        ("typed", "numeric") => numeric_typed,
        ("typed", "filter") => filter_typed,
        ("typed", "wide") => wide_typed,
        _ => return None,
    })
}

fn put(value: &impl Serialize, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    serde_json::to_writer(&mut *out, value)?;
    out.push(b'\n');
    Ok(())
}

fn records_value(line: &[u8], out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let mut item: Value = serde_json::from_slice(line)?;
    let total = item["price"].as_f64().unwrap_or_default() * item["qty"].as_f64().unwrap_or_default();
    let result = json!({
        "id": item["id"].take(),
        "name": item["name"].take(),
        "country": item["country"].take(),
        "total": total,
        "large": total > 1000.0,
    });
    put(&result, out)
}

#[derive(Deserialize)]
struct Record<'a> {
    id: u64,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    country: Cow<'a, str>,
    qty: f64,
    price: f64,
}

#[derive(Serialize)]
struct Sale<'a> {
    id: u64,
    name: &'a str,
    country: &'a str,
    total: f64,
    large: bool,
}

fn records_typed(line: &[u8], out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let item: Record = serde_json::from_slice(line)?;
    let total = item.price * item.qty;
    let sale = Sale { id: item.id, name: &item.name, country: &item.country, total, large: total > 1000.0 };
    put(&sale, out)
}

/// Tags out, runs of white space to one space, lower case, ends trimmed.
fn clean(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let (mut in_tag, mut gap) = (false, false);
    for character in text.chars() {
        match character {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            _ if in_tag => {}
            _ if character.is_whitespace() => gap = true,
            _ => {
                if gap && !result.is_empty() {
                    result.push(' ');
                }
                gap = false;
                result.extend(character.to_lowercase());
            }
        }
    }
    result
}

fn text_value(line: &[u8], out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let mut item: Value = serde_json::from_slice(line)?;
    let text = clean(item["text"].as_str().unwrap_or_default());
    put(&json!({ "id": item["id"].take(), "text": text }), out)
}

#[derive(Deserialize, Serialize)]
struct Document<'a> {
    id: u64,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

fn text_typed(line: &[u8], out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let item: Document = serde_json::from_slice(line)?;
    put(&Document { id: item.id, text: clean(&item.text).into() }, out)
}

/// A hundred turns of a multiplication and an addition, each needing the one before.
fn turns(mut x: f64) -> f64 {
    for i in 1..=100 {
        x = x * 0.99 + f64::from(i);
    }
    x
}

fn numeric_value(line: &[u8], out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let mut item: Value = serde_json::from_slice(line)?;
    let x = turns(item["x"].as_f64().unwrap_or_default());
    put(&json!({ "id": item["id"].take(), "x": x }), out)
}

#[derive(Deserialize, Serialize)]
struct Sample {
    id: u64,
    x: f64,
}

fn numeric_typed(line: &[u8], out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let item: Sample = serde_json::from_slice(line)?;
    put(&Sample { id: item.id, x: turns(item.x) }, out)
}

#[derive(Deserialize)]
struct Order {
    qty: f64,
    price: f64,
}

/// One line in a hundred passes, as it is.
fn filter_typed(line: &[u8], out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let item: Order = serde_json::from_slice(line)?;
    if item.qty == 20.0 && item.price > 400.0 {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    Ok(())
}

#[derive(Deserialize)]
struct Wide<'a> {
    #[serde(borrow)]
    field_03: Cow<'a, str>,
    field_31: u64,
    field_50: f64,
}

#[derive(Serialize)]
struct Narrow<'a> {
    a: &'a str,
    b: u64,
    c: f64,
}

fn wide_typed(line: &[u8], out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let item: Wide = serde_json::from_slice(line)?;
    put(&Narrow { a: &item.field_03, b: item.field_31, c: item.field_50 }, out)
}
