//! `plan --shard I/N` says which items of each step the shard has. It counts them as the shard will.

use crate::engine::{self, Interrupt, Shard};
use crate::plan::{Plan, Step};

/// What is told of one shard.
pub(super) struct Slices<'a> {
    plan: &'a Plan,
    shard: Option<Shard>,
    /// Which steps it works on.
    sharded: Vec<bool>,
}

impl<'a> Slices<'a> {
    /// Of the selected steps.
    pub(super) fn of(plan: &'a Plan, shard: Option<Shard>, selected: &[bool]) -> Self {
        Self { plan, shard, sharded: engine::sharded(plan, selected) }
    }

    /// Whether the plan is that of one shard.
    pub(super) fn is_part(&self) -> bool {
        self.shard.is_some()
    }

    /// `shard 2/7: items 15 to 28 of 98`
    pub(super) fn line(&self, step: &Step) -> Option<String> {
        let shard = self.shard.filter(|_| self.sharded[step.id.at()])?;
        let counted = engine::count_items(self.plan, step, &Interrupt::default());
        Some(match counted {
            Ok(Some(items)) => {
                let (before, count) = shard.slice(items);
                match count {
                    0 => format!("shard {shard}: none of {items} items"),
                    1 => format!("shard {shard}: item {} of {items}", before + 1),
                    _ => format!("shard {shard}: items {} to {} of {items}", before + 1, before + count),
                }
            }
            Ok(None) => format!("shard {shard} of as many items as the run will count"),
            Err(error) => format!("shard {shard}: the items cannot be counted: {error}"),
        })
    }
}
