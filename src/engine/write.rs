//! This module carries out write steps: from an input of their own, or by putting in place what the step before has
//! fed to a writer.

use std::sync::Arc;
use std::time::Instant;

use super::context::{Context, FinishedWriter};
use super::input::StepInput;
use super::ledger::StepLedger;
use super::lookout::{Cut, Lookout, ReadOutcome};
use super::outputs;
use crate::data::{self, DataError, Target, WriteOptions, Writer, Written};
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
    let mut writer = match data::create(options, context.temp_dir(), &StepLedger::new(context, step)) {
        Ok(writer) => writer,
        Err(error) => return StepResult::broken(error.to_string(), clock::since(begun)),
    };
    let mut chunk = Chunk::default();
    let mut count = 0;
    let ending = WriteEnding { context, step, options, begun };
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
                return ending.left(count, total);
            }
            Err(error) => break Some(error.into()),
            Ok(()) => lookout.tell(count, total, input.extent()),
        }
    };
    match cut {
        Some(cut) => ending.cut_off(cut, input.given().max(count), count),
        None => ending.commit(&lookout, FinishedWriter { writer: Ok(writer), count }),
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
    WriteEnding { context, step, options, begun }.commit(&lookout, fused)
}

/// A `write` step that comes to its end.
struct WriteEnding<'a> {
    context: &'a Context<'a>,
    step: &'a Step,
    options: &'a WriteOptions,
    begun: Instant,
}

impl WriteEnding<'_> {
    fn commit(&self, lookout: &Lookout<'_>, fused: FinishedWriter) -> StepResult {
        let count = fused.count;
        let mut writer = match fused.writer {
            Ok(writer) => writer,
            Err(reason) => return self.cut_off(Cut::failed(reason), count, count),
        };
        if let Err(cut) = work_off(lookout, &mut *writer) {
            return self.cut_off(cut, count, count);
        }
        match writer.commit(&StepLedger::new(self.context, self.step)) {
            Ok(written) => self.written(written, count, None),
            // What ends a list, say: its items have been written out before.
            Err(error) if is_left(self.options, &error) => self.left(count, count),
            Err(error) => self.cut_off(error.into(), count, count),
        }
    }

    fn written(&self, written: Vec<Written>, count: u64, partial: Option<&str>) -> StepResult {
        let reason = written.iter().find_map(|written| written.said.clone());
        let outputs = outputs::of(self.context, self.step, written, count, partial);
        let target = Some(Arc::clone(&self.options.name));
        StepResult { reason, target, outputs, ..StepResult::succeeded(count, clock::since(self.begun)) }
    }

    /// A stream that is not read any more: what did not go there is left out.
    fn left(&self, count: u64, total: u64) -> StepResult {
        let tally = Tally { succeeded: count, skipped: total - count, ..Tally::default() };
        let reason = "reader gone";
        let result = self.written(self.streamed(), count, Some(reason));
        StepResult { reason: Some(reason.to_owned()), total, tally, ..result }
    }

    /// A file that did not come to be: none of its items is written, whatever the temporary file held. What went to standard
    /// output cannot be taken back.
    fn cut_off(&self, cut: Cut, total: u64, count: u64) -> StepResult {
        let target = Some(Arc::clone(&self.options.name));
        let streamed = if count > 0 { self.streamed() } else { Vec::new() };
        let outputs = outputs::of(self.context, self.step, streamed, count, Some(&cut.reason));
        let result = StepResult::cut_off(cut.status, cut.reason, total, clock::since(self.begun));
        StepResult { target, outputs, ..result }
    }

    /// What stands for the items that went to standard output, whose bytes nobody has counted to the end.
    fn streamed(&self) -> Vec<Written> {
        let is_stream = self.options.target == Target::Stdout;
        let name = Arc::clone(&self.options.name);
        is_stream.then_some(Written { name, rows: None, bytes: None, said: None }).into_iter().collect()
    }
}

/// Lets the writer do what had to wait for the last item, and looks up in between.
fn work_off(lookout: &Lookout<'_>, writer: &mut dyn Writer) -> Result<(), Cut> {
    while writer.work_off()? {
        lookout.check()?;
    }
    Ok(())
}

/// Whether the reader of standard output has gone away, which got what it wanted (`| head`). A pipe that is named in the
/// pipeline is meant to be read to its end.
fn is_left(options: &WriteOptions, error: &DataError) -> bool {
    options.target == Target::Stdout && error.is_reader_gone()
}
