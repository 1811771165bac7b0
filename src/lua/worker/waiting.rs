//! This module runs items as coroutines: it starts them, resumes them when they are due or have their turn, and ends
//! them. `queue` knows which is next.

mod queue;

pub(super) use queue::SuspendedItems;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use self::queue::Suspended;
use super::{Worker, panic_message, unloaded};
use crate::lua::async_op::{Completed, Completion};
use crate::lua::guard::{Limits, next_notice};
use crate::lua::options::{EndedAttempt, ItemJob};
use crate::lua::raw::{ChunkCursor, Coroutine, Raised, Resumed, Wait};
use crate::lua::watchdog::Slow;
use crate::lua::{AttemptEnding, CancelLevel};
use crate::runtime::clock;

/// A start or a resumption.
enum Go {
    Start,
    Resume(Coroutine, Option<Completion>),
}

impl Worker {
    /// From now on coroutines that compute for long are suspended to let others run, and [`Worker::poll`] gives each of
    /// them a turn. Without this they run on until they wait for something.
    pub fn take_turns(&mut self) {
        self.guard.take_turns();
    }

    /// Starts an item as a coroutine; `Some` when it ended without waiting.
    pub fn start(&mut self, job: ItemJob) -> Option<EndedAttempt> {
        let started = clock::now();
        if let Err(error) = &self.loaded {
            let end = unloaded(error);
            return Some(ended(&job, Vec::new(), 0, Some(end), started));
        }
        let limits = self.timing(&job.attempt).limits(job.chunk.first, started);
        self.go(Go::Start, job, limits, Duration::ZERO)
    }

    /// When the first waiting coroutine is due (its wait ends, its deadline passes); past when one could run on; `None`
    /// when none waits.
    pub fn next_due(&self) -> Option<Instant> {
        self.waiting.next_due()
    }

    /// Where what coroutines wait for comes in; a message there is reason to [`Worker::poll`], which takes it.
    pub fn completed(&self) -> Option<&Receiver<Completed>> {
        self.loaded.as_ref().ok().map(|loaded| loaded.vm.current.operations.completed())
    }

    /// How many coroutines wait.
    pub fn waiting(&self) -> usize {
        self.waiting.items.len() + self.waiting.lost.len()
    }

    /// Resumes waiting coroutines whose time has come (all of them, as cancelled, after an interrupt), then gives one of
    /// those that could run on its turn. Hands out one that ended; `None` when there was none, and others may be due.
    pub fn poll(&mut self, now: Instant) -> Option<EndedAttempt> {
        if let Some(ended) = self.waiting.lost.pop_front() {
            return Some(ended);
        }
        self.collect();
        // What is suspended again meanwhile is not due by `now`, so this comes to an end.
        loop {
            if self.guard.cancel.level() == CancelLevel::Interrupt {
                let suspended = self.waiting.take_any()?;
                return Some(self.cancel(suspended));
            }
            let Some(suspended) = self.waiting.take_due(now) else { break };
            if let Some(ended) = self.look(suspended) {
                return Some(ended);
            }
        }
        let suspended = self.waiting.take_turn()?;
        self.look(suspended)
    }

    /// Makes those due whose operations have come to something.
    fn collect(&mut self) {
        while let Some(Completed { id, at, completion }) =
            self.completed().and_then(|completed| completed.try_recv().ok())
        {
            let Some(suspended) = self.waiting.take_operation(id) else { continue };
            self.waiting.add(suspended.completed(at, completion));
        }
    }

    /// Does what is due of a suspended item. Asks the clock, because others may have run since the caller did.
    fn look(&mut self, mut suspended: Suspended) -> Option<EndedAttempt> {
        let now = clock::now();
        let timing = self.timing(&suspended.job.attempt);
        let ready = suspended.wait.ready();
        let started = suspended.limits.started;
        suspended.kept += ready.map_or(Duration::ZERO, |ready| now.saturating_duration_since(ready));
        suspended.limits.deadline = timing.deadline(started, suspended.kept);
        if suspended.limits.deadline.is_some_and(|(at, _)| now >= at) {
            return Some(self.expire(suspended));
        }
        if let (Some(notice), Some(after)) = (suspended.limits.notice, self.guard.slow_after)
            && now >= notice
        {
            let elapsed = now.saturating_duration_since(started);
            self.notices.give(Slow { step: self.guard.step, index: suspended.limits.index, elapsed });
            suspended.limits.notice = Some(next_notice(started, after, now));
        }
        if ready.is_none_or(|ready| now < ready) {
            suspended.due = suspended.due(&timing);
            self.waiting.add(suspended);
            return None;
        }
        let Suspended { job, coroutine, wait, limits, kept, .. } = suspended;
        let completion = if let Wait::Completed(_, completion, _) = wait { Some(completion) } else { None };
        self.go(Go::Resume(coroutine, completion), job, limits, kept)
    }

