//! A shard is one of several equal slices of the items of each step that reads sources only. A run of one shard works on
//! that, judges nothing and writes nothing; `gather` makes one run out of all of them.

mod count;
mod record;

use std::fmt;
use std::str::FromStr;

use crate::data::GlobBy;
use crate::plan::{Body, Items, MapLike, Plan, Step, Verb};

pub(super) use self::count::{SourceDigest, count_alone, digest_of, whole_reader};
pub use self::count::{count_items, count_source};
pub(super) use self::record::ShardNotes;

/// Which slice: number I of N, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: u64,
    of: u64,
}

impl Shard {
    /// The number, from 1.
    pub fn number(self) -> u64 {
        self.number
    }

    /// How many there are in all.
    pub fn of(self) -> u64 {
        self.of
    }

    /// Its part of `count` items: how many stand before it, and how many it has. Together all shards have each item once,
    /// ⌊(I−1)·n/N⌋+1 … ⌊I·n/N⌋.
    pub fn slice(self, count: u64) -> (u64, u64) {
        let end_of = |number: u64| {
            let items = u128::from(count) * u128::from(number) / u128::from(self.of);
            // At most `count`.
            items as u64
        };
        let before = end_of(self.number - 1);
        (before, end_of(self.number) - before)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || "a shard is expected, as in `2/7` for the second of seven".to_owned();
        let (number, of) = text.split_once('/').ok_or_else(wanted)?;
        let whole = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u64>().ok().filter(|_| digits).ok_or_else(wanted)
        };
        match (whole(number)?, whole(of)?) {
            (_, 0) => Err("there must be one shard at least".to_owned()),
            (0, of) => Err(format!("shards are counted from 1, as in `1/{of}`")),
            (number, of) if number > of => Err(format!("there are {of} shards, and none is number {number}")),
            (number, of) => Ok(Self { number, of }),
        }
    }
}

/// What a run of one shard is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardOptions {
    /// Which one.
    pub shard: Shard,
    /// Digest of the plan, by which shards of other plans are told apart.
    pub plan: String,
}

/// Which of the selected steps a shard works on: map-like ones that take items from sources and nothing else, wait for
/// nothing, and do not ask for other steps.
pub fn sharded(plan: &Plan, selected: &[bool]) -> Vec<bool> {
    plan.steps.iter().map(|step| selected[step.id.at()] && is_sharded(plan, step)).collect()
}

/// The steps of a shard's run: those that it works on, and the sources that they read.
pub fn steps_of_shard(plan: &Plan, selected: &[bool]) -> Vec<bool> {
    let sharded = sharded(plan, selected);
    let mut steps = sharded.clone();
    for step in plan.steps.iter().filter(|step| sharded[step.id.at()]) {
        for input in &step.from {
            steps[input.step.at()] = true;
        }
    }
    steps
}

/// The selected sources whose files are known by their time of change, which is another one on each machine.
pub fn known_by_time<'a>(plan: &'a Plan, selected: &[bool]) -> Vec<&'a str> {
    let is_known_so = |step: &&Step| match &step.body {
        Body::Ready(Verb::Glob(glob)) => selected[step.id.at()] && glob.options.by == GlobBy::Modified,
        _ => false,
    };
    plan.steps.iter().filter(is_known_so).map(|step| &*step.name).collect()
}

fn is_sharded(plan: &Plan, step: &Step) -> bool {
    let Body::Ready(Verb::MapLike(each)) = &step.body else { return false };
    let reads_sources = step.from.iter().all(|input| {
        let source = &plan.steps[input.step.at()];
        !input.failed && source.verb.is_source() && is_free(source) && makes_alike(source)
    });
    reads_sources && is_free(step) && !asks_for_steps(each)
}

/// Whether it depends on no other step but those that it takes items from.
fn is_free(step: &Step) -> bool {
    let when = step.when.as_ref().is_some_and(|when| when.script.names_steps());
    step.needs.is_empty() && !when && matches!(step.body, Body::Ready(_))
}

/// Whether a source that a script makes is the same on all machines, as far as that can be told: it asks for no steps.
fn makes_alike(source: &Step) -> bool {
    match &source.body {
        Body::Ready(Verb::Items(Items::Lua { script, .. })) => !script.names_steps(),
        _ => true,
    }
}

fn asks_for_steps(each: &MapLike) -> bool {
    let scripts = [each.function.script(), each.key.as_ref(), each.retry_when.as_ref()];
    let costs = each.costs.iter().map(Option::as_ref);
    scripts.into_iter().chain(costs).flatten().any(|script| script.names_steps())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn for_every_number_of_shards_each_item_is_in_one(of in 1..40_u64, count in any::<u64>()) {
            let mut next = 0;
            for number in 1..=of {
                let (before, items) = Shard { number, of }.slice(count);
                prop_assert_eq!(before, next);
                prop_assert!(items.abs_diff(count / of) <= 1);
                next += items;
            }
            prop_assert_eq!(next, count);
        }
    }

    #[test]
    fn a_shard_is_read_as_it_is_written() {
        for text in ["1/1", "2/7", "7/7"] {
            assert_eq!(text.parse::<Shard>().map(|shard| shard.to_string()), Ok(text.to_owned()));
        }
        for (text, expect) in [
            ("0/3", "shards are counted from 1, as in `1/3`"),
            ("4/3", "there are 3 shards, and none is number 4"),
            ("1/0", "there must be one shard at least"),
            ("1", "a shard is expected, as in `2/7` for the second of seven"),
            ("a/b", "a shard is expected, as in `2/7` for the second of seven"),
            ("+1/3", "a shard is expected, as in `2/7` for the second of seven"),
            ("1/3/5", "a shard is expected, as in `2/7` for the second of seven"),
        ] {
            assert_eq!(text.parse::<Shard>(), Err(expect.to_owned()), "{text}");
        }
    }
}
