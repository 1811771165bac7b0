//! This module moves items from the input to the workers: it decides how many items travel together, and which may
//! start.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::chunk_size::CHUNK_ITEMS;
use super::keyed_chunks::KeyedChunks;
use super::{Coordinator, InFlight, StepFault};
use crate::engine::input::NextChunk;
use crate::engine::pool::{Allowance, Task, TaskAttempt, TaskKind};
use crate::schedule::{Start, Stop, StopReason};
use crate::store::StepJournal;
use crate::value::Chunk;

/// Text of a chunk. Measured flat between 64 KiB and 4 MiB; small keeps memory small.
pub(super) const CHUNK_BYTES: usize = 256 * 1024;

/// How long a step that has stopped goes on reading only to know how many items there would have been: enough for some
/// gigabytes of lines.
const COUNT_LIMIT: Duration = Duration::from_secs(2);

/// How long it waits for rows of a pipe then.
const COUNT_WAIT: Duration = Duration::from_millis(100);

impl Coordinator<'_> {
    /// Starts whatever may start now.
    pub(super) fn fill(&mut self) -> Result<(), StepFault> {
        self.starved = false;
        while self.in_flight.len() < self.limits.tasks {
            // Items that have ended already leave nothing to start, and there may be millions of them.
            while self.wants_items() {
                self.read()?;
                // What was read may have been the end of a source that failed.
                self.obey_stop();
                self.tell_progress();
                self.look_outside();
            }
            self.ask_for_fresh_costs();
            let most = self.size.items().min(self.room());
            let most = self.fresh.first_key_value().map_or(1, |(_, chunk)| chunk.len().min(most));
            let Some(start) = self.scheduler.start(self.now(), most as u64) else { return Ok(()) };
            self.dispatch(start)?;
        }
        Ok(())
    }

    /// Whether items are to be read: those that wait for their keys are enough, and more are asked for ahead.
    fn wants_items(&self) -> bool {
        let is_enough = match &self.keyed {
            Some(keyed) => keyed.is_enough(self.fresh.is_empty(), self.limits.tasks),
            // The costs of the next chunk are found out while one is worked off.
            None if self.costed.is_some() => self.fresh.len() > 1,
            None => !self.fresh.is_empty(),
        };
        let may_read = !self.input_ended && !self.starved && self.scheduler.stop().is_none();
        !is_enough && may_read && self.room_to_read() > 0
    }

    fn read(&mut self) -> Result<(), StepFault> {
        let mut chunk = self.spare_chunks.pop().unwrap_or_default();
        let items = match &self.keyed {
            Some(keyed) => keyed.size.items(),
            None if self.sorts_out() => CHUNK_ITEMS,
            None => self.costed.as_ref().map_or(&self.size, |costed| &costed.size).items(),
        };
        let items = items.min(self.room_to_read());
        let next = if let Some(first) = self.first.pop_front() {
            chunk = first;
            NextChunk::Chunk
        } else {
            let begun = Instant::now();
            let next = self.input.next(items, CHUNK_BYTES, Duration::ZERO, &mut chunk);
            self.timing.beside().reading += begun.elapsed();
            next
        };
        match next {
            NextChunk::Later => {
                self.starved = true;
                self.spare_chunks.push(chunk);
            }
            NextChunk::Chunk if self.keyed.is_some() => self.ask_for_keys(Arc::new(chunk)),
            NextChunk::Chunk => {
                self.content.name_items(&mut chunk);
                if self.sorts_out() {
                    return self.sort_out(chunk, Vec::new());
                }
                self.leave_out_before(chunk.first);
                self.offer(chunk);
            }
            NextChunk::End => {
                self.all_gathered()?;
                self.input_ended = true;
                self.end_of_input();
            }
            NextChunk::Lost(source) => self.lose(source),
            NextChunk::Unreadable => return Err(StepFault::Data(self.input.fault())),
        }
        Ok(())
    }

    /// Items before this one that were not read are no concern of this process.
    pub(super) fn leave_out_before(&mut self, first: u64) {
        let next = self.scheduler.next_index();
        if first > next {
            self.scheduler.leave_out(first - next);
        }
    }

    /// Nothing more will be offered, once every item has its key.
    pub(super) fn end_of_input(&mut self) {
        if self.keyed.as_ref().is_none_or(KeyedChunks::is_empty) {
            self.scheduler.end_of_input();
        }
    }

    /// The source failed: what was made of it so far is not to be used.
    pub(super) fn lose(&mut self, source: crate::event::StepId) {
        self.input_ended = true;
        self.lost.get_or_insert(source);
        self.scheduler.source_failed();
    }

    /// A step that stopped by its own policy still says how many items there were: the rest of the input is read, but
    /// only counted, and not for long.
    pub(super) fn count_rest(&mut self) {
        let own = |stop: Stop| {
            !matches!(stop.reason, StopReason::Interrupted | StopReason::SourceFailed | StopReason::Enough)
        };
        if self.input_ended || !self.scheduler.stop().is_some_and(own) {
            return;
        }
        let until = self.now() + COUNT_LIMIT;
        let mut chunk = Chunk::default();
        while self.context.interrupt.count() == 0 && self.now() < until {
            match self.input.next(usize::MAX, CHUNK_BYTES, COUNT_WAIT, &mut chunk) {
                NextChunk::Later | NextChunk::Unreadable => return,
                NextChunk::Chunk => {
                    self.scheduler.offer(chunk.len() as u64);
                    self.keep_cancelled(chunk.first, chunk.len() as u64);
                }
                NextChunk::End => return self.scheduler.end_of_input(),
                NextChunk::Lost(source) => return self.lose(source),
            }
        }
    }

    fn dispatch(&mut self, start: Start) -> Result<(), StepFault> {
        let out = self.sink.spare();
        let mut endings = self.journal.as_ref().map(StepJournal::spare);
        let digests = endings.as_mut().map(|endings| std::mem::take(&mut endings.contents));
        let lines = endings.as_mut().map(|endings| std::mem::take(&mut endings.lines)).unwrap_or_default();
        let (chunk, earlier) = if start.attempt > 1 {
            let waiting = self.waiting.remove(&start.first).expect("the scheduler retries only what waits");
            (Arc::new(waiting.chunk), Some(waiting.earlier))
        } else {
            (Arc::new(self.take_fresh(start.first, start.count as usize)), None)
        };
        let number = self.next_task();
        self.items_out += chunk.len() as u64;
        let last = earlier.as_ref().and_then(|earlier| earlier.last.clone());
        let attempt = TaskAttempt { number: start.attempt, deadline: start.item_deadline, last };
        let given = self.in_flight.values().map(|task| task.allowance);
        let allowance = Allowance::share(self.scheduler.allowance(), given, self.limits.tasks);
        let kind = TaskKind::Run;
        let task = Task { number, kind, chunk: Arc::clone(&chunk), attempt, allowance, out, digests, lines };
        if let Some(at_work) = &mut self.at_work {
            at_work.begin(number, chunk.first, chunk.len() as u64);
        }
        self.in_flight.insert(number, InFlight { start, chunk, earlier, allowance, endings });
        if let Some(failure) = self.refusal(start.first) {
            return self.refuse(number, failure);
        }
        self.pool.send(task);
        Ok(())
    }

    /// The number of the next task.
    pub(super) fn next_task(&mut self) -> u64 {
        self.tasks += 1;
        self.tasks
    }

    /// The `count` fresh items from `first` on.
    fn take_fresh(&mut self, first: u64, count: usize) -> Chunk {
        let (_, chunk) = self.fresh.pop_first().expect("the scheduler starts only what was offered");
        assert_eq!(chunk.first, first, "fresh items start in the order of their indices");
        if chunk.len() == count {
            return chunk;
        }
        let rest = chunk.slice(count..chunk.len());
        self.fresh.insert(rest.first, rest);
        chunk.slice(0..count)
    }
}
