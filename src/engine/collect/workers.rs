//! These are the workers of a step over a collection: threads with one Lua VM each, which take chunks and give back
//! lines. The answers come in the order of the chunks.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use super::frame::{BLOCK, ITEMS, StepFrame};
use crate::engine::context::LOOK_UP;
use crate::engine::input::NextChunk;
use crate::engine::lookout::Cut;
use crate::engine::pool::WORKERS_END;
use crate::engine::{panic, step_results};
use crate::event::{Event, FailureKind, LogLevel, StepStatus};
use crate::lua::{self, Cancel, CancelLevel, Guard, LogLine, ScriptError, Watchdog};
use crate::value::Chunk;

/// Chunks on their way for each worker: one at work and one to follow.
const AHEAD: usize = 2;
/// Items of the first parts, and how many parts there are before they become twice as large. Small ones first, so that a
/// small collection whose items take long is worked on by all; and always the same, so that results do not depend on
/// the number of workers, or on how the items arrived.
const PART_ITEMS: usize = 16;
const PARTS_OF_A_SIZE: u64 = 8;

/// What a worker does. Made and used on its thread.
pub(super) trait CollectJob {
    /// Works on a chunk; an empty one asks for what is kept until the end. Appends lines to `out`.
    fn work(&mut self, chunk: &Chunk, out: &mut Vec<u8>) -> Result<(), JobError>;

    /// Log lines since the last call.
    fn take_logs(&mut self) -> Vec<LogLine>;
}

/// What keeps a chunk from being worked on.
#[derive(Debug)]
pub(super) struct JobError {
    /// Place of the item in the chunk, from 0; `None`: it is not about an item.
    pub(super) at: Option<usize>,
    pub(super) error: Box<ScriptError>,
}

impl From<ScriptError> for JobError {
    fn from(error: ScriptError) -> Self {
        Self { at: None, error: Box::new(error) }
    }
}

/// Makes the hand of the worker of this number, from 1, whose VM is watched through this guard.
pub(super) type MakeJob =
    Arc<dyn Fn(u32, &Arc<Guard>, &Arc<Watchdog>) -> Result<Box<dyn CollectJob>, ScriptError> + Send + Sync>;

/// Takes the lines that were made of a chunk.
pub(super) type OnOutput<'t> = dyn FnMut(&mut StepFrame<'_>, &Chunk, &[u8]) -> Result<(), Cut> + 't;

struct Reply {
    number: u64,
    chunk: Chunk,
    out: Result<Vec<u8>, JobError>,
    logs: Vec<LogLine>,
}

/// The workers of one step over a collection. Dropping it stops the workers.
pub(super) struct Workers {
    /// The key whose Lua it runs, for messages.
    key: &'static str,
    work: Option<Sender<(u64, Chunk)>>,
    replies: Receiver<Reply>,
    cancel: Arc<Cancel>,
    threads: usize,
    /// Chunks handed in, and answers given out.
    sent: u64,
    given: u64,
    early: BTreeMap<u64, Reply>,
}

impl Workers {
    /// Starts `threads` workers.
    pub(super) fn start(
        frame: &StepFrame<'_>,
        key: &'static str,
        threads: usize,
        maker: &MakeJob,
    ) -> Result<Self, Cut> {
        let (work, works) = unbounded();
        let (reply, replies) = bounded(threads * AHEAD + threads);
        let cancel = Arc::new(Cancel::default());
        for number in 1..=threads {
            let (works, reply, maker) = (works.clone(), reply.clone(), Arc::clone(maker));
            let (watchdog, step) = (Arc::clone(frame.context.watchdog), frame.step.id);
            let guard = Guard::new(Arc::clone(&cancel), step, None);
            let permissions = Arc::clone(&frame.context.plan.permissions);
            let body = move || {
                permissions.confine();
                run(number as u32, &guard, &watchdog, &maker, &works, &reply);
            };
            let thread = std::thread::Builder::new().name(format!("worker-{number}"));
            let spawned = thread.stack_size(lua::STACK).spawn(body);
            spawned.map_err(|error| Cut::failed(format!("cannot start the workers: {error}")))?;
        }
        let (sent, given, early) = (0, 0, BTreeMap::new());
        Ok(Self { key, work: Some(work), replies, cancel, threads, sent, given, early })
    }

