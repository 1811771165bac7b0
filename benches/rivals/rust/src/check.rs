//! This module compares two JSONL files as values: the order of keys and the spelling of numbers do not matter. The order of lines
//! does, unless they are compared as sets.

use std::error::Error;
use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::io::{BufRead, BufReader};

use serde_json::Value;

pub(crate) fn files(left: &str, right: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut lefts = BufReader::with_capacity(1 << 20, File::open(left)?).lines();
    let mut rights = BufReader::with_capacity(1 << 20, File::open(right)?).lines();
    for line in 1_u64.. {
        match (lefts.next().transpose()?, rights.next().transpose()?) {
            (None, None) => break,
            (Some(a), Some(b)) => {
                if a != b && !same(&serde_json::from_str(&a)?, &serde_json::from_str(&b)?) {
                    return Err(format!("line {line} differs\n  {left}: {a}\n  {right}: {b}").into());
                }
            }
            (None, Some(_)) => return Err(format!("{left} ends before line {line}").into()),
            (Some(_), None) => return Err(format!("{right} ends before line {line}").into()),
        }
    }
    Ok(())
}

/// Compares the lines whatever their order, by sums of digests.
pub(crate) fn sets(left: &str, right: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (left_sum, right_sum) = (sum(left)?, sum(right)?);
    if left_sum == right_sum {
        return Ok(());
    }
    Err(format!("{left} and {right} hold other values ({} and {} lines)", left_sum.0, right_sum.0).into())
}

/// How many lines there are, and the sum of their digests.
fn sum(path: &str) -> Result<(u64, u64), Box<dyn Error + Send + Sync>> {
    let mut all = (0, 0_u64);
    for line in BufReader::with_capacity(1 << 20, File::open(path)?).lines() {
        let mut hasher = DefaultHasher::new();
        digest(&serde_json::from_str(&line?)?, &mut hasher);
        all = (all.0 + 1, all.1.wrapping_add(hasher.finish()));
    }
    Ok(all)
}

/// Objects come with their keys sorted, as serde_json keeps them.
fn digest(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Number(number) => hasher.write_u64(number.as_f64().unwrap_or(f64::NAN).to_bits()),
        Value::Array(items) => items.iter().for_each(|item| digest(item, hasher)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            hasher.write(key.as_bytes());
            hasher.write_u8(0xff);
            digest(value, hasher);
        }),
        other => hasher.write(other.to_string().as_bytes()),
    }
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => left == right,
    }
}
