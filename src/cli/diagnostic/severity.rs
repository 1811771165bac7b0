//! Severities have the same names in all formats.

use crate::source::Severity;

/// `error` or `warning`.
pub(super) fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
