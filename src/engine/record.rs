//! The record of an item that failed for good, as `ID.failed` yields it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::data::BadRow;
use crate::event::FailureKind;
use crate::lua::Failure;

/// One attempt that failed.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Attempted {
    kind: &'static str,
    message: Arc<str>,
    duration: f64,
}

impl Attempted {
    /// Keeps what the history tells of an attempt.
    pub(super) fn new(kind: FailureKind, message: &Arc<str>, duration: Duration) -> Self {
        Self { kind: kind.name(), message: Arc::clone(message), duration: seconds(duration) }
    }

    /// Why it failed.
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

/// Rounded to microseconds: finer digits are noise.
pub(super) fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e6
}

#[derive(Serialize)]
struct Record<'a> {
    index: u64,
    key: &'a str,
    item: &'a RawValue,
    error: ErrorRecord<'a>,
    attempts: usize,
    history: &'a [Attempted],
    duration: f64,
}

#[derive(Serialize)]
struct ErrorRecord<'a> {
    kind: &'static str,
    message: &'a str,
    traceback: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a RawValue>,
}

/// The key of an item: a digest of its text, the same for the same content.
pub(super) fn key(item: &[u8]) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(item.trim_ascii()))
}

/// Appends the line for an item whose function failed. `history` holds every attempt, the last one included.
pub(super) fn push_failed(
    lines: &mut Vec<u8>,
    index: u64,
    item: &[u8],
    failure: &Failure,
    history: &[Attempted],
    duration: Duration,
) {
    let text = String::from_utf8_lossy(item.trim_ascii()).into_owned();
    let record = Record {
        index,
        key: &key(item),
        item: &RawValue::from_string(text).expect("a worker has read the item as JSON"),
        error: ErrorRecord {
            kind: failure.kind.name(),
            message: &failure.message,
            traceback: &failure.traceback,
            fields: failure.fields.as_deref().and_then(|fields| serde_json::from_str(fields).ok()),
        },
        attempts: history.len(),
        history,
        duration: seconds(duration),
    };
    push(lines, &record);
}

/// Appends the line for a row that could not be read; its `item` is the row's text.
pub(super) fn push_bad_row(lines: &mut Vec<u8>, row: &BadRow) {
    let item = serde_json::to_string(&row.text).expect("a string is JSON");
    let message: Arc<str> = place_message(row).into();
    let record = Record {
        index: row.index,
        key: &key(row.text.as_bytes()),
        item: &RawValue::from_string(item).expect("a string is JSON"),
        error: ErrorRecord {
            kind: FailureKind::BadRow.name(),
            message: &message,
            traceback: "",
            fields: None,
        },
        attempts: 1,
        history: &[Attempted::new(FailureKind::BadRow, &message, Duration::ZERO)],
        duration: 0.0,
    };
    push(lines, &record);
}

/// The message of a bad row with its place, for records that have no field for it.
fn place_message(row: &BadRow) -> String {
    format!("{}:{}: {}", row.file, row.line, row.message)
}

fn push(lines: &mut Vec<u8>, record: &Record<'_>) {
    serde_json::to_writer(&mut *lines, record).expect("a record is JSON and a vector takes all of it");
    lines.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_row_is_recorded_with_its_place_and_text() {
        let row = BadRow {
            index: 3,
            file: "a.jsonl".into(),
            line: 4,
            message: "expected a value".into(),
            text: "{\"x\"".into(),
        };
        let mut lines = Vec::new();
        push_bad_row(&mut lines, &row);
        let record: serde_json::Value = serde_json::from_slice(&lines).expect("JSON");
        assert_eq!(record["index"], 3);
        assert_eq!(record["item"], "{\"x\"");
        assert_eq!(record["error"]["kind"], "bad_row");
        assert_eq!(record["error"]["message"], "a.jsonl:4: expected a value");
        assert_eq!(record["attempts"], 1);
    }
}
