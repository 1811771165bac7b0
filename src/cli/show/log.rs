//! This module shows lines of logs, and other foreign text and JSON, as machines read it and as people do.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::store::StoredLog;
use crate::value::printable;

/// Characters of an item, a message or a log line that people are shown.
const SHOWN: usize = 400;

/// A line of a log.
#[derive(Serialize)]
pub(super) struct LogRecord<'a> {
    level: &'a str,
    message: &'a str,
    fields: Option<Box<RawValue>>,
}

/// The lines of a log.
pub(super) fn records(log: &[StoredLog]) -> Vec<LogRecord<'_>> {
    log.iter()
        .map(|line| LogRecord {
            level: &line.level,
            message: &line.message,
            fields: line.fields.as_deref().map(raw),
        })
        .collect()
}

/// JSON as it is; text that is none, as a row that could not be read may be, becomes a string.
pub(super) fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.trim().to_owned())
        .or_else(|_| serde_json::value::to_raw_value(text))
        .unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Foreign text on one line of bearable length.
pub(super) fn cut(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}
