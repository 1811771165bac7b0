//! This type is a raised error that nothing caught, as the floors above get it. `describe` reads it off the stack.

use super::current::Current;
use super::frame::Frame;
use crate::event::FailureKind;
use crate::lua::guard::Reason;

/// What Luau says when its allocator refuses.
pub(super) const NO_MEMORY: &str = "not enough memory";

/// What the `flow` functions ask for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::lua) enum Signal {
    Skip,
    Fail,
    /// Again after so many seconds, when given.
    Retry(Option<f64>),
}

/// An error that nothing caught.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::lua) struct Raised {
    pub(in crate::lua) kind: FailureKind,
    /// As raised: strings still carry the position that `error` puts in front.
    pub(in crate::lua) message: Option<String>,
    /// Whether the message may begin with a position.
    pub(in crate::lua) positioned: bool,
    pub(in crate::lua) retryable: bool,
    pub(in crate::lua) signal: Option<Signal>,
    /// Fields of `flow.fail`, or what is known of an operation that was ended, as JSON.
    pub(in crate::lua) fields: Option<String>,
    /// Why the attempt was interrupted, if it was.
    pub(in crate::lua) interrupted: Option<Reason>,
    /// Innermost first.
    pub(in crate::lua) frames: Vec<Frame>,
}

impl Raised {
    pub(super) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: Some(message.into()),
            positioned: false,
            retryable: true,
            signal: None,
            fields: None,
            interrupted: None,
            frames: Vec::new(),
        }
    }

    /// The VM's memory ran out.
    pub(super) fn memory(current: &Current) -> Self {
        Self::new(FailureKind::Memory, current.memory.exceeded(current.running.get()))
    }

    /// So does `what` alone.
    pub(super) fn too_large(current: &Current, what: &str) -> Self {
        Self::new(FailureKind::Memory, current.memory.exceeded(what))
    }

    pub(in crate::lua) fn error(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Error, message)
    }

    /// A fault of flowrun itself.
    pub(in crate::lua) fn panic(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Panic, message)
    }

    /// A returned value that cannot be the result.
    pub(in crate::lua) fn result(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Result, message)
    }
}
