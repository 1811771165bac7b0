//! This module makes the record of an item that failed for good, as `ID.failed` yields it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::data::BadRow;
use crate::event::{Event, FailureKind, Place, StepId};
use crate::lua::Failure;
use crate::store::{Digest, FailedItem};
use crate::value::Choice as _;

/// The event that tells of an item which has failed for good. `key`: what the step knows it by, where it has keys.
pub(super) fn event(step: StepId, index: u64, key: Option<&str>, item: &FailedItem) -> Event {
    Event::ItemFailed {
        step,
        index,
        key: key.map(Arc::from),
        kind: item.kind,
        message: Arc::clone(&item.message),
        place: item.place.clone(),
        fields: item.fields.as_deref().map(Arc::from),
        attempts: item.attempts,
    }
}

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

    /// What [`history_text`] has written; nothing of what is no such text.
    pub(super) fn parse(history: &str) -> Vec<Self> {
        let told: Vec<Told> = serde_json::from_str(history).unwrap_or_default();
        let attempt = |Told { kind, message, duration }: Told| {
            let kind = FailureKind::parse(&kind).unwrap_or(FailureKind::Error).name();
            Self { kind, message: message.into(), duration }
        };
        told.into_iter().map(attempt).collect()
    }

    /// What the next attempt is told of it where no more is known.
    pub(super) fn seen_by_next(&self) -> Arc<str> {
        let last = LastAttempt { kind: self.kind, message: &self.message, fields: None };
        serde_json::to_string(&last).expect("a record of texts is JSON").into()
    }

    /// Why it failed.
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

/// An attempt as a history tells of it.
#[derive(Deserialize)]
struct Told {
    kind: String,
    message: String,
    duration: f64,
}

/// Rounded to microseconds: finer digits are noise.
pub(super) fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e6
}

#[derive(Serialize)]
struct FailedItemRecord<'a> {
    index: u64,
    key: &'a str,
    item: &'a RawValue,
    error: ErrorRecord<'a>,
    attempts: u32,
    history: &'a RawValue,
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

#[derive(Serialize)]
struct LastAttempt<'a> {
    kind: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a RawValue>,
}

/// What the next attempt of the item is told of this one: `ctx.last`.
pub(super) fn seen_by_next(failure: &Failure) -> Arc<str> {
    let fields = failure.fields.as_ref().and_then(|fields| RawValue::from_string(fields.clone()).ok());
    let last =
        LastAttempt { kind: failure.kind.name(), message: &failure.message, fields: fields.as_deref() };
    serde_json::to_string(&last).expect("a record of texts is JSON").into()
}

/// The key of an item: a digest of its text, the same for the same content.
pub(super) fn key(item: &[u8]) -> String {
    Digest::of(item).to_string()
}

/// What is kept of an item that failed for good. `history` holds every attempt, the last one included.
pub(super) fn of(item: &[u8], failure: &Failure, history: &[Attempted], duration: Duration) -> FailedItem {
    FailedItem {
        kind: failure.kind,
        message: failure.message.as_str().into(),
        place: failure.place.clone(),
        traceback: failure.traceback.clone(),
        fields: failure.fields.clone(),
        item: String::from_utf8_lossy(item.trim_ascii()).into_owned(),
        attempts: history.len() as u32,
        history: history_text(history),
        duration,
        permanent: failure.permanent,
    }
}

/// What is kept of a row that could not be read; its `item` is the row's text.
pub(super) fn bad_row_item(row: &BadRow) -> FailedItem {
    let message: Arc<str> = row.message.as_str().into();
    FailedItem {
        kind: FailureKind::BadRow,
        place: Some(Place { file: row.file.as_str().into(), line: row.line, column: None, source: None }),
        traceback: String::new(),
        fields: None,
        item: serde_json::to_string(&row.text).expect("a string is JSON"),
        attempts: 1,
        history: history_text(&[Attempted::new(FailureKind::BadRow, &message, Duration::ZERO)]),
        message,
        duration: Duration::ZERO,
        permanent: false,
    }
}

/// What is kept of all attempts.
pub(super) fn history_text(history: &[Attempted]) -> String {
    serde_json::to_string(history).expect("a list of records is JSON")
}

/// Appends the line for an item that failed for good, or for a row that could not be read: the message of that has its place,
/// because the line has no field for it.
pub(super) fn push_failed(lines: &mut Vec<u8>, index: u64, key: &str, item: &FailedItem) {
    match (item.kind, &item.place) {
        (FailureKind::BadRow, Some(Place { file, line, .. })) => {
            let message: Arc<str> = format!("{file}:{line}: {}", item.message).into();
            let history = history_text(&[Attempted::new(FailureKind::BadRow, &message, Duration::ZERO)]);
            push_record(lines, index, key, &FailedItem { message, history, ..item.clone() });
        }
        _ => push_record(lines, index, key, item),
    }
}

fn push_record(lines: &mut Vec<u8>, index: u64, key: &str, item: &FailedItem) {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).ok();
    let record = FailedItemRecord {
        index,
        key,
        item: &raw(&item.item).unwrap_or_default(),
        error: ErrorRecord {
            kind: item.kind.name(),
            message: &item.message,
            traceback: &item.traceback,
            fields: item.fields.as_deref().and_then(|fields| serde_json::from_str(fields).ok()),
        },
        attempts: item.attempts,
        history: &raw(&item.history).unwrap_or_default(),
        duration: seconds(item.duration),
    };
    push(lines, &record);
}

/// Appends the line for a row that could not be read.
pub(super) fn push_bad_row(lines: &mut Vec<u8>, row: &BadRow) {
    push_failed(lines, row.index, &key(row.text.as_bytes()), &bad_row_item(row));
}

fn push(lines: &mut Vec<u8>, record: &FailedItemRecord<'_>) {
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
