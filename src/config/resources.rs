//! This type is what one worker of a step needs, as written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::literal::{GpuRequest, Repeats, Size, TimeLimit};
use super::setting::{Setting, present};

/// What one worker of the step needs where an engine starts it. On this machine `flowrun plan` checks it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "resources")]
pub struct Resources {
    /// Cores, in the place of the executor's.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 4)]
    pub cores: Option<Setting<Repeats>>,
    /// Memory, in the place of the executor's.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"8GB")]
    pub memory: Option<Setting<Size>>,
    /// GPUs, in the place of the executor's: a number, or a type and a number.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 1, example = &"a100:2")]
    pub gpus: Option<Setting<GpuRequest>>,
    /// Wall time that a job needs at least; it raises the executor's.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"4h")]
    pub time: Option<Setting<TimeLimit>>,
}

impl Resources {
    /// This, with what it leaves open taken from `base`.
    pub(super) fn over(self, base: Self) -> Self {
        Self {
            cores: self.cores.or(base.cores),
            memory: self.memory.or(base.memory),
            gpus: self.gpus.or(base.gpus),
            time: self.time.or(base.time),
        }
    }
}
