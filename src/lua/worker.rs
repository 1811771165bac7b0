//! One Lua VM with one item function, owned by one thread.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Guard, ItemEnd, Script, ScriptError, Watchdog};
use crate::event::LogLevel;
use crate::value::Chunk;

/// What becomes of the value that the function returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// It is the result.
    Map,
    /// It is a list; its elements are the results.
    FlatMap,
    /// Its truth decides whether the item itself, as it was read, is the result.
    Filter,
}

/// The values in scope besides the item, each the text of a JSON object.
#[derive(Debug, Clone)]
pub struct Scope {
    /// `params`
    pub params: Arc<str>,
    /// `env`
    pub env: Arc<str>,
    /// `steps`, for expressions only.
    pub steps: Option<Arc<str>>,
    /// `run`, for expressions only, and the id in `ctx.run`.
    pub run: Arc<str>,
}

/// What a worker needs to know beside the script.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// What becomes of the returned value.
    pub shape: Shape,
    /// Bytes the VM may hold.
    pub memory: u64,
    /// `params` and `env`.
    pub scope: Scope,
    /// `ctx.step`
    pub step: Arc<str>,
    /// `ctx.worker`, from 1.
    pub worker: u32,
    /// `ctx.max_attempts`
    pub max_attempts: u32,
    /// Limit of one attempt.
    pub timeout: Option<Duration>,
    /// Limit of all attempts of one item.
    pub item_deadline: Option<Duration>,
    /// `retries.when`, with `err` and `attempt` in scope.
    pub retry_when: Option<Script>,
    /// Seed of `math.random`, mixed with the item, so that an item gets the same numbers whatever the concurrency.
    pub seed: u64,
    /// Whether log lines below warnings are wanted at all.
    pub logs: bool,
}

/// Which try of an item this is.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// When the item's own deadline passes; set by the first attempt.
    pub item_deadline: Option<Instant>,
}

/// One line of an item's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Which item, from 1.
    pub index: u64,
    /// How loud.
    pub level: LogLevel,
    /// The text.
    pub message: String,
    /// The fields as a JSON object, when given.
    pub fields: Option<String>,
}

/// An item to be worked on as a coroutine of its own.
#[derive(Debug, Clone)]
pub struct Job {
    /// The caller's name for it.
    pub token: u64,
    /// Exactly one item.
    pub chunk: Chunk,
    /// Which try.
    pub attempt: Attempt,
}

/// A finished [`Job`].
#[derive(Debug)]
pub struct Ended {
    /// The caller's name for it.
    pub token: u64,
    /// Result lines, each ended by a line feed.
    pub out: Vec<u8>,
    /// How many lines.
    pub emitted: u64,
    /// `None`: it succeeded.
    pub end: Option<ItemEnd>,
    /// When the attempt began.
    pub started: Instant,
    /// How long the attempt took, waiting included.
    pub duration: Duration,
}

/// One VM with one function. Not `Send`: made and used on its thread.
pub struct Worker {}

impl Worker {
    /// Makes a VM, loads the script and runs its `setup`.
    pub fn new(
        script: &Script,
        options: &WorkerOptions,
        guard: &Arc<Guard>,
        watchdog: &Watchdog,
    ) -> Result<Self, ScriptError> {
        let _ = (script, options, guard, watchdog);
        unimplemented!()
    }

    /// Runs the items of `chunk` at `range`, one after the other, each as attempt `attempt`; appends the results to
    /// `out` as JSON lines and returns how many lines were written. `end` hears of every item that did not simply
    /// succeed: its place in the chunk (from 0), the length of `out` at that moment, the ending, and the duration of
    /// the attempt. Stops before the first item that was not started when [`super::Cancel`] is raised, when `end`
    /// returns `false`, or when `budget` has passed (checked between items; never before the first).
    /// Returns `(items done, lines written)`.
    pub fn run(
        &mut self,
        chunk: &Chunk,
        range: Range<usize>,
        attempt: Attempt,
        budget: Duration,
        out: &mut Vec<u8>,
        end: &mut dyn FnMut(usize, usize, ItemEnd, Duration) -> bool,
    ) -> (usize, u64) {
        let _ = (chunk, range, attempt, budget, out, end);
        unimplemented!()
    }

    /// Starts an item as a coroutine; `Some` when it ended without waiting.
    pub fn start(&mut self, job: Job) -> Option<Ended> {
        let _ = job;
        unimplemented!()
    }

    /// When the first waiting coroutine is due (its wait ends, its deadline passes); `None` when none waits.
    pub fn next_due(&self) -> Option<Instant> {
        unimplemented!()
    }

    /// Resumes waiting coroutines whose time has come (all of them, as cancelled, after an interrupt), and hands out
    /// one that ended; `None` when nothing more is due now.
    pub fn poll(&mut self, now: Instant) -> Option<Ended> {
        let _ = now;
        unimplemented!()
    }

    /// How many coroutines wait.
    pub fn waiting(&self) -> usize {
        unimplemented!()
    }

    /// Log lines since the last call.
    pub fn take_logs(&mut self) -> Vec<LogLine> {
        unimplemented!()
    }
}

/// Evaluates a script once, on a VM of its own, within `limit`: for `when`, `${{ }}` and `items: {lua}`.
/// The result is JSON text.
pub fn evaluate(script: &Script, scope: &Scope, limit: Duration) -> Result<String, ScriptError> {
    let _ = (script, scope, limit);
    unimplemented!()
}
