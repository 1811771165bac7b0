//! This module carries out write steps: from an input of their own, or by putting in place what the step before has
//! fed to a writer.

use std::sync::Arc;
use std::time::Instant;

use super::context::{Context, FinishedWriter};
use super::input::StepInput;
use super::lookout::{Cut, Lookout, ReadOutcome};
use crate::data::{self, DataError, Target, WriteOptions, Writer};
use crate::event::{Event, StepResult, Tally};
use crate::plan::Step;
use crate::runtime::clock;
use crate::value::Chunk;

/// Text read at once: small enough to notice interrupts soon, large enough to make no difference.
const BLOCK: usize = 256 * 1024;
/// Text written to standard output at once: a quarter of what a pipe holds.
const PIECE: usize = 16 * 1024;

/// Runs a write step whose input has been opened.
pub(super) fn run(
    context: &Context<'_>,
    step: &Step,
    options: &WriteOptions,
    mut input: StepInput<'_>,
) -> StepResult {
    let begun = clock::now();
    let total = input.total(step);
    context.emit(Event::StepStarted { step: step.id, total });
    let mut writer = match data::create(options, context.temp_dir()) {
        Ok(writer) => writer,
        Err(error) => return StepResult::broken(error.to_string(), clock::since(begun)),
    };
    let mut chunk = Chunk::default();
    let mut count = 0;
    let mut lookout = Lookout::new(context, step.id, begun, step.deadline);
    let cut = loop {
        match lookout.read(&mut input, (usize::MAX, BLOCK), &mut chunk) {
            Ok(ReadOutcome::Nothing) => continue,
            Ok(ReadOutcome::End) => break None,
            Ok(ReadOutcome::Items) => {}
            Err(cut) => break Some(cut),
        }
        match hand_on(options, &mut *writer, &chunk.text, &mut count) {
            Err(error) if is_left(options, &error) => {
                let total = total.unwrap_or_default().max(input.given());
                return left(options, count, total, begun);
            }
            Err(error) => break Some(error.into()),
            Ok(()) => lookout.tell(count, total, input.extent()),
        }
    };
    match cut {
        Some(cut) => cut_off(options, cut, input.given().max(count), begun),
        None => commit(options, &lookout, FinishedWriter { writer: Ok(writer), count }, begun),
    }
}

/// Writes lines and counts them; to standard output in small pieces, because its reader may go away in between.
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
pub(super) fn commit_fused(context: &Context<'_>, step: &Step, options: &WriteOptions) -> StepResult {
    let begun = clock::now();
    let fused = context.fused(step.id).take().expect("the step before has ended and handed its writers over");
    context.emit(Event::StepStarted { step: step.id, total: Some(fused.count) });
    let lookout = Lookout::new(context, step.id, begun, step.deadline);
    commit(options, &lookout, fused, begun)
}

fn commit(
    options: &WriteOptions,
    lookout: &Lookout<'_>,
    fused: FinishedWriter,
    begun: Instant,
) -> StepResult {
    let count = fused.count;
    let mut writer = match fused.writer {
        Ok(writer) => writer,
        Err(reason) => return cut_off(options, Cut::failed(reason), count, begun),
    };
    if let Err(cut) = work_off(lookout, &mut *writer) {
        return cut_off(options, cut, count, begun);
    }
    match writer.commit() {
        Ok(()) => written(options, count, begun),
        // What ends a list, say: its items have been written out before.
        Err(error) if is_left(options, &error) => left(options, count, count, begun),
        Err(error) => cut_off(options, error.into(), count, begun),
    }
}

/// Lets the writer do what had to wait for the last item, and looks up in between.
fn work_off(lookout: &Lookout<'_>, writer: &mut dyn Writer) -> Result<(), Cut> {
    while writer.work_off()? {
        lookout.check()?;
    }
    Ok(())
}

fn written(options: &WriteOptions, count: u64, begun: Instant) -> StepResult {
    let target = Some(Arc::clone(&options.name));
    StepResult { target, ..StepResult::succeeded(count, clock::since(begun)) }
}

/// Whether the reader of standard output has gone away, which got what it wanted (`| head`). A pipe that is named in the
/// pipeline is meant to be read to its end.
fn is_left(options: &WriteOptions, error: &DataError) -> bool {
    options.target == Target::Stdout && error.is_reader_gone()
}

/// A stream that is not read any more: what did not go there is left out.
fn left(options: &WriteOptions, count: u64, total: u64, begun: Instant) -> StepResult {
    let tally = Tally { succeeded: count, skipped: total - count, ..Tally::default() };
    let reason = Some("reader gone".to_owned());
    StepResult { reason, total, tally, ..written(options, count, begun) }
}

/// A file that did not come to be: none of its items is written, whatever the temporary file held.
fn cut_off(options: &WriteOptions, cut: Cut, total: u64, begun: Instant) -> StepResult {
    let target = Some(Arc::clone(&options.name));
    StepResult { target, ..StepResult::cut_off(cut.status, cut.reason, total, clock::since(begun)) }
}
