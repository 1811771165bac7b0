//! A rate limits how often something starts: never more than a number in any window of one period.

use std::fmt;
use std::time::Duration;

/// At most `count` starts in any window of `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Starts allowed, at least 1.
    pub count: u32,
    /// Length of the window: a second, a minute or an hour.
    pub period: Duration,
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.period.as_secs() {
            1 => "s",
            60 => "m",
            _ => "h",
        };
        write!(f, "{}/{unit}", self.count)
    }
}
