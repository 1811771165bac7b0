//! This type is the breaker of a map-like step as written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::literal::{Repeats, TimeLimit};
use super::setting::{Setting, present};

/// When a step pauses because what it asks seems to be down.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "breaker")]
pub struct Breaker {
    /// How many attempts in a row must have failed in a way that a retry may heal. Default: 20.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 20)]
    pub after: Option<Setting<Repeats>>,
    /// How long nothing starts then. After that one item tries; when it fails, the next pause is twice as long.
    /// Default: 60s.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"60s")]
    pub pause: Option<Setting<TimeLimit>>,
    /// No pause is longer than this. Default: 10m, or `pause` if that is longer.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"10m")]
    pub max_pause: Option<Setting<TimeLimit>>,
}

impl Breaker {
    /// This breaker, with what it leaves open taken from `base`.
    pub(super) fn over(self, base: Self) -> Self {
        Self {
            after: self.after.or(base.after),
            pause: self.pause.or(base.pause),
            max_pause: self.max_pause.or(base.max_pause),
        }
    }
}
