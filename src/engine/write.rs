//! Write steps: from an input of their own, or by putting in place what the step before has fed to a writer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::each::lost_reason;
use super::feed::{Feed, Next};
use super::keep;
use super::shared::{Fed, Shared};
use crate::data::{self, DataError, Target, WriteOptions, Writer};
use crate::event::{Event, StepResult, StepStatus, Tally};
use crate::lua::clock;
use crate::plan::Step;
use crate::value::Chunk;

/// Text read at once: small enough to notice interrupts soon, large enough to make no difference.
const BLOCK: usize = 256 * 1024;
/// Text written to standard output at once: a quarter of what a pipe holds.
const PIECE: usize = 16 * 1024;
/// How long to wait for rows before looking up for interrupts and deadlines.
const LOOK_UP: Duration = Duration::from_millis(50);

/// Runs a write step whose input has been opened.
pub(super) fn run(
    shared: &Shared<'_>,
    step: &Step,
    options: &WriteOptions,
    mut feed: Feed<'_>,
) -> StepResult {
    let begun = clock::now();
    let total = feed.total(step);
    shared.emit(Event::StepStarted { step: step.id, total });
    let mut writer = match data::create(options) {
        Ok(writer) => writer,
        Err(error) => return StepResult::broken(error.to_string(), clock::since(begun)),
    };
    let mut chunk = Chunk::default();
    let mut count = 0;
    let mut told = clock::now();
    let cut = loop {
        if shared.interrupt.count() > 0 {
            break Some((StepStatus::Cancelled, "interrupted".to_owned()));
        }
        if let Some(fault) = shared.fault() {
            break Some((StepStatus::Failed, keep::stopped(fault)));
        }
        if step.deadline.is_some_and(|limit| clock::since(begun) > limit) {
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
        match hand_on(options, &mut *writer, &chunk.text, &mut count) {
            Err(error) if is_left(options, &error) => {
                let total = total.unwrap_or_default().max(feed.given());
                return left(options, count, total, begun);
            }
            Err(error) => break Some((StepStatus::Failed, error.to_string())),
            Ok(()) => {}
        }
        if clock::since(told) > Duration::from_millis(50) {
            told = clock::now();
            let tally = Tally { succeeded: count, ..Tally::default() };
            shared.emit(Event::Progress { step: step.id, tally, total });
        }
    };
    match cut {
        Some((status, reason)) => cut_off(options, status, reason, feed.given().max(count), begun),
        None => commit(options, Fed { writer: Ok(writer), count }, begun),
    }
}

/// Writes lines and counts them; to standard output in small pieces, because whoever reads it may go away in between.
fn hand_on(
    options: &WriteOptions,
    writer: &mut dyn Writer,
    lines: &[u8],
    count: &mut u64,
) -> Result<(), DataError> {
    let most = if options.target == Target::Stdout { PIECE } else { usize::MAX };
    let mut rest = lines;
    while !rest.is_empty() {
        // At least one line, and as many as there is room for.
        let room = &rest[..most.min(rest.len())];
        let end = memchr::memrchr(b'\n', room).or_else(|| memchr::memchr(b'\n', rest));
        let (piece, behind) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
        writer.write(piece)?;
        *count += memchr::memchr_iter(b'\n', piece).count() as u64;
        rest = behind;
    }
    Ok(())
}

/// Puts in place what the step before has written through a fused writer.
pub(super) fn commit_fed(shared: &Shared<'_>, step: &Step, options: &WriteOptions) -> StepResult {
    let begun = clock::now();
    let fed = shared.fed(step.id).take().expect("the step before has ended and handed its writers over");
    shared.emit(Event::StepStarted { step: step.id, total: Some(fed.count) });
    commit(options, fed, begun)
}

fn commit(options: &WriteOptions, fed: Fed, begun: Instant) -> StepResult {
    let count = fed.count;
    let writer = match fed.writer {
        Ok(writer) => writer,
        Err(reason) => return cut_off(options, StepStatus::Failed, reason, count, begun),
    };
    match writer.commit() {
        Ok(()) => written(options, count, begun),
        // What ends a list, say: its items have been written out before.
        Err(error) if is_left(options, &error) => left(options, count, count, begun),
        Err(error) => cut_off(options, StepStatus::Failed, error.to_string(), count, begun),
    }
}

fn written(options: &WriteOptions, count: u64, begun: Instant) -> StepResult {
    StepResult {
        status: StepStatus::Succeeded,
        reason: None,
        total: count,
        tally: Tally { succeeded: count, ..Tally::default() },
        emitted: 0,
        needed: None,
        duration: clock::since(begun),
        target: Some(Arc::clone(&options.name)),
        reuse: None,
        timing: None,
        age: None,
    }
}

/// Whether the reader of standard output has gone away, which got what it wanted (`| head`). A pipe that is named in the
/// pipeline is meant to be read to its end.
fn is_left(options: &WriteOptions, error: &DataError) -> bool {
    options.target == Target::Stdout && error.is_reader_gone()
}

/// A stream that nobody reads any more: what did not go there is left out.
fn left(options: &WriteOptions, count: u64, total: u64, begun: Instant) -> StepResult {
    let tally = Tally { succeeded: count, skipped: total - count, ..Tally::default() };
    let reason = Some("reader gone".to_owned());
    StepResult { reason, total, tally, ..written(options, count, begun) }
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
        ..StepResult::without_items(status, reason, clock::since(begun))
    }
}
