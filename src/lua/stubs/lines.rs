//! The stubs are written line by line.

use std::fmt::Write as _;

pub(super) fn line(out: &mut String, text: &str) {
    let written = writeln!(out, "{text}");
    debug_assert!(written.is_ok(), "a string takes everything");
}
