//! These types are what a worker is told, and what it tells.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::LogLevel;
use crate::lua::permissions::Permissions;
use crate::lua::{AttemptEnding, Gates, Memory, Script};
use crate::value::{Chunk, Secrets};

/// How long an expression may take: `when`, `key`, `retries.when`, `${{ }}`. Expressions pick values; one that runs longer does
/// something else.
pub const EXPRESSION_LIMIT: Duration = Duration::from_secs(1);

/// What becomes of the value that the function returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultShape {
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
    /// `run`, where it is in scope, and the id in `ctx.run`.
    pub run: Arc<str>,
    /// What host functions may reach.
    pub permissions: Arc<Permissions>,
    /// What no message shows.
    pub secrets: Secrets,
    /// Whether `run` is in scope although `steps` is not.
    pub shows_run: bool,
    /// Whether `secrets` is in scope: not in expressions, whose values become a part of the plan.
    pub shows_secrets: bool,
}

impl Scope {
    /// Nothing is in scope, and nothing can be reached.
    pub fn empty() -> Self {
        let nothing = || Arc::from("{}");
        Self {
            params: nothing(),
            env: nothing(),
            steps: None,
            run: nothing(),
            permissions: Arc::default(),
            secrets: Secrets::default(),
            shows_run: false,
            shows_secrets: false,
        }
    }
}

/// What a worker needs to know beside the script.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// What becomes of the returned value.
    pub shape: ResultShape,
    /// What the VM and the host functions may hold.
    pub memory: Memory,
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
    /// The rate limits that attempts take from, whose names `flow.spent` takes.
    pub limits: Arc<[Arc<str>]>,
    /// The rate limits that requests may take from.
    pub gates: Gates,
}

impl WorkerOptions {
    /// A worker of this step for one attempt without limits, whose result is one value, and that keeps no log.
    pub fn new(step: impl Into<Arc<str>>, scope: Scope, memory: Memory) -> Self {
        Self {
            shape: ResultShape::Map,
            memory,
            scope,
            step: step.into(),
            worker: 1,
            max_attempts: 1,
            timeout: None,
            item_deadline: None,
            retry_when: None,
            seed: 0,
            logs: false,
            limits: Arc::default(),
            gates: Gates::default(),
        }
    }
}

/// Which try of an item this is.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// When the item's own deadline passes; set by the first attempt.
    pub item_deadline: Option<Instant>,
    /// How the attempt before failed, `ctx.last` as the text of a JSON object.
    pub last: Option<Arc<str>>,
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

/// What an attempt took of a rate limit, as its function says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// Which item, from 1.
    pub index: u64,
    /// The limit.
    pub limit: Arc<str>,
    /// How much in all.
    pub amount: u64,
}

/// An item to be worked on as a coroutine of its own.
#[derive(Debug, Clone)]
pub struct ItemJob {
    /// The caller's name for it.
    pub token: u64,
    /// Exactly one item.
    pub chunk: Chunk,
    /// Which try.
    pub attempt: Attempt,
}

/// A finished [`ItemJob`].
#[derive(Debug)]
pub struct EndedAttempt {
    /// The caller's name for it.
    pub token: u64,
    /// Result lines, each ended by a line feed.
    pub out: Vec<u8>,
    /// How many lines.
    pub emitted: u64,
    /// `None`: it succeeded.
    pub end: Option<AttemptEnding>,
    /// When the attempt began.
    pub started: Instant,
    /// How long the attempt took, waiting included.
    pub duration: Duration,
}
