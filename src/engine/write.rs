//! Write steps: from an input of their own, or by putting in place what the step before has fed to a writer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::each::lost_reason;
use super::feed::{Feed, Next};
use super::keep;
use super::shared::{Fed, Shared};
use crate::data::{self, WriteOptions};
use crate::event::{Event, StepResult, StepStatus, Tally};
use crate::plan::Step;
use crate::value::Chunk;

/// Text read at once: small enough to notice interrupts soon, large enough to make no difference.
const BLOCK: usize = 256 * 1024;
/// How long to wait for rows before looking up for interrupts and deadlines.
const LOOK_UP: Duration = Duration::from_millis(50);

/// Runs a write step whose input has been opened.
pub(super) fn run(
    shared: &Shared<'_>,
    step: &Step,
    options: &WriteOptions,
    mut feed: Feed<'_>,
) -> StepResult {
    let begun = Instant::now();
    let total = feed.total(step);
    shared.emit(Event::StepStarted { step: step.id, total });
    let mut writer = match data::create(options) {
        Ok(writer) => writer,
        Err(error) => return StepResult::broken(error.to_string(), begun.elapsed()),
    };
    let mut chunk = Chunk::default();
    let mut written = 0;
    let mut told = Instant::now();
    let cut = loop {
        if shared.interrupt.count() > 0 {
            break Some((StepStatus::Cancelled, "interrupted".to_owned()));
        }
        if let Some(fault) = shared.fault() {
            break Some((StepStatus::Failed, keep::stopped(fault)));
        }
        if step.deadline.is_some_and(|limit| begun.elapsed() > limit) {
            break Some((StepStatus::Failed, "deadline".to_owned()));
        }
        match feed.next(usize::MAX, BLOCK, LOOK_UP, &mut chunk) {
            Next::Later => continue,
            Next::End => {
                break feed.lost().map(|source| (StepStatus::Cancelled, lost_reason(shared, source)));
            }
            Next::Lost(source) => break Some((StepStatus::Cancelled, lost_reason(shared, source))),
            Next::Chunk => {}
        }
        if let Err(error) = writer.write(&chunk.text) {
            break Some((StepStatus::Failed, error.to_string()));
        }
        written += chunk.len() as u64;
        if told.elapsed() > Duration::from_millis(50) {
            told = Instant::now();
            let tally = Tally { succeeded: written, ..Tally::default() };
            shared.emit(Event::Progress { step: step.id, tally, total });
        }
    };
    match cut {
        Some((status, reason)) => cut_off(options, status, reason, feed.given().max(written), begun),
        None => commit(options, Fed { writer: Ok(writer), count: written }, begun),
    }
}

/// Puts in place what the step before has written through a fused writer.
pub(super) fn commit_fed(shared: &Shared<'_>, step: &Step, options: &WriteOptions) -> StepResult {
    let begun = Instant::now();
    let fed = shared.fed(step.id).take().expect("the step before has ended and handed its writers over");
    shared.emit(Event::StepStarted { step: step.id, total: Some(fed.count) });
    commit(options, fed, begun)
}

fn commit(options: &WriteOptions, fed: Fed, begun: Instant) -> StepResult {
    let count = fed.count;
    match fed.writer.and_then(|writer| writer.commit().map_err(|error| error.to_string())) {
        Err(reason) => cut_off(options, StepStatus::Failed, reason, count, begun),
        Ok(()) => StepResult {
            status: StepStatus::Succeeded,
            reason: None,
            total: count,
            tally: Tally { succeeded: count, ..Tally::default() },
            emitted: 0,
            needed: None,
            duration: begun.elapsed(),
            target: Some(Arc::clone(&options.name)),
            reuse: None,
            timing: None,
            age: None,
        },
    }
}

/// A file that did not come to be: none of its items is written, whatever the temporary file held.
fn cut_off(
    options: &WriteOptions,
    status: StepStatus,
    reason: String,
    total: u64,
    begun: Instant,
) -> StepResult {
    StepResult {
        total,
        tally: Tally { cancelled: total, ..Tally::default() },
        target: Some(Arc::clone(&options.name)),
        ..StepResult::without_items(status, reason, begun.elapsed())
    }
}
