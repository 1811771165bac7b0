//! A run may work on one shard of its items, or be put together from the runs of all shards. This module says what that means
//! for a job; the engine does it.

use std::sync::Arc;

use super::args::ExecutorArguments;
use super::console::say;
use super::exit::{Complaint, Fault};
use crate::config::LOCAL;
use crate::engine::{self, Gathering, Interrupt, Shard, ShardOptions};
use crate::plan::{Inputs, Plan};

/// Which items a run works on.
#[derive(Debug, Clone, Default)]
pub(super) enum JobKind {
    /// All of them.
    #[default]
    Whole,
    /// Those of one shard.
    Shard(Shard),
    /// Those that the shards have left, which mostly are none.
    Gather(Arc<Gathering>),
}

/// Digits of a plan's digest that the seed of its shards is made of: a seed is said to people, who type it again.
const SEED_DIGITS: usize = 8;

impl JobKind {
    /// What the engine is told of a shard.
    pub(super) fn shard(&self, digest: &str) -> Option<ShardOptions> {
        match self {
            Self::Shard(shard) => Some(ShardOptions { shard: *shard, plan: digest.to_owned() }),
            Self::Whole | Self::Gather(_) => None,
        }
    }

    /// What is gathered.
    pub(super) fn gathering(&self) -> Option<&Arc<Gathering>> {
        match self {
            Self::Gather(gathering) => Some(gathering),
            Self::Whole | Self::Shard(_) => None,
        }
    }

    /// Whether it is a part, which calls nobody at its end and replaces no other run.
    pub(super) fn is_part(&self) -> bool {
        matches!(self, Self::Shard(_))
    }

    /// The shard as it is asked for, `2/7`; `None`: it is none.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::Shard(shard) => Some(shard.to_string()),
            Self::Whole | Self::Gather(_) => None,
        }
    }

    /// Refuses to send items of a shard to an executor: whoever makes shards has machines of their own for them.
    pub(super) fn demand_here(&self, executor: &ExecutorArguments) -> Result<(), Complaint> {
        match (self, executor.on.as_deref()) {
            (Self::Shard(shard), Some(name)) if name != LOCAL => {
                let message =
                    format!("`--shard {shard}` works on its items here, and `--on {name}` sends items away");
                Err(Complaint::new(message).help("leave one of them out"))
            }
            _ => Ok(()),
        }
    }

    /// Digest of the plan, by which shards of other plans are told apart; empty where there are no shards. It takes a look
    /// at all files of the plan.
    pub(super) fn digest(&self, plan: &Plan, inputs: &Inputs) -> String {
        match self {
            Self::Whole => String::new(),
            Self::Shard(_) | Self::Gather(_) => engine::plan_digest(plan, &inputs.set),
        }
    }

    /// The seed, where none is given: all shards of a plan draw the same numbers for the same items.
    pub(super) fn seed(&self, digest: &str) -> Option<u64> {
        match self {
            Self::Whole => None,
            Self::Shard(_) => u64::from_str_radix(&digest[..SEED_DIGITS], 16).ok(),
            Self::Gather(gathering) => Some(gathering.seed()),
        }
    }

    /// The steps that run, of those that are selected.
    pub(super) fn steps(&self, plan: &Plan, selected: Vec<bool>) -> Result<Vec<bool>, Complaint> {
        if !self.is_part() {
            return Ok(selected);
        }
        let steps = engine::steps_of_shard(plan, &selected);
        if steps.contains(&true) {
            return Ok(steps);
        }
        let message = format!("`{}` has no step that can be worked on in shards", plan.file.name());
        Err(Complaint::new(message).help(
            "those are `map`, `flat_map` and `filter` steps that take items from sources only, wait for no other step and do not ask for `steps`",
        ))
    }

    /// Says what may keep shards of other machines from fitting to this one.
    pub(super) fn say_doubts(&self, (plan, selected): (&Plan, &[bool]), is_quiet: bool) {
        if is_quiet || !self.is_part() {
            return;
        }
        for source in engine::known_by_time(plan, selected) {
            say(&format!(
                "  warning: files of `{source}` are told apart by size and time of change, which every checkout makes anew; `by: content` compares what is in them"
            ));
        }
    }

    /// Makes sure that what is gathered belongs to the plan.
    pub(super) fn check(&self, plan: &Plan, digest: &str, interrupt: &Interrupt) -> Result<(), Fault> {
        let Self::Gather(gathering) = self else { return Ok(()) };
        gathering.check(plan, digest, interrupt).map_err(refused)
    }
}

/// What keeps shards from being put together.
pub(super) fn refused(refusals: Vec<engine::Refusal>) -> Fault {
    let complaint = |refusal: engine::Refusal| Complaint { message: refusal.message, help: refusal.help };
    Fault::Usage(refusals.into_iter().map(complaint).collect())
}
