//! The place of a step is where its items run: in this process or in others.

use super::no_pool::NoPool;
use super::reuse::ItemReuse;
use crate::engine::context::Context;
use crate::engine::outcome::EngineError;
use crate::engine::pool::{Pool, PoolOptions, StepClock};
use crate::plan::MapLike;

/// Where the items of a step run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Here,
    Workers,
    /// In workers, and this process makes their keys.
    WorkersByKey,
    /// In workers that an earlier process has left.
    Left,
}

impl Place {
    /// The same where something may be known of the items: it is found by their keys, if they have any.
    pub(super) fn knowing(self, each: &MapLike, reuse: Option<&ItemReuse>) -> Self {
        let by_key = self == Self::Workers && each.key.is_some() && reuse.is_some();
        if by_key { Self::WorkersByKey } else { self }
    }

    /// The workers that the step has in this process.
    pub(super) fn pool(
        self,
        context: &Context<'_>,
        options: PoolOptions,
    ) -> Result<(Box<dyn Pool>, StepClock), EngineError> {
        let begun = options.begun;
        let has_some = matches!(self, Self::Here | Self::WorkersByKey);
        if has_some { context.pools.start(options) } else { Ok(NoPool::start(begun)) }
    }
}
