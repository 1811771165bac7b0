//! The text of a panic is what its message said, where it said something.

use std::any::Any;

/// What a caught panic says; `None` when it carries something else than a text.
pub fn panic_text(panic: &(dyn Any + Send)) -> Option<&str> {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str))
}
