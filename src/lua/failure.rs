//! A failure says how an item's function, or the loading of it, goes wrong.

use std::borrow::Cow;
use std::time::Duration;

use crate::event::{FailureKind, Place};
use crate::value::Mask;

/// Lua that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Line of the *file*, from 1.
    pub line: usize,
    /// Byte range of the offending token within that line *of the Lua text* (YAML indentation not counted).
    pub columns: std::ops::Range<usize>,
    /// As the compiler says it, without the position.
    pub message: String,
    /// Line of the file on which the unfinished construct was opened, when the message names one.
    pub opened: Option<usize>,
    /// Byte of the unfinished construct within `line`, as `columns` counts, when the message names one of that line.
    pub opened_column: Option<usize>,
    /// What somebody who comes from another language probably meant.
    pub meant: Option<Cow<'static, str>>,
}

/// A script that could not be loaded or an expression that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptError {
    /// `error`, `timeout`, …
    pub kind: FailureKind,
    /// Without position.
    pub message: String,
    /// Where, when known.
    pub place: Option<Place>,
    /// The call stack, in places of the user's files, one a line. May be empty.
    pub traceback: String,
    /// Whether [`super::Cancel`] ended it, so that the script is not to blame.
    pub cancelled: bool,
}

impl ScriptError {
    /// An error without a place.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), place: None, traceback: String::new(), cancelled: false }
    }
}

/// One failed attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// `error`, `timeout`, …
    pub kind: FailureKind,
    /// Without position. Valid UTF-8 whatever the function raised.
    pub message: String,
    /// Where, when known.
    pub place: Option<Place>,
    /// The call stack, in places of the user's files, one a line. May be empty.
    pub traceback: String,
    /// Whether another attempt makes sense: not after `flow.fail`, and only if `retries.when` (when given) says so.
    pub retryable: bool,
    /// Whether it came of `flow.fail`.
    pub permanent: bool,
    /// The wait that `flow.retry` asked for.
    pub retry_after: Option<Duration>,
    /// The fields given to `flow.fail`, or what a program had written when it was ended, as a JSON object.
    pub fields: Option<String>,
}

impl ScriptError {
    /// The same without secrets.
    #[must_use]
    pub fn masked(self, mask: &Mask) -> Self {
        if mask.is_empty() {
            return self;
        }
        Self {
            message: mask.owned(self.message),
            place: self.place.map(|place| place.masked(mask)),
            traceback: mask.owned(self.traceback),
            ..self
        }
    }
}

impl Failure {
    /// A failure without a place, which no other attempt can mend.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            place: None,
            traceback: String::new(),
            retryable: false,
            permanent: false,
            retry_after: None,
            fields: None,
        }
    }

    /// The same without secrets.
    #[must_use]
    pub fn masked(self, mask: &Mask) -> Self {
        if mask.is_empty() {
            return self;
        }
        Self {
            message: mask.owned(self.message),
            place: self.place.map(|place| place.masked(mask)),
            traceback: mask.owned(self.traceback),
            fields: self.fields.map(|fields| mask.json(&fields).into_owned()),
            ..self
        }
    }
}

impl AttemptEnding {
    /// The same without secrets.
    #[must_use]
    pub fn masked(self, mask: &Mask) -> Self {
        match self {
            Self::Failed(failure) if mask.is_empty() => Self::Failed(failure),
            Self::Failed(failure) => Self::Failed(Box::new(failure.masked(mask))),
            Self::Skipped { reason } => Self::Skipped { reason: reason.map(|reason| mask.owned(reason)) },
            Self::BadRow { message } => Self::BadRow { message: mask.owned(message) },
            Self::Cancelled => Self::Cancelled,
        }
    }
}

/// How an attempt ended, unless it simply succeeded.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptEnding {
    /// `flow.skip`.
    Skipped {
        /// The reason given.
        reason: Option<String>,
    },
    /// It failed.
    Failed(Box<Failure>),
    /// The item's text is not JSON: a failed item of the source, not of this step.
    BadRow {
        /// What is wrong, lower case, no period.
        message: String,
    },
    /// It was interrupted by [`super::Cancel`].
    Cancelled,
}
