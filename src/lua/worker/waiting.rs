//! Items as coroutines: what waits, until when, and what becomes of it then.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::options::{Ended, Job};
use super::{Worker, panic_message, unloaded};
use crate::lua::guard::{Limits, next_notice};
use crate::lua::raw::{Batch, Coroutine, Raised, Resumed, Wait};
use crate::lua::watchdog::Slow;
use crate::lua::{CancelLevel, ItemEnd};

/// The suspended items of a worker.
#[derive(Default)]
pub(super) struct Waiting {
    items: HashMap<u64, Suspended>,
    /// When to look at which of them. Each item has exactly one entry.
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    /// Number of the next item; ties are broken by it, so that the order is that of the starts.
    next: u64,
}

/// One suspended item.
struct Suspended {
    job: Job,
    coroutine: Coroutine,
    wait: Wait,
    limits: Limits,
}

impl Suspended {
    fn due(&self) -> Instant {
        let Wait::Until(until) = self.wait;
        let deadline = self.limits.deadline.map(|(at, _)| at);
        deadline.into_iter().chain(self.limits.notice).fold(until, Instant::min)
    }
}

impl Waiting {
    fn add(&mut self, suspended: Suspended) {
        self.due.push(Reverse((suspended.due(), self.next)));
        self.items.insert(self.next, suspended);
        self.next += 1;
    }

    /// The item that is looked at next.
    fn take(&mut self) -> Option<Suspended> {
        let Reverse((_, number)) = self.due.pop()?;
        self.items.remove(&number)
    }
}

/// A start or a resumption.
enum Go {
    Start,
    Resume(Coroutine),
}

impl Worker {
    /// Starts an item as a coroutine; `Some` when it ended without waiting.
    pub fn start(&mut self, job: Job) -> Option<Ended> {
        let started = Instant::now();
        if let Err(error) = &self.loaded {
            let end = unloaded(error);
            return Some(ended(&job, Vec::new(), 0, Some(end), started));
        }
        let limits = self.timing(job.attempt).limits(job.chunk.first, started);
        self.go(Go::Start, job, limits)
    }

    /// When the first waiting coroutine is due (its wait ends, its deadline passes); `None` when none waits.
    pub fn next_due(&self) -> Option<Instant> {
        self.waiting.due.peek().map(|Reverse((due, _))| *due)
    }

    /// How many coroutines wait.
    pub fn waiting(&self) -> usize {
        self.waiting.items.len()
    }

    /// Resumes waiting coroutines whose time has come (all of them, as cancelled, after an interrupt), and hands out
    /// one that ended; `None` when nothing more is due now.
    pub fn poll(&mut self, now: Instant) -> Option<Ended> {
        loop {
            let interrupted = self.guard.cancel.level() == CancelLevel::Interrupt;
            if !interrupted && self.next_due()? > now {
                return None;
            }
            let suspended = self.waiting.take()?;
            if interrupted {
                return Some(self.cancel(suspended));
            }
            if let Some(ended) = self.look(suspended, now) {
                return Some(ended);
            }
        }
    }

    /// Does what is due of a suspended item.
    fn look(&mut self, mut suspended: Suspended, now: Instant) -> Option<Ended> {
        if suspended.limits.deadline.is_some_and(|(at, _)| now >= at) {
            return Some(self.expire(suspended));
        }
        if let (Some(notice), Some(after)) = (suspended.limits.notice, self.guard.slow_after)
            && now >= notice
        {
            let started = suspended.limits.started;
            let elapsed = now.saturating_duration_since(started);
            self.notices.give(Slow { step: self.guard.step, index: suspended.limits.index, elapsed });
            suspended.limits.notice = Some(next_notice(started, after, now));
        }
        let Wait::Until(until) = suspended.wait;
        if now < until {
            self.waiting.add(suspended);
            return None;
        }
        let Suspended { job, coroutine, limits, .. } = suspended;
        self.go(Go::Resume(coroutine), job, limits)
    }

    /// Runs an item until it ends or waits.
    fn go(&mut self, go: Go, job: Job, mut limits: Limits) -> Option<Ended> {
        let Ok(loaded) = &self.loaded else { return None };
        let mut out = Vec::new();
        let mut batch = Batch {
            chunk: &job.chunk,
            at: 0,
            end: 1,
            shape: self.options.shape,
            timing: self.timing(job.attempt),
            out: &mut out,
            emitted: 0,
            lines: Vec::new(),
            started: limits.started,
            before: (0, 0),
        };
        let current = &loaded.vm.current;
        current.attempt.set(job.attempt.number);
        current.deadline.set(limits.deadline.map(|(at, _)| at));
        self.guard.enter(&limits);
        let resumed = catch_unwind(AssertUnwindSafe(|| match go {
            Go::Start => loaded.vm.start(loaded.function, &mut batch),
            Go::Resume(coroutine) => loaded.vm.resume(coroutine, &mut batch),
        }));
        limits.notice = self.guard.notice();
        self.guard.leave();
        let mut emitted = batch.emitted;
        let end = match resumed {
            Ok(Resumed::Waiting(coroutine, wait)) => {
                self.waiting.add(Suspended { job, coroutine, wait, limits });
                return None;
            }
            Ok(Resumed::Finished) => None,
            Ok(Resumed::BadRow(error)) => Some(ItemEnd::BadRow { message: error.to_string() }),
            Ok(Resumed::Raised(raised)) => Some(self.conclude(*raised, job.attempt)),
            Err(panic) => {
                self.reload();
                Some(self.conclude(Raised::panic(panic_message(panic.as_ref())), job.attempt))
            }
        };
        if end.is_some() {
            out.clear();
            emitted = 0;
        }
        Some(ended(&job, out, emitted, end, limits.started))
    }

    /// Ends a suspended item whose deadline has passed.
    fn expire(&mut self, suspended: Suspended) -> Ended {
        let Suspended { job, coroutine, limits, .. } = suspended;
        let end = match (&self.loaded, limits.deadline) {
            (Ok(loaded), Some((_, reason))) => {
                let raised = loaded.vm.expire(coroutine, reason);
                self.conclude(raised, job.attempt)
            }
            _ => ItemEnd::Cancelled,
        };
        ended(&job, Vec::new(), 0, Some(end), limits.started)
    }

    fn cancel(&mut self, suspended: Suspended) -> Ended {
        if let Ok(loaded) = &self.loaded {
            loaded.vm.abandon(suspended.coroutine);
        }
        ended(&suspended.job, Vec::new(), 0, Some(ItemEnd::Cancelled), suspended.limits.started)
    }
}

fn ended(job: &Job, out: Vec<u8>, emitted: u64, end: Option<ItemEnd>, started: Instant) -> Ended {
    Ended { token: job.token, out, emitted, end, started, duration: started.elapsed() }
}
