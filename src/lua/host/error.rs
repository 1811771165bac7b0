//! The error that a host function raises. How Lua code sees it (`err.kind`, …) is the worker's business.

use std::fmt;

/// Why a host function failed, with the fields that Lua code may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostError {
    /// `error`, `memory` when a result would pass the VM's limit, or `timeout` when an operation passed its own.
    pub(crate) kind: &'static str,
    /// Lower case, no period, no position.
    pub(crate) message: String,
    /// Whether another attempt makes sense.
    pub(crate) retryable: bool,
}

impl HostError {
    /// A failure that the step's policy retries like any other.
    pub(super) fn error(message: impl Into<String>) -> Self {
        Self { kind: "error", message: message.into(), retryable: true }
    }

    /// A refusal: no other attempt can end differently.
    pub(super) fn refusal(message: impl Into<String>) -> Self {
        Self { kind: "error", message: message.into(), retryable: false }
    }

    /// A result that would not fit the VM's memory.
    pub(super) fn memory(message: impl Into<String>) -> Self {
        Self { kind: "memory", message: message.into(), retryable: true }
    }
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
