//! Steps over a whole collection: the frame they share (input, output, interrupts, deadline, the books), and those that
//! need no Lua. They have no policy: what goes wrong with one item is the end of the step.

mod crew;
mod fold;
mod keyed;

use std::time::{Duration, Instant};

use super::each::lost_reason;
use super::feed::{Feed, Next};
use super::keep;
use super::shared::Shared;
use super::sink::Sink;
use crate::data::{DataError, Piece};
use crate::event::{Event, StepResult, StepStatus, Tally};
use crate::lua::clock;
use crate::plan::{Collect, Step};
use crate::value::{Chunk, json};

/// Text read or given on at once.
const BLOCK: usize = 256 * 1024;
/// Items read at once, so that none has to wait for too many others.
const ITEMS: usize = 8192;
/// How long to wait for rows or workers before looking up for interrupts and deadlines.
const LOOK_UP: Duration = Duration::from_millis(50);

/// Why a step ends before its end.
struct Cut {
    status: StepStatus,
    reason: String,
}

impl Cut {
    fn failed(reason: impl Into<String>) -> Self {
        Self { status: StepStatus::Failed, reason: reason.into() }
    }
}

impl From<DataError> for Cut {
    fn from(error: DataError) -> Self {
        Self::failed(error.to_string())
    }
}

/// See the module.
struct Frame<'a> {
    shared: &'a Shared<'a>,
    step: &'a Step,
    feed: Feed<'a>,
    sink: Sink<'a>,
    begun: Instant,
    /// Items in all, as far as that is known.
    total: Option<u64>,
    /// Items taken from the input.
    taken: u64,
    told: Instant,
    /// Items to be given on, and how many.
    out: Vec<u8>,
    held: u64,
    /// Items given on.
    given: u64,
}

/// Runs a step over a collection whose input has been opened, with rows that are proved.
pub(super) fn run<'a>(
    shared: &'a Shared<'a>,
    step: &'a Step,
    collect: &Collect,
    feed: Feed<'a>,
) -> StepResult {
    let begun = clock::now();
    let total = match collect {
        Collect::Take(count) => feed.total(step).map(|total| total.min(*count)),
        _ => feed.total(step),
    };
    shared.emit(Event::StepStarted { step: step.id, total });
    let sink = Sink::open(shared, step.id);
    let (out, told) = (Vec::new(), begun);
    let mut frame = Frame { shared, step, feed, sink, begun, total, taken: 0, told, out, held: 0, given: 0 };
    let carried = match collect {
        Collect::Take(count) => frame.take(*count),
        Collect::Batch(size) => frame.batch(*size),
        Collect::Sort { by, descending } => keyed::sort(&mut frame, by, *descending),
        Collect::Unique(by) => keyed::unique(&mut frame, by),
        Collect::GroupBy(by) => keyed::group_by(&mut frame, by),
        Collect::Reduce(reduce) => fold::run(&mut frame, reduce),
    };
    let carried = carried.and_then(|()| frame.flush());
    frame.finish(carried.err())
}

impl Frame<'_> {
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

    /// `batch`
    fn batch(&mut self, size: u64) -> Result<(), Cut> {
        let mut chunk = Chunk::default();
        let (mut list, mut count) = (Vec::new(), 0);
        while self.read(ITEMS, &mut chunk)? {
            self.taken += chunk.len() as u64;
            for at in 0..chunk.len() {
                list.push(if count == 0 { b'[' } else { b',' });
                push_item(chunk.item(at), &mut list);
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

    /// Reads the next items into `chunk`; `false` when there are none any more. Waits for them if need be.
    fn read(&mut self, items: usize, chunk: &mut Chunk) -> Result<bool, Cut> {
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
    fn input_ended(&self) -> Result<(), Cut> {
        self.feed.lost().map_or(Ok(()), |source| Err(self.lost(source)))
    }

    fn lost(&self, source: crate::event::StepId) -> Cut {
        Cut { status: StepStatus::Cancelled, reason: lost_reason(self.shared, source) }
    }

    /// Interrupts, the step's deadline, faults of the run; tells how far the step is.
    fn look(&mut self) -> Result<(), Cut> {
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
    fn give_item(&mut self, item: &[u8]) -> Result<(), Cut> {
        push_item(item, &mut self.out);
        self.end_line()
    }

    /// Gives an item on that is JSON on one line already.
    fn give(&mut self, line: &[u8]) -> Result<(), Cut> {
        self.out.extend_from_slice(line);
        self.end_line()
    }

    fn end_line(&mut self) -> Result<(), Cut> {
        self.out.push(b'\n');
        self.held += 1;
        if self.out.len() < BLOCK {
            return Ok(());
        }
        self.flush()?;
        self.look()
    }

    fn flush(&mut self) -> Result<(), Cut> {
        let count = std::mem::take(&mut self.held);
        let out = std::mem::replace(&mut self.out, self.sink.spare());
        let piece = Piece { first: self.given + 1, count, out, emitted: count, failed: Vec::new() };
        self.given += count;
        Ok(self.sink.push(piece)?)
    }

    fn finish(self, cut: Option<Cut>) -> StepResult {
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
fn push_item(item: &[u8], out: &mut Vec<u8>) {
    let item = item.trim_ascii();
    if memchr::memchr2(b'\n', b'\r', item).is_none() || json::compact(item, out).is_err() {
        out.extend_from_slice(item);
    }
}
