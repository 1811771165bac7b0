//! This type is the error that a host function raises. The worker decides how Lua code sees it (`err.kind`, …).

use std::fmt;

/// Why a host function failed, with the fields that Lua code may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostError {
    /// `error`, `memory` when a result would pass the VM's limit, or `timeout` when an operation passed its own.
    pub(super) kind: &'static str,
    /// Lower case, no period, no position.
    pub(super) message: String,
    /// Whether another attempt makes sense.
    pub(super) retryable: bool,
    /// What else is known, as a JSON object: `err.fields` of Lua code, and `error.fields` of a failed item.
    pub(super) fields: Option<String>,
}

impl HostError {
    /// A failure that the step's policy retries like any other.
    pub(super) fn error(message: impl Into<String>) -> Self {
        Self { kind: "error", message: shortened(message.into()), retryable: true, fields: None }
    }

    /// A refusal: no other attempt can end differently.
    pub(super) fn refusal(message: impl Into<String>) -> Self {
        Self { retryable: false, ..Self::error(message) }
    }

    /// A result that would not fit the VM's memory.
    pub(super) fn memory(message: impl Into<String>) -> Self {
        Self { kind: "memory", message: message.into(), retryable: true, fields: None }
    }
}

/// Bytes of a message. It may quote an argument of any length, and the message of a failure is cut again behind the search
/// for secrets, far below this: what is cut here is half a secret at most where nobody sees it.
const MESSAGE_MAX: usize = 64 * 1024;

fn shortened(mut message: String) -> String {
    if message.len() > MESSAGE_MAX {
        let end = (0..=MESSAGE_MAX).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
        message.truncate(end);
        message.push('…');
    }
    message
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for HostError {}

impl From<HostError> for mlua::Error {
    fn from(error: HostError) -> Self {
        Self::external(error)
    }
}

/// Line and column of a byte of a text, from 1, the column in characters.
pub(super) fn place(text: &str, at: usize) -> String {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    format!("line {line}, column {}", before[line_start..].chars().count() + 1)
}
