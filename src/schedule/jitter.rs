//! Jitter draws the waits between attempts, so that items that failed together do not come back together. `backoff` says
//! how long a wait is before that.

use std::time::Duration;

use crate::value::choice;

choice!(
    /// Between which bounds a wait is drawn.
    #[derive(Default)]
    pub enum Jitter: "the values of `jitter` are" {
        /// Wait exactly as long as `delay` and `factor` say.
        #[default]
        Off = "false",
        /// Draw each wait evenly from half to one and a half times its length.
        Half = "true",
        /// Draw each wait evenly from nothing to its whole length.
        Full = "full",
    }
);

impl Jitter {
    /// The shortest and the longest wait that may become of one of this length.
    pub(super) fn bounds(self, wait: Duration) -> (Duration, Duration) {
        match self {
            Self::Off => (wait, wait),
            Self::Half => (wait / 2, wait.saturating_add(wait / 2)),
            Self::Full => (Duration::ZERO, wait),
        }
    }

    /// What a plan says of it.
    pub fn phrase(self) -> Option<&'static str> {
        match self {
            Self::Off => None,
            Self::Half => Some("with jitter"),
            Self::Full => Some("with full jitter"),
        }
    }
}
