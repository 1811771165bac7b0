//! A panic is caught wherever it would end the process, and told as an internal error.

use crate::value::panic_text;

/// The text of a panic.
pub(super) fn message(panic: &(dyn std::any::Any + Send)) -> String {
    panic_text(panic).unwrap_or("a panic").to_owned()
}