    /// Hands in all of the input in parts and gives the answers to `take` in order.
    pub(super) fn carry(&mut self, frame: &mut StepFrame<'_>, take: &mut OnOutput<'_>) -> Result<(), Cut> {
        let (mut part, mut size) = (Chunk::default(), PART_ITEMS);
        let mut ended = false;
        while !ended || self.sent > self.given {
            frame.look()?;
            while !ended && self.has_room() {
                ended = !self.read(frame, &mut part, &mut size)?;
                if self.sent > self.given {
                    break;
                }
            }
            self.hear(frame, if ended || !self.has_room() { LOOK_UP } else { Duration::ZERO }, take)?;
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.sent - self.given < (self.threads * AHEAD) as u64
    }

    /// Reads on; `false` at the end of the input.
    fn read(&mut self, frame: &mut StepFrame<'_>, part: &mut Chunk, size: &mut usize) -> Result<bool, Cut> {
        let mut chunk = Chunk::default();
        let wait = if self.sent > self.given { Duration::ZERO } else { LOOK_UP };
        match frame.input.next(ITEMS, BLOCK, wait, &mut chunk) {
            NextChunk::Later => {
                frame.look()?;
                // Somebody may be done meanwhile.
                if self.sent > self.given {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            NextChunk::Lost(source) => return Err(Cut::lost(frame.context, source)),
            NextChunk::Unreadable => return Err(Cut::from(frame.input.fault())),
            NextChunk::End => {
                frame.lookout.ended(&frame.input)?;
                if !part.is_empty() {
                    self.send(std::mem::take(part));
                }
                return Ok(false);
            }
            NextChunk::Chunk => {
                frame.count(chunk.len());
                for at in 0..chunk.len() {
                    if part.is_empty() {
                        part.first = chunk.first + at as u64;
                    }
                    part.push(chunk.item(at));
                    if part.len() >= *size || part.text.len() >= BLOCK {
                        self.send(std::mem::take(part));
                        *size = part_size(self.sent);
                    }
                }
            }
        }
        Ok(true)
    }

    fn send(&mut self, chunk: Chunk) {
        if let Some(work) = &self.work {
            let _ = work.send((self.sent, chunk));
            self.sent += 1;
        }
    }

    /// Asks for one answer beside the input: of an empty chunk, or of one made here.
    pub(super) fn ask(
        &mut self,
        frame: &mut StepFrame<'_>,
        chunk: Chunk,
        take: &mut OnOutput<'_>,
    ) -> Result<(), Cut> {
        self.send(chunk);
        while self.sent > self.given {
            frame.look()?;
            self.hear(frame, LOOK_UP, take)?;
        }
        Ok(())
    }

    /// Waits for answers and gives on what is next in line.
    fn hear(
        &mut self,
        frame: &mut StepFrame<'_>,
        wait: Duration,
        take: &mut OnOutput<'_>,
    ) -> Result<(), Cut> {
        if self.sent == self.given {
            return Ok(());
        }
        match self.replies.recv_timeout(wait) {
            Err(RecvTimeoutError::Timeout) => return Ok(()),
            Err(RecvTimeoutError::Disconnected) => return Err(Cut::failed("all workers are gone")),
            Ok(reply) => self.early.insert(reply.number, reply),
        };
        while let Ok(reply) = self.replies.try_recv() {
            self.early.insert(reply.number, reply);
        }
        while let Some(reply) = self.early.remove(&self.given) {
            self.given += 1;
            log(frame, reply.logs);
            match reply.out {
                Ok(out) => take(frame, &reply.chunk, &out)?,
                Err(trouble) => return Err(self.cut(frame, &reply.chunk, &trouble)),
            }
        }
        // A worker that cannot even begin says so out of line.
        match self.early.remove(&u64::MAX) {
            Some(Reply { chunk, out: Err(trouble), .. }) => Err(self.cut(frame, &chunk, &trouble)),
            _ => Ok(()),
        }
    }

    /// `` `sort` failed at item 3: p.yaml:9 attempt to …``
    fn cut(&self, frame: &StepFrame<'_>, chunk: &Chunk, trouble: &JobError) -> Cut {
        if trouble.error.cancelled {
            return Cut { status: StepStatus::Cancelled, reason: "interrupted".to_owned() };
        }
        let Some(at) = trouble.at else { return Cut::failed(step_results::reason(self.key, &trouble.error)) };
        let (index, message) = (chunk.first + at as u64, &trouble.error.message);
        let place = trouble.error.place.as_ref().map(|place| format!("{place} ")).unwrap_or_default();
        let of = frame.beside.as_ref().map(|name| format!(" of `{name}`")).unwrap_or_default();
        Cut::failed(format!("`{}` failed at item {index}{of}: {place}{message}", self.key))
    }
}

impl Drop for Workers {
    /// Stops what is still running and waits a moment for it. Lua that cannot be stopped is left behind.
    fn drop(&mut self) {
        self.work = None;
        self.cancel.raise(CancelLevel::Interrupt);
        let until = Instant::now() + WORKERS_END;
        while self.replies.recv_deadline(until).is_ok() {}
    }
}

/// How many items the part has that is sent after so many others.
fn part_size(sent: u64) -> usize {
    let doublings = u32::try_from(sent / PARTS_OF_A_SIZE).unwrap_or(u32::MAX);
    PART_ITEMS.checked_shl(doublings).filter(|size| (1..ITEMS).contains(size)).unwrap_or(ITEMS)
}

/// A worker's life.
fn run(
    number: u32,
    guard: &Arc<Guard>,
    watchdog: &Arc<Watchdog>,
    maker: &MakeJob,
    works: &Receiver<(u64, Chunk)>,
    replies: &Sender<Reply>,
) {
    let made = catch_unwind(AssertUnwindSafe(|| maker(number, guard, watchdog)));
    let mut hand = match made.unwrap_or_else(|panic| Err(fault(&*panic))) {
        Ok(hand) => hand,
        Err(error) => {
            let out = Err(error.into());
            let _ = replies.send(Reply { number: u64::MAX, chunk: Chunk::default(), out, logs: Vec::new() });
            return;
        }
    };
    while let Ok((number, chunk)) = works.recv() {
        let mut out = Vec::new();
        let worked = catch_unwind(AssertUnwindSafe(|| hand.work(&chunk, &mut out)));
        let lost = worked.is_err();
        let out = worked.unwrap_or_else(|panic| Err(fault(&*panic).into())).map(|()| out);
        let logs = if lost { Vec::new() } else { hand.take_logs() };
        if replies.send(Reply { number, chunk, out, logs }).is_err() {
            break;
        }
        if lost {
            // The VM may be in any state now; closing it might not end well.
            std::mem::forget(hand);
            return;
        }
    }
}

fn fault(panic: &(dyn std::any::Any + Send)) -> ScriptError {
    ScriptError::new(FailureKind::Panic, panic::message(panic))
}

fn log(frame: &StepFrame<'_>, lines: Vec<LogLine>) {
    for LogLine { index, level, message, fields } in lines {
        if frame.context.options.logs || level >= LogLevel::Warn {
            frame.context.emit(Event::Log { step: frame.step.id, index, level, message, fields });
        }
    }
}