    /// Runs an item until it ends or waits, or its turn is over.
    fn go(&mut self, go: Go, job: ItemJob, mut limits: Limits, kept: Duration) -> Option<EndedAttempt> {
        let timing = self.timing(&job.attempt);
        let Ok(loaded) = &self.loaded else { return None };
        let mut out = Vec::new();
        let mut cursor = ChunkCursor {
            chunk: &job.chunk,
            at: 0,
            end: 1,
            shape: self.options.shape,
            timing,
            out: &mut out,
            emitted: 0,
            lines: Vec::new(),
            started: limits.started,
            before: (0, 0),
        };
        let current = &loaded.vm.current;
        current.attempt(job.attempt.number, job.attempt.last.as_ref());
        current.deadline.set(limits.deadline.map(|(at, _)| at));
        self.guard.enter(&limits);
        self.guard.begin_turn();
        let resumed = catch_unwind(AssertUnwindSafe(|| match go {
            Go::Start => loaded.vm.start(loaded.function, &mut cursor),
            Go::Resume(coroutine, completion) => loaded.vm.resume(coroutine, completion, &mut cursor),
        }));
        self.guard.end_turn();
        limits.notice = self.guard.notice();
        self.guard.leave();
        let mut emitted = cursor.emitted;
        let end = match resumed {
            Ok(Resumed::Waiting(coroutine, wait)) => {
                let mut suspended = Suspended { job, coroutine, wait, limits, kept, due: None };
                suspended.due = suspended.due(&timing);
                self.waiting.add(suspended);
                return None;
            }
            Ok(Resumed::Finished) => None,
            Ok(Resumed::BadRow(error)) => {
                Some(AttemptEnding::BadRow { message: self.mask().owned(error.to_string()) })
            }
            Ok(Resumed::Raised(raised)) => Some(self.conclude(*raised, &job.attempt)),
            Err(panic) => {
                self.lose();
                Some(self.conclude(Raised::panic(panic_message(panic.as_ref())), &job.attempt))
            }
        };
        self.ended(job.chunk.first);
        if end.is_some() {
            out.clear();
            emitted = 0;
        }
        Some(ended(&job, out, emitted, end, limits.started))
    }

    /// Makes the VM again after a fault. The items that were suspended in the old one are lost with it.
    pub(super) fn lose(&mut self) {
        let mut gone = Vec::new();
        while let Some(Suspended { job, limits, .. }) = self.waiting.take_any() {
            gone.push((job, limits));
        }
        self.reload();
        for (job, limits) in gone {
            let end = self.conclude(Raised::panic("the Lua state is lost"), &job.attempt);
            self.waiting.lost.push_back(ended(&job, Vec::new(), 0, Some(end), limits.started));
        }
    }

    /// Ends a suspended item whose deadline has passed.
    fn expire(&mut self, suspended: Suspended) -> EndedAttempt {
        let Suspended { job, coroutine, wait, limits, .. } = suspended;
        let end = match (&self.loaded, limits.deadline) {
            (Ok(loaded), Some((_, reason))) => {
                let raised = loaded.vm.expire(coroutine, reason, wait);
                self.conclude(raised, &job.attempt)
            }
            _ => AttemptEnding::Cancelled,
        };
        self.ended(job.chunk.first);
        ended(&job, Vec::new(), 0, Some(end), limits.started)
    }

    fn cancel(&mut self, suspended: Suspended) -> EndedAttempt {
        if let Ok(loaded) = &self.loaded {
            loaded.vm.abandon(suspended.coroutine);
        }
        self.ended(suspended.job.chunk.first);
        ended(&suspended.job, Vec::new(), 0, Some(AttemptEnding::Cancelled), suspended.limits.started)
    }
}

fn ended(
    job: &ItemJob,
    out: Vec<u8>,
    emitted: u64,
    end: Option<AttemptEnding>,
    started: Instant,
) -> EndedAttempt {
    EndedAttempt { token: job.token, out, emitted, end, started, duration: clock::since(started) }
}
