//! Text files with positions, and the diagnostics that point into them. Knows nothing of YAML, Lua or terminals.

mod diagnostic;
mod file;

pub use diagnostic::{Diagnostic, Label, Severity, nearest};
pub use file::{Position, SourceFile, Span};
