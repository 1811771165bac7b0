//! A pool of programs runs the items of one map-like step in processes that speak the protocol of `crate::program`.
//!
//! One thread of the step starts them, feeds them and reads them, because a process ends with the thread that started it.
//! Expressions beside the program (`key`, costs of rate limits) are evaluated by an ordinary pool of Lua workers.

mod batch;
mod driver;
mod explain;
mod judge;
mod slow;

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, bounded};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use self::driver::{Driver, Message};
use super::limits::{CHUNK_TIME, Limits};
use super::options::PoolOptions;
use super::task::{Reply, Task, TaskKind};
use super::{Pool, Wake};
use crate::engine::outcome::EngineError;
use crate::lua::{self, CancelLevel, Watchdog};
use crate::program::{ItemProgram, PATIENCE};

/// Places in what is said of both.
const PROGRAMS: usize = 0;
const EXPRESSIONS: usize = 1;

/// The thread with its channels.
pub(super) struct ProgramPool {
    messages: UnboundedSender<Message>,
    replies: Receiver<Reply>,
    limits: Limits,
    /// Who evaluates expressions, where there are any.
    expressions: Option<Box<dyn Pool>>,
    /// Whether the processes, and who evaluates expressions, are through.
    gone: [bool; 2],
}

impl ProgramPool {
    /// Starts the thread; processes are started at their first items.
    pub(super) fn start(
        program: Arc<ItemProgram>,
        options: Arc<PoolOptions>,
        watchdog: Arc<Watchdog>,
        expressions: Option<Box<dyn Pool>>,
    ) -> Result<Self, EngineError> {
        let (messages, inbox) = unbounded_channel();
        let (sender, replies) = bounded(4096);
        let limits = limits(&options);
        let driver = move || Driver::new(program, options, watchdog, sender).carry_out(inbox);
        std::thread::Builder::new()
            .name("programs".to_owned())
            .stack_size(lua::STACK)
            .spawn(driver)
            .map_err(|error| EngineError::System {
                intent: "start the programs",
                reason: error.to_string(),
            })?;
        let gone = [false, expressions.is_none()];
        Ok(Self { messages, replies, limits, expressions, gone })
    }

    /// What the thread has said, or else who evaluates expressions; and which of the two it was.
    fn receive(&mut self, patience: Duration, wake: Option<&dyn Wake>) -> Option<(usize, Reply)> {
        let said = |replies: &Receiver<Reply>| replies.try_recv().ok().map(|reply| (PROGRAMS, reply));
        if let Some(said) = said(&self.replies) {
            return Some(said);
        }
        if let Some(expressions) = self.expressions.as_mut().filter(|_| !self.gone[EXPRESSIONS]) {
            let reply = expressions.reply(patience, Some(&Both(&self.replies, wake)));
            return reply.map(|reply| (EXPRESSIONS, reply)).or_else(|| said(&self.replies));
        }
        let both = Both(&self.replies, wake);
        let mut select = Select::new();
        both.register(&mut select);
        // Whatever is ready, both are looked at.
        let _ = select.ready_timeout(patience);
        said(&self.replies)
    }
}

/// How much the processes take at once: so many chunks that all lanes are filled when each is one item, and chunks that are
/// the shorter the more of them there are.
fn limits(options: &PoolOptions) -> Limits {
    let busy = options.processes() * 2;
    match options.limits() {
        // What is to be told at once travels alone, also a failure that may stop the step.
        Limits { chunk_time: None, .. } => Limits { tasks: options.concurrency, chunk_time: None },
        Limits { .. } if options.stops_at_failure => Limits { tasks: options.concurrency, chunk_time: None },
        Limits { .. } => {
            let tasks = options.concurrency.max(busy);
            Limits { tasks, chunk_time: Some(CHUNK_TIME * busy as u32 / tasks as u32) }
        }
    }
}

/// Two reasons to end a wait.
struct Both<'a>(&'a Receiver<Reply>, Option<&'a dyn Wake>);

impl Wake for Both<'_> {
    fn register<'a>(&'a self, select: &mut Select<'a>) {
        select.recv(self.0);
        if let Some(wake) = self.1 {
            wake.register(select);
        }
    }
}

impl Pool for ProgramPool {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn send(&mut self, task: Task) {
        match (task.kind, &mut self.expressions) {
            (TaskKind::Keys | TaskKind::Costs, Some(expressions)) => expressions.send(task),
            _ => drop(self.messages.send(Message::Task(Box::new(task)))),
        }
    }

    fn reply(&mut self, patience: Duration, wake: Option<&dyn Wake>) -> Option<Reply> {
        loop {
            match self.receive(patience, wake)? {
                (which, Reply::Gone) => {
                    self.gone[which] = true;
                    if self.gone == [true, true] {
                        return Some(Reply::Gone);
                    }
                }
                (_, reply) => return Some(reply),
            }
        }
    }

    fn cancel(&mut self, level: CancelLevel) {
        let _ = self.messages.send(Message::Cancel(level));
        if let Some(expressions) = &mut self.expressions {
            expressions.cancel(level);
        }
    }

    fn close(&mut self) {
        let _ = self.messages.send(Message::Close);
        if let Some(expressions) = &mut self.expressions {
            expressions.close();
        }
    }

    fn farewell(&self) -> Duration {
        PATIENCE + Duration::from_secs(1)
    }
}
