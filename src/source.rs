//! This module holds text files with positions, and the diagnostics that point into them. It knows nothing of YAML,
//! Lua or terminals.

mod diagnostic;
mod file;
mod lines;
mod open_texts;

pub use diagnostic::{Diagnostic, Label, Severity, nearest};
pub use file::{Position, SourceFile, Span};
pub use lines::LineStarts;
pub use open_texts::OpenTexts;
