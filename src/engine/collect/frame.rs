//! All steps over a collection share one frame: it holds input, output, interrupts, deadline and the books.

use std::time::{Duration, Instant};

use crate::data::{DataError, Piece};
use crate::engine::each::lost_reason;
use crate::engine::feed::{Feed, Next};
use crate::engine::keep;
use crate::engine::shared::Shared;
use crate::engine::sink::Sink;
use crate::event::{Event, StepResult, StepStatus, Tally};
use crate::lua::clock;
use crate::plan::Step;
use crate::value::{Chunk, json};

/// Text read or given on at once.
pub(super) const BLOCK: usize = 256 * 1024;
/// Items read at once, so that none has to wait for too many others.
pub(super) const ITEMS: usize = 8192;
/// How long to wait for rows or workers before looking up for interrupts and deadlines.
pub(super) const LOOK_UP: Duration = Duration::from_millis(50);

/// Why a step ends before its end.
pub(super) struct Cut {
    pub(super) status: StepStatus,
    pub(super) reason: String,
}

impl Cut {
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self { status: StepStatus::Failed, reason: reason.into() }
    }
}

impl From<DataError> for Cut {
    fn from(error: DataError) -> Self {
        Self::failed(error.to_string())
    }
}

/// One step at work.
pub(super) struct Frame<'a> {
    pub(super) shared: &'a Shared<'a>,
    pub(super) step: &'a Step,
    pub(super) feed: Feed<'a>,
    pub(super) sink: Sink<'a>,
    pub(super) begun: Instant,
    /// Items in all, as far as that is known.
    pub(super) total: Option<u64>,
    /// Items taken from the input.
    pub(super) taken: u64,
    pub(super) told: Instant,
    /// Items to be given on, and how many.
    pub(super) out: Vec<u8>,
    pub(super) held: u64,
    /// Items given on.
    pub(super) given: u64,
}

impl Frame<'_> {
    /// Reads the next items into `chunk`; `false` when there are none any more. Waits for them if need be.
    pub(super) fn read(&mut self, items: usize, chunk: &mut Chunk) -> Result<bool, Cut> {
        loop {
            self.look()?;
            match self.feed.next(items, BLOCK, LOOK_UP, chunk) {
                Next::Later => {}
                Next::Chunk => return Ok(true),
                Next::End => return self.input_ended().map(|()| false),
                Next::Lost(source) => return Err(self.lost(source)),
            }
        }
    }

    /// A source may turn out bad at its very end.
    pub(super) fn input_ended(&self) -> Result<(), Cut> {
        self.feed.lost().map_or(Ok(()), |source| Err(self.lost(source)))
    }

    pub(super) fn lost(&self, source: crate::event::StepId) -> Cut {
        Cut { status: StepStatus::Cancelled, reason: lost_reason(self.shared, source) }
    }

    /// Interrupts, the step's deadline, faults of the run; tells how far the step is.
    pub(super) fn look(&mut self) -> Result<(), Cut> {
        if self.shared.interrupt.count() > 0 {
            return Err(Cut { status: StepStatus::Cancelled, reason: "interrupted".to_owned() });
        }
        if let Some(fault) = self.shared.fault() {
            return Err(Cut::failed(keep::stopped(fault)));
        }
        if self.step.deadline.is_some_and(|limit| clock::since(self.begun) > limit) {
            return Err(Cut::failed("deadline"));
        }
        if clock::since(self.told) >= LOOK_UP {
            self.told = clock::now();
            let tally = Tally { succeeded: self.taken, ..Tally::default() };
            self.shared.emit(Event::Progress { step: self.step.id, tally, total: self.total });
        }
        Ok(())
    }

    /// Gives an item of the input on.
    pub(super) fn give_item(&mut self, item: &[u8]) -> Result<(), Cut> {
        push_item(item, &mut self.out);
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
        let piece = Piece { first: self.given + 1, count, out, emitted: count, failed: Vec::new() };
        self.given += count;
        Ok(self.sink.push(piece)?)
    }

    pub(super) fn finish(self, cut: Option<Cut>) -> StepResult {
        let emitted = self.sink.emitted;
        let cut = self.sink.finish(Vec::new()).err().map(Cut::from).or(cut);
        let duration = clock::since(self.begun);
        let Some(Cut { status, reason }) = cut else {
            return StepResult {
                status: StepStatus::Succeeded,
                reason: None,
                total: self.taken,
                tally: Tally { succeeded: self.taken, ..Tally::default() },
                emitted,
                needed: None,
                duration,
                target: None,
                reuse: None,
                timing: None,
                age: None,
            };
        };
        // A collection that was not dealt with to its end is not dealt with at all.
        let total = self.total.unwrap_or_default().max(self.feed.given()).max(self.taken);
        StepResult {
            total,
            tally: Tally { cancelled: total, ..Tally::default() },
            ..StepResult::without_items(status, reason, duration)
        }
    }
}

/// An item's text as it was read, but on one line.
pub(super) fn push_item(item: &[u8], out: &mut Vec<u8>) {
    let item = item.trim_ascii();
    if memchr::memchr2(b'\n', b'\r', item).is_none() || json::compact(item, out).is_err() {
        out.extend_from_slice(item);
    }
}
