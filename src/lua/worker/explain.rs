//! This module says what was raised, in words and places of the user's files.

use std::time::Duration;

use crate::event::{FailureKind, Place};
use crate::lua::guard::Reason;
use crate::lua::raw::{Frame, Raised, Signal};
use crate::lua::script::Sources;
use crate::lua::stray::called;
use crate::lua::{AttemptEnding, Failure, ScriptError};

/// Longest wait that `flow.retry` can ask for; the policy bounds it further.
const RETRY_AFTER_MAX: f64 = 1e9;

/// The limits that an interruption's message names.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct NamedLimits {
    pub(super) timeout: Option<Duration>,
    pub(super) item_deadline: Option<Duration>,
}

/// How the item ended.
pub(super) fn item_end(raised: Raised, sources: &Sources, limits: NamedLimits) -> AttemptEnding {
    match (raised.interrupted, raised.signal) {
        (Some(Reason::Cancelled), _) => AttemptEnding::Cancelled,
        (None, Some(Signal::Skip)) => AttemptEnding::Skipped { reason: raised.message },
        _ => AttemptEnding::Failed(Box::new(failure(raised, sources, limits))),
    }
}

fn failure(raised: Raised, sources: &Sources, limits: NamedLimits) -> Failure {
    let retry_after = match raised.signal {
        Some(Signal::Retry(Some(after))) if raised.interrupted.is_none() => {
            Some(Duration::from_secs_f64(after.clamp(0.0, RETRY_AFTER_MAX)))
        }
        _ => None,
    };
    let (retryable, fields) = (raised.retryable, raised.fields.clone());
    let said_so = matches!(raised.signal, Some(Signal::Fail));
    let told = tell(raised, sources, limits);
    let interrupted = matches!(told.kind, FailureKind::Timeout | FailureKind::Deadline);
    Failure {
        kind: told.kind,
        message: told.message,
        place: told.place,
        traceback: told.traceback,
        retryable: retryable || interrupted,
        permanent: said_so && !interrupted,
        retry_after,
        fields,
    }
}

/// A script that could not be run to its end.
pub(super) fn script_error(raised: Raised, sources: &Sources, limit: Option<Duration>) -> ScriptError {
    tell(raised, sources, NamedLimits { timeout: limit, item_deadline: None })
}

fn tell(raised: Raised, sources: &Sources, limits: NamedLimits) -> ScriptError {
    let traceback = traceback(&raised.frames, sources);
    let first = raised.frames.iter().find_map(|frame| sources.place(&frame.chunk, frame.line));
    let (kind, message) = match raised.interrupted {
        Some(Reason::Timeout) => (FailureKind::Timeout, exceeded("timeout after", limits.timeout)),
        Some(Reason::Deadline) => {
            (FailureKind::Deadline, exceeded("item_deadline after", limits.item_deadline))
        }
        Some(Reason::Cancelled) => (FailureKind::Error, "interrupted".to_owned()),
        None => {
            let message = raised.message.unwrap_or_default();
            let (place, rest) =
                if raised.positioned { sources.split(&message) } else { (None, message.as_str()) };
            let place = place.or(first).map(|place| sources.locate(place, rest));
            let line = place.as_ref().and_then(|place| place.source.as_deref()).unwrap_or_default();
            let message = format!("{rest}{}", called(rest, line).unwrap_or_default());
            return ScriptError { kind: raised.kind, message, place, traceback, cancelled: false };
        }
    };
    let cancelled = raised.interrupted == Some(Reason::Cancelled);
    ScriptError { kind, message, place: first, traceback, cancelled }
}

fn exceeded(what: &str, limit: Option<Duration>) -> String {
    match limit {
        Some(limit) => format!("{what} {limit:?}"),
        None => format!("{what} its limit"),
    }
}

/// One line for each level of the user's code, innermost first.
fn traceback(frames: &[Frame], sources: &Sources) -> String {
    let mut text = String::new();
    for frame in frames {
        let Some(place) = sources.place(&frame.chunk, frame.line) else { continue };
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&place_text(&place, frame.function.as_deref()));
    }
    text
}

fn place_text(place: &Place, function: Option<&str>) -> String {
    match function {
        Some(function) => format!("{place} in `{function}`"),
        None => place.to_string(),
    }
}
