//! This module decides which lines about items are shown, and how many of them: a log must not drown the run.

use super::detail::Verbosity;
use super::line::TextStyle;
use crate::event::LogLevel;

/// Lines of one step that are said unless all are asked for.
const SHOWN: u64 = 20;

/// Lines said and left out for one step.
#[derive(Debug)]
pub(super) struct Notes {
    verbosity: Verbosity,
    admitted: u64,
    hidden: u64,
}

impl Notes {
    pub(super) fn new(verbosity: Verbosity) -> Self {
        Self { verbosity, admitted: 0, hidden: 0 }
    }

    /// Whether a line that belongs to `importance` is said.
    pub(super) fn admit(&mut self, importance: Verbosity) -> bool {
        if self.verbosity < importance {
            return false;
        }
        if self.verbosity < Verbosity::Verbose && self.admitted == SHOWN {
            self.hidden += 1;
            return false;
        }
        self.admitted += 1;
        true
    }

    /// Says that lines were left out, if so.
    pub(super) fn hidden(&self) -> Option<String> {
        let lines = if self.hidden == 1 { "line" } else { "lines" };
        (self.hidden > 0).then(|| format!("{} more {lines} like those above, shown by -v", self.hidden))
    }
}

/// From which verbosity on a level is said, and how it looks.
pub(super) fn rank(level: LogLevel) -> (Verbosity, TextStyle) {
    match level {
        LogLevel::Debug => (Verbosity::Verbose, TextStyle::Dim),
        LogLevel::Info => (Verbosity::Verbose, TextStyle::Plain),
        LogLevel::Warn => (Verbosity::Normal, TextStyle::Warn),
        LogLevel::Error => (Verbosity::Normal, TextStyle::Bad),
    }
}
