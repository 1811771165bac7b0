//! This module compares two JSONL files as values: the order of keys and the spelling of numbers do not matter, the order of lines
//! does.

use std::error::Error;
use std::fs::File;
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
