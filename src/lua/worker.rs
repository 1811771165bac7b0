//! A worker is one Lua VM with one item function, owned by one thread.

mod evaluate;
mod explain;
mod fold;
mod retry;
mod setup;
mod waiting;

pub use evaluate::{STACK, call_once, evaluate};
pub use fold::{FoldError, FoldWorker};

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use self::explain::NamedLimits;
use self::setup::LoadedVm;
use self::waiting::SuspendedItems;
use super::raw::{ChunkCursor, ChunkStop, Raised, Timing};
use super::watchdog::Notices;
use super::{AttemptEnding, Guard, Script, ScriptError, Watchdog};
use crate::event::FailureKind;
use crate::lua::options::{Attempt, LogLine, Spent, WorkerOptions};
use crate::runtime::clock;
use crate::value::{Chunk, Mask, panic_text};

/// One VM with one function. Not `Send`: made and used on its thread.
pub struct Worker {
    /// What is needed to make the VM again after a fault.
    script: Script,
    options: WorkerOptions,
    guard: Arc<Guard>,
    notices: Notices,
    /// The VM, or why there is none.
    loaded: Result<LoadedVm, ScriptError>,
    waiting: SuspendedItems,
    /// Lines of each item that ended well, for functions that do not give exactly one.
    lines: Vec<u32>,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("script", &self.script)
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}

impl Worker {
    /// Makes a VM, loads the script and runs its `setup`, which only [`super::Cancel`] can interrupt.
    ///
    /// # Errors
    /// Fails when the script cannot be loaded, when its `setup` raises an error, and when it was cancelled meanwhile.
    pub fn new(
        script: &Script,
        options: &WorkerOptions,
        guard: &Arc<Guard>,
        watchdog: &Watchdog,
    ) -> Result<Self, ScriptError> {
        let shortest = [options.timeout, options.item_deadline, guard.slow_after].into_iter().flatten().min();
        let notices = watchdog.register(guard, shortest);
        Ok(Self {
            script: script.clone(),
            options: options.clone(),
            guard: Arc::clone(guard),
            notices,
            loaded: Ok(load(script, options, guard)?),
            waiting: SuspendedItems::default(),
            lines: Vec::new(),
        })
    }

    /// Runs the items of `chunk` at `range`, one after the other, each as attempt `attempt`; appends the results to
    /// `out` as JSON lines. `end` hears of every item that did not simply succeed: its place in the chunk (from 0), the
    /// length of `out` at that moment, the ending, and the duration of the attempt. Stops before the first item that
    /// was not started when [`super::Cancel`] is raised, when `end` returns `false`, or when `budget` has passed
    /// (checked between items; never before the first). Returns `(items done, lines written)`.
    #[expect(clippy::too_many_arguments, reason = "each is a thing of its own, and there is one caller")]
    pub fn run(
        &mut self,
        chunk: &Chunk,
        range: Range<usize>,
        attempt: &Attempt,
        budget: Duration,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(usize, usize, AttemptEnding, Duration) -> bool,
    ) -> (usize, u64) {
        let begun = clock::now();
        let mut cursor = ChunkCursor {
            chunk,
            at: range.start,
            end: range.end,
            shape: self.options.shape,
            timing: Timing { until: begun.checked_add(budget), ..self.timing(attempt) },
            before: (out.len(), 0),
            out,
            emitted: 0,
            lines: {
                self.lines.clear();
                std::mem::take(&mut self.lines)
            },
            started: begun,
        };
        while cursor.at < cursor.end {
            let Some((ending, taken)) = self.run_on(&mut cursor, attempt) else { break };
            let at = cursor.at;
            cursor.at += 1;
            self.ended(cursor.chunk.first + at as u64);
            if !end(at, cursor.out.len(), ending, taken) {
                break;
            }
            if cursor.timing.until.is_some_and(|until| clock::now() >= until) {
                break;
            }
        }
        let done = (cursor.at - range.start, cursor.emitted);
        self.lines = cursor.lines;
        // Items that run one after the other are over with the run; those that wait keep theirs.
        if let Ok(loaded) = &self.loaded
            && self.waiting() == 0
        {
            loaded.temporaries.end_all();
        }
        done
    }

