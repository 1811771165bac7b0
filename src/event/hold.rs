//! A hold is a time in which a step was held back: it started nothing because of a breaker's pause or a rate
//! limit, or its requests waited for a limit.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A time in which a step was held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The rate limit that it waited for; `None`: its breaker paused it.
    pub limit: Option<Arc<str>>,
    /// When that began, since the step did.
    pub begin: Duration,
    /// How long it was.
    pub duration: Duration,
}
