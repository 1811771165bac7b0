//! A process that goes on with a run takes up what the first one has left: steps that have ended are not run again, and what was
//! read of sources is not read again where the items are with workers.

use std::sync::Arc;
use std::time::Duration;

use super::context::{Context, FramedSource};
use super::failed_item;
use super::layout::{ItemLayout, LaidInput};
use super::remote_job::{self, SourcesFile};
use super::run_store::RunStore;
use super::sink::{DeliveryError, Sink};
use super::source;
use super::source_status::ErrorTexts;
use crate::data::ItemFrame;
use crate::event::{Event, StepId, StepResult, StepStatus};
use crate::plan::Step;
use crate::runtime::clock;
use crate::store::{BegunStep, Failure, RemoteFile, RemotePlace, StepRecord, StoreError};
use crate::value::Ratio;

/// Failures that are read at a time.
const FAILURES: u64 = 1000;
/// Steps whose items have results of their own in the books.
const MAP_LIKE: [&str; 3] = ["map", "flat_map", "filter"];
/// Bytes of items for each byte that they take when they are packed, roughly. Only the number of shards depends on it.
const PACKED: u64 = 4;

/// What the first process of the run has kept of a step that has ended and is not to run again.
pub(super) fn ended<'a>(context: &Context<'a>, step: &Step) -> Option<&'a BegunStep> {
    let is_kept = |begun: &&BegunStep| MAP_LIKE.contains(&begun.record.verb.as_str());
    context.begun(step).filter(|begun| begun.has_ended()).filter(is_kept)
}

/// Gives on what a step has left that has ended.
pub(super) fn give_on(context: &Context<'_>, step: &Step, begun: &BegunStep) -> StepResult {
    let at = clock::now();
    context.emit(Event::StepStarted { step: step.id, total: begun.record.total });
    let given = || -> Result<StepResult, DeliveryError> {
        let keep = context.run_store.expect("it was kept");
        let mut sink = Sink::open(context, step.id, true).of_sent(true);
        sink.emitted = begun.record.emitted;
        let errors = tell_failures(context, step)?;
        sink.deliver(keep, &step.name)?;
        sink.finish(errors)?;
        let timing = keep.timing(&step.name)?.map(Arc::new);
        Ok(StepResult { timing, ..result(begun) })
    };
    given().unwrap_or_else(|error| StepResult::broken(error.to_string(), clock::since(at)))
}

/// Gives on what a source has left that nobody reads any more.
pub(super) fn give_on_source(context: &Context<'_>, step: &Step, begun: &BegunStep) -> StepResult {
    context.emit(Event::StepStarted { step: step.id, total: None });
    match take_up_source(context, step, begun.record.total.unwrap_or(0)) {
        Ok(()) => {
            source::close(context, step.id);
            result(begun)
        }
        Err(error) => StepResult::broken(error.to_string(), Duration::ZERO),
    }
}

fn take_up_source(context: &Context<'_>, step: &Step, rows: u64) -> Result<(), DeliveryError> {
    let keep = context.run_store.expect("it was kept");
    let bad = all_failures(keep, &step.name)?;
    Ok(context.source_status(step.id).take_up(rows, bad)?)
}

/// What the books say of the end of a step.
fn result(begun: &BegunStep) -> StepResult {
    let record = &begun.record;
    let StepRecord { needed, min_success_ratio, reason, .. } = record;
    let ratio = min_success_ratio.as_deref().and_then(Ratio::parse);
    let status = if record.status == "failed" { StepStatus::Failed } else { StepStatus::Succeeded };
    let tally = record.tally();
    let duration = record.duration.unwrap_or_default();
    StepResult {
        emitted: record.emitted,
        needed: ratio.zip(*needed),
        reuse: record.reuse.clone(),
        holds: record.holds.clone(),
        ..StepResult::new(status, reason.clone(), tally, duration)
    }
}

/// Tells of the items of a step that have failed, and gives `errors` of it, if an expression asks for them.
pub(super) fn tell_failures(context: &Context<'_>, step: &Step) -> Result<ErrorTexts, StoreError> {
    let keep = context.run_store.expect("it was kept");
    let has_key = context.begun(step).is_some_and(|begun| begun.record.keyed);
    let mut errors = ErrorTexts::new();
    for Failure { index, key, item } in all_failures(keep, &step.name)? {
        if context.roles.wants.errors {
            errors.push((index, Arc::clone(&item.message)));
        }
        context.emit(failed_item::event(step.id, index, has_key.then_some(&*key), &item));
    }
    Ok(errors)
}

fn all_failures(keep: &RunStore, step: &str) -> Result<Vec<Failure>, StoreError> {
    let mut all: Vec<Failure> = Vec::new();
    loop {
        let failures = keep.failures(step, all.last().map_or(0, |last| last.index), FAILURES)?;
        if failures.is_empty() {
            return Ok(all);
        }
        all.extend(failures);
    }
}

/// Takes up what was read of sources for steps whose items are with workers, before any step begins: others read the same ones.
pub(super) fn take_up_sources(context: &Context<'_>) -> Result<(), DeliveryError> {
    let Some(keep) = context.run_store else { return Ok(()) };
    for step in &context.plan.steps {
        let Some(place) = keep.left_with_workers(&step.name) else { continue };
        let layout: ItemLayout = remote_job::demand(&place, &RemoteFile::Input)?;
        let sources: SourcesFile = remote_job::demand(&place, &RemoteFile::Sources)?;
        for (name, rows) in &sources.rows {
            if let Some(source) = context.plan.steps.iter().find(|step| *step.name == **name) {
                take_up_source(context, source, *rows)?;
            }
        }
        let mut before = 0;
        for laid in &layout.inputs {
            if let LaidInput::Framed { source: Some(name), frames } = laid
                && let Some(source) = context.plan.steps.iter().find(|step| *step.name == **name)
            {
                *context.framed(source.id) = Some(Arc::new(framed(&place, name, frames, before)));
            }
            before += laid.items().count();
        }
    }
    Ok(())
}

/// The items of a source as they were written down, with indices of its own.
fn framed(place: &RemotePlace, source: &str, frames: &[ItemFrame], before: u64) -> FramedSource {
    let own = |frame: &ItemFrame| ItemFrame { first: frame.first - before, ..*frame };
    let packed = std::fs::metadata(place.items_of(source)).map_or(0, |file| file.len());
    FramedSource { frames: frames.iter().map(own).collect(), bytes: packed * PACKED }
}

/// Whether items of a step are with workers that another process has started.
pub(super) fn has_workers(context: &Context<'_>, step: &Step) -> bool {
    context.run_store.is_some_and(|keep| keep.left_with_workers(&step.name).is_some())
}

/// Whether a source is only waited for by steps that have ended before: nobody reads it in this process.
pub(super) fn was_read_before(context: &Context<'_>, mut readers: impl Iterator<Item = StepId>) -> bool {
    readers.all(|reader| ended(context, &context.plan.steps[reader.at()]).is_some())
}