    /// Runs until an item did not simply succeed. `None`: no item is left, or none may be started.
    fn run_on(
        &mut self,
        cursor: &mut ChunkCursor<'_>,
        attempt: &Attempt,
    ) -> Option<(AttemptEnding, Duration)> {
        let loaded = match &self.loaded {
            Ok(loaded) => loaded,
            Err(error) => {
                if self.guard.cancel.level() != super::CancelLevel::Run {
                    return None;
                }
                return Some((unloaded(error), Duration::ZERO));
            }
        };
        loaded.vm.current.attempt(attempt.number, attempt.last.as_ref());
        let stop = catch_unwind(AssertUnwindSafe(|| loaded.vm.run(loaded.function, cursor)));
        let taken = clock::since(cursor.started);
        let raised = match stop {
            Ok(ChunkStop::Done | ChunkStop::Paused) => return None,
            Ok(ChunkStop::BadRow(error)) => {
                let message = self.mask().owned(error.to_string());
                return Some((AttemptEnding::BadRow { message }, taken));
            }
            Ok(ChunkStop::Raised(raised)) => *raised,
            Err(panic) => {
                // The VM was left in the middle of something, and so may be the line that was being written.
                cursor.rewind();
                self.reload();
                Raised::panic(panic_message(panic.as_ref()))
            }
        };
        Some((self.conclude(raised, attempt), taken))
    }

    /// Tidies up behind an item: its temporary files, and what host functions have left open.
    fn ended(&self, index: u64) {
        if let Ok(loaded) = &self.loaded {
            loaded.temporaries.end(index);
            loaded.vm.current.end(index);
        }
    }

    /// Asks `retries.when` whether an attempt that failed elsewhere is worth another.
    pub fn decide_retry(&self, failure: &mut super::Failure, attempt: u32) {
        if let Ok(loaded) = &self.loaded
            && let Some(when) = loaded.retry_when
        {
            retry::decide(loaded, when, failure, attempt);
        }
    }

    /// The ending that `raised` stands for, with `retries.when` asked.
    fn conclude(&self, raised: Raised, attempt: &Attempt) -> AttemptEnding {
        let limits = NamedLimits { timeout: self.options.timeout, item_deadline: self.options.item_deadline };
        let ending = match &self.loaded {
            Ok(loaded) => {
                let mut ending = explain::item_end(raised, &loaded.sources.borrow(), limits);
                if let (AttemptEnding::Failed(failure), Some(when)) = (&mut ending, loaded.retry_when) {
                    retry::decide(loaded, when, failure, attempt.number);
                }
                ending
            }
            Err(_) => explain::item_end(raised, &super::script::Sources::default(), limits),
        };
        ending.masked(self.mask())
    }

    pub(super) fn mask(&self) -> &Mask {
        self.options.scope.secrets.mask()
    }

    fn reload(&mut self) {
        // Dropped first: the old VM's trigger must not outlive it.
        let gone = ScriptError::new(FailureKind::Panic, "the Lua state is lost");
        drop(std::mem::replace(&mut self.loaded, Err(gone)));
        self.loaded = load(&self.script, &self.options, &self.guard);
    }

    fn timing(&self, attempt: &Attempt) -> Timing {
        Timing {
            timeout: self.options.timeout,
            item_deadline: self.options.item_deadline,
            item_until: attempt.item_deadline,
            slow_after: self.guard.slow_after,
            until: None,
        }
    }

    /// Moves to `lines` how many lines each item has that ended well in the last [`Worker::run`], in order; nothing for
    /// a map, where each has one.
    pub fn take_lines(&mut self, lines: &mut Vec<u32>) {
        lines.append(&mut self.lines);
    }

    /// What attempts have said since the last call that they took of rate limits.
    pub fn take_spent(&mut self) -> Vec<Spent> {
        match &self.loaded {
            Ok(loaded) => std::mem::take(&mut *loaded.vm.current.spent.borrow_mut()),
            Err(_) => Vec::new(),
        }
    }

    /// Log lines since the last call.
    pub fn take_logs(&mut self) -> Vec<LogLine> {
        match &self.loaded {
            Ok(loaded) => std::mem::take(&mut *loaded.vm.current.logs.borrow_mut()),
            Err(_) => Vec::new(),
        }
    }
}

fn load(script: &Script, options: &WorkerOptions, guard: &Arc<Guard>) -> Result<LoadedVm, ScriptError> {
    LoadedVm::new(script, options, guard).map_err(|error| error.masked(options.scope.secrets.mask()))
}

/// The ending of items that cannot be run because the VM cannot be made again.
fn unloaded(error: &ScriptError) -> AttemptEnding {
    AttemptEnding::Failed(Box::new(super::Failure {
        place: error.place.clone(),
        traceback: error.traceback.clone(),
        ..super::Failure::new(error.kind, error.message.as_str())
    }))
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic_text(panic).unwrap_or("a fault of flowrun").to_owned()
}

#[cfg(test)]
mod tests;
