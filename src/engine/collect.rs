//! These are the steps over a whole collection, and this file carries out those of them that need no Lua. They have
//! no policy: an error with one item ends the step.

mod aggregate;
mod fold;
mod frame;
mod join;
mod keyed;
mod split;
mod workers;

use std::sync::Arc;

use self::frame::{ITEMS, StepFrame};
use super::context::Context;
use super::input::StepInput;
use super::lookout::{Cut, Lookout};
use super::outputs;
use super::sink::Sink;
use crate::data::{Draw, SampleSize, SpillSpace, is_drawn};
use crate::event::{Event, StepResult};
use crate::plan::{Collect, Sample, Split, Step};
use crate::runtime::clock;
use crate::value::Chunk;
use crate::value::json::{on_one_line, one_line};

/// Runs a step over a collection whose inputs have been opened, with rows that are proved; the second one is the other side of
/// a `join`.
pub(super) fn run<'a>(
    context: &'a Context<'a>,
    step: &'a Step,
    collect: &Collect,
    (input, with): (StepInput<'a>, Option<StepInput<'a>>),
) -> StepResult {
    let mut total = input.total(step);
    if let Collect::Take(count) = collect {
        total = total.map(|total| total.min(*count));
    }
    let mut frame = begin(context, step, total, input);
    let carried = match collect {
        Collect::Join(join) => match with {
            Some(with) => join::run(&mut frame, join, with),
            None => unreachable!("a step that joins has another side"),
        },
        Collect::Take(count) => frame.take(*count),
        Collect::Sample(sample) => frame.sample(*sample),
        Collect::Aggregate(aggregate) => aggregate::run(&mut frame, aggregate),
        Collect::Batch(size) => frame.batch(*size),
        Collect::Sort { by, descending } => keyed::sort(&mut frame, by, *descending),
        Collect::Unique(by) => keyed::unique(&mut frame, by),
        Collect::GroupBy(by) => keyed::group_by(&mut frame, by),
        Collect::Reduce(reduce) => fold::run(&mut frame, reduce),
    };
    let carried = carried.and_then(|()| frame.flush());
    frame.finish(carried.err())
}

/// Runs a step that writes to many files.
pub(super) fn run_split<'a>(
    context: &'a Context<'a>,
    step: &'a Step,
    split: &Split,
    input: StepInput<'a>,
) -> StepResult {
    let total = input.total(step);
    let mut frame = begin(context, step, total, input);
    let carried = split::split(&mut frame, split);
    let target = Some(Arc::clone(&split.options.each.name));
    let (written, cut) = match carried {
        Ok(written) => (written, None),
        Err(cut) => (Vec::new(), Some(cut)),
    };
    let outputs = outputs::of(context, step, written, 0, None);
    StepResult { target, outputs, ..frame.finish(cut) }
}

fn begin<'a>(
    context: &'a Context<'a>,
    step: &'a Step,
    total: Option<u64>,
    input: StepInput<'a>,
) -> StepFrame<'a> {
    let begun = clock::now();
    context.emit(Event::StepStarted { step: step.id, total });
    let sink = Sink::open(context, step.id, false);
    let lookout = Lookout::new(context, step.id, begun, step.deadline);
    let out = Vec::new();
    let space = SpillSpace::from(context.temp_dir());
    StepFrame {
        context,
        step,
        input,
        lookout,
        sink,
        begun,
        space,
        total,
        taken: 0,
        beside: None,
        out,
        held: 0,
        given: 0,
    }
}

impl StepFrame<'_> {
    /// `take`
    fn take(&mut self, count: u64) -> Result<(), Cut> {
        let mut chunk = Chunk::default();
        while self.taken < count {
            let left = usize::try_from(count - self.taken).unwrap_or(usize::MAX);
            if !self.read(left, &mut chunk)? {
                return Ok(());
            }
            // What has arrived on standard input may be more than was asked for.
            for at in 0..chunk.len().min(left) {
                self.give_item(chunk.item(at))?;
            }
            self.taken += chunk.len().min(left) as u64;
        }
        Ok(())
    }

    /// `sample`
    fn sample(&mut self, sample: Sample) -> Result<(), Cut> {
        let seed = sample.seed.unwrap_or(self.context.options.seed);
        let mut chunk = Chunk::default();
        let chance = match sample.size {
            SampleSize::Chance(chance) => chance,
            SampleSize::Count(count) => {
                let mut draw = Draw::new(seed, count, self.space.clone());
                let mut line = Vec::new();
                while self.read(ITEMS, &mut chunk)? {
                    self.taken += chunk.len() as u64;
                    for at in 0..chunk.len() {
                        draw.push(one_line(chunk.item(at), &mut line))?;
                    }
                }
                let drawn = draw.finish(&mut || self.look())?;
                return keyed::give_all(self, drawn);
            }
        };
        while self.read(ITEMS, &mut chunk)? {
            for at in 0..chunk.len() {
                self.taken += 1;
                if is_drawn(seed, self.taken, chance) {
                    self.give_item(chunk.item(at))?;
                }
            }
        }
        Ok(())
    }

    /// `batch`
    fn batch(&mut self, size: u64) -> Result<(), Cut> {
        let mut chunk = Chunk::default();
        let (mut list, mut count) = (Vec::new(), 0);
        while self.read(ITEMS, &mut chunk)? {
            self.taken += chunk.len() as u64;
            for at in 0..chunk.len() {
                list.push(if count == 0 { b'[' } else { b',' });
                on_one_line(chunk.item(at), &mut list);
                count += 1;
                if count == size {
                    list.push(b']');
                    self.give(&list)?;
                    list.clear();
                    count = 0;
                }
            }
        }
        if count > 0 {
            list.push(b']');
            self.give(&list)?;
        }
        Ok(())
    }
}
