//! This module counts the items that each step will get, where the number is known before anything runs.

use crate::data::{self, JoinHow, JoinMany, SampleSize};
use crate::lua::ResultShape;
use crate::plan::{Body, Collect, Items, Plan, Step, Verb};
use crate::value::Chunk;

/// A number of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    /// As many as this, or up to this many.
    pub(super) most: u64,
    /// Whether it cannot be fewer.
    pub(super) exact: bool,
}

/// Counts for each step of a plan, where known.
pub(super) struct Counts {
    /// What it gets; of a source, what it reads.
    pub(super) input: Vec<Option<Count>>,
}

/// Follows the items through the plan.
pub(super) fn of(plan: &Plan, selected: &[bool]) -> Counts {
    let mut input = vec![None; plan.steps.len()];
    let mut output = vec![None; plan.steps.len()];
    for id in plan.order.iter().filter(|id| selected[id.at()]) {
        let step = &plan.steps[id.at()];
        let count = if step.from.is_empty() { source(step) } else { sum(step, &input, &output) };
        input[id.at()] = count;
        output[id.at()] = count.and_then(|count| passed_on(step, count));
    }
    Counts { input }
}

/// What a source yields.
fn source(step: &Step) -> Option<Count> {
    let most = match &step.body {
        Body::Ready(Verb::Items(Items::List(list))) => list.len() as u64,
        Body::Ready(Verb::Glob(glob)) => matches(&glob.options)?,
        _ => return None,
    };
    Some(Count { most: step.limit.map_or(most, |limit| most.min(limit)), exact: true })
}

/// How many files match now.
fn matches(options: &data::GlobOptions) -> Option<u64> {
    // Their bytes do not matter here.
    let options = data::GlobOptions { by: data::GlobBy::Modified, ..options.clone() };
    let mut reader = data::glob(&options).ok()?;
    let (mut chunk, mut bad) = (Chunk::default(), Vec::new());
    while reader.read(4096, usize::MAX, &mut chunk, &mut bad).ok()? {}
    Some(reader.rows())
}

/// What its inputs pass on together. The failed items of a step may be any number of those it gets.
fn sum(step: &Step, input: &[Option<Count>], output: &[Option<Count>]) -> Option<Count> {
    let counts = step.from.iter().map(|from| {
        if from.failed {
            input[from.step.at()].map(|count| Count { exact: false, ..count })
        } else {
            output[from.step.at()]
        }
    });
    counts.reduce(|a, b| Some(Count { most: a?.most.checked_add(b?.most)?, exact: a?.exact && b?.exact }))?
}

/// What of `count` items a step passes on. Items may fail or be skipped wherever a function runs.
fn passed_on(step: &Step, count: Count) -> Option<Count> {
    match &step.body {
        Body::Ready(Verb::MapLike(each)) if each.kind == ResultShape::FlatMap => None,
        Body::Ready(Verb::MapLike(_)) => Some(Count { exact: false, ..count }),
        Body::Ready(Verb::Collect(collect)) => Some(match collect {
            Collect::Take(most) => Count { most: count.most.min(*most), ..count },
            Collect::Sample(sample) => match sample.size {
                SampleSize::Count(most) => Count { most: count.most.min(most), ..count },
                SampleSize::Chance(_) => Count { exact: false, ..count },
            },
            Collect::Batch(size) => Count { most: count.most.div_ceil((*size).max(1)), ..count },
            Collect::Reduce(_) => Count { most: 1, exact: true },
            Collect::Aggregate(aggregate) if !aggregate.has_key => Count { most: 1, exact: true },
            Collect::Aggregate(_) | Collect::Unique(_) | Collect::GroupBy(_) => {
                Count { exact: false, ..count }
            }
            Collect::Join(join) => {
                let is_all = join.rule.how == JoinHow::Left;
                // Each may have any number of partners.
                let is_bounded = join.rule.many != JoinMany::All || !join.rule.how.gives_partners();
                return is_bounded.then_some(Count { exact: count.exact && is_all, ..count });
            }
            Collect::Sort { .. } => count,
        }),
        Body::Ready(_) => Some(count),
        Body::Deferred(_) => None,
    }
}
