//! All steps over a collection share one frame: it holds input, output, interrupts, deadline and the books.

use std::time::Instant;

use crate::data::{ChunkResults, SpillSpace};
use crate::engine::context::Context;
use crate::engine::input::StepInput;
use crate::engine::lookout::{Cut, Lookout, ReadOutcome};
use crate::engine::sink::Sink;
use crate::event::{StepResult, Verb};
use crate::plan::Step;
use crate::runtime::clock;
use crate::value::Chunk;
use crate::value::json::on_one_line;

/// Text read or given on at once.
pub(super) const BLOCK: usize = 256 * 1024;
/// Items read at once, so that none has to wait for too many others.
pub(super) const ITEMS: usize = 8192;
/// One step at work.
pub(super) struct StepFrame<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) step: &'a Step,
    pub(super) input: StepInput<'a>,
    pub(super) lookout: Lookout<'a>,
    pub(super) sink: Sink<'a>,
    pub(super) begun: Instant,
    /// Where what does not fit in memory goes.
    pub(super) space: SpillSpace,
    /// Items in all, as far as that is known.
    pub(super) total: Option<u64>,
    /// Items taken from the input.
    pub(super) taken: u64,
    /// What is read in the place of the input, by name: the other side of a `join`.
    pub(super) beside: Option<String>,
    /// Items to be given on, and how many.
    pub(super) out: Vec<u8>,
    pub(super) held: u64,
    /// Items given on.
    pub(super) given: u64,
}

impl<'a> StepFrame<'a> {
    /// Reads the next items into `chunk`; `false` when there are none any more. Waits for them if need be.
    pub(super) fn read(&mut self, items: usize, chunk: &mut Chunk) -> Result<bool, Cut> {
        loop {
            self.look()?;
            match self.lookout.read(&mut self.input, (items, BLOCK), chunk)? {
                ReadOutcome::Nothing => {}
                ReadOutcome::Items => return Ok(true),
                ReadOutcome::End => return Ok(false),
            }
        }
    }

    /// Lets `body` read another input in the place of the step's own. Its items are none of the step's.
    pub(super) fn beside<T>(
        &mut self,
        input: StepInput<'a>,
        name: &str,
        body: impl FnOnce(&mut Self) -> Result<T, Cut>,
    ) -> Result<T, Cut> {
        let own = std::mem::replace(&mut self.input, input);
        self.beside = Some(name.to_owned());
        let done = body(self);
        self.beside = None;
        self.input = own;
        done
    }

    /// Counts items that were taken from the input.
    pub(super) fn count(&mut self, items: usize) {
        if self.beside.is_none() {
            self.taken += items as u64;
        }
    }

    /// Looks up, and tells how far the step is.
    pub(super) fn look(&mut self) -> Result<(), Cut> {
        self.lookout.check()?;
        let read = self.input.extent().filter(|_| self.beside.is_none() && self.step.verb != Verb::Take);
        self.lookout.tell(self.taken, self.total, read);
        Ok(())
    }

    /// Gives an item of the input on.
    pub(super) fn give_item(&mut self, item: &[u8]) -> Result<(), Cut> {
        on_one_line(item, &mut self.out);
        self.end_line()
    }

    /// Gives an item on that is JSON on one line already.
    pub(super) fn give(&mut self, line: &[u8]) -> Result<(), Cut> {
        self.out.extend_from_slice(line);
        self.end_line()
    }

    pub(super) fn end_line(&mut self) -> Result<(), Cut> {
        self.out.push(b'\n');
        self.held += 1;
        if self.out.len() < BLOCK {
            return Ok(());
        }
        self.flush()?;
        self.look()
    }

    pub(super) fn flush(&mut self) -> Result<(), Cut> {
        let count = std::mem::take(&mut self.held);
        let out = std::mem::replace(&mut self.out, self.sink.spare());
        let piece = ChunkResults { first: self.given + 1, count, out, emitted: count, failed: Vec::new() };
        self.given += count;
        Ok(self.sink.push(piece)?)
    }

    pub(super) fn finish(self, cut: Option<Cut>) -> StepResult {
        let emitted = self.sink.emitted;
        let cut = self.sink.finish(Vec::new()).err().map(Cut::from).or(cut);
        let duration = clock::since(self.begun);
        let spilled = self.space.spilled();
        let Some(Cut { status, reason }) = cut else {
            return StepResult { emitted, spilled, ..StepResult::succeeded(self.taken, duration) };
        };
        // A collection that was not dealt with to its end is not dealt with at all.
        let total = self.total.unwrap_or_default().max(self.input.given()).max(self.taken);
        StepResult { spilled, ..StepResult::cut_off(status, reason, total, duration) }
    }
}
