//! A thread pool runs the items of one map-like step on threads of a rayon pool with one Lua VM each, fed through a
//! channel. A worker that does not come back from a host function is given up, and another one takes its place.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::{Receiver, Select, Sender, bounded, unbounded};
use rayon::ThreadPoolBuilder;

use super::coroutines;
use super::in_hand::InHand;
use super::options::PoolOptions;
use super::programs::ProgramPool;
use super::task::{Reply, Task, TaskKind};
use super::worker_thread::{Left, WorkerParts, WorkerThread};
use super::{Limits, Pool, StartPool, StepClock, Wake};
use crate::engine::outcome::EngineError;
use crate::lua::{self, CancelLevel, Guard, Watchdog};
use crate::runtime::clock;

/// Starts pools of threads.
pub(in crate::engine) struct Threads<'a> {
    pub(in crate::engine) watchdog: &'a Arc<Watchdog>,
}

impl StartPool for Threads<'_> {
    fn start(&self, options: PoolOptions) -> Result<(Box<dyn Pool>, StepClock), EngineError> {
        let begun = options.begun;
        let (options, watchdog) = (Arc::new(options), Arc::clone(self.watchdog));
        let pool = start(options, watchdog)?;
        Ok((pool, Box::new(move || clock::since(begun))))
    }
}

fn start(options: Arc<PoolOptions>, watchdog: Arc<Watchdog>) -> Result<Box<dyn Pool>, EngineError> {
    let workers =
        |options, watchdog| ThreadPool::start(options, watchdog).map(|pool| Box::new(pool) as Box<dyn Pool>);
    let Some(program) = options.program.clone() else { return workers(options, watchdog) };
    let has_expressions = options.expressions() > 0;
    let expressions =
        has_expressions.then(|| workers(Arc::clone(&options), Arc::clone(&watchdog))).transpose()?;
    Ok(Box::new(ProgramPool::start(program, options, watchdog, expressions)?))
}

/// The threads with their channels. Dropping it lets the workers go.
struct ThreadPool {
    tasks: Option<Sender<Task>>,
    replies: Receiver<Reply>,
    /// What the pool itself has to say.
    own: VecDeque<Reply>,
    threads: usize,
    gone: usize,
    /// How many workers may be lost at once.
    given_up_max: usize,
    /// What its workers are made from.
    parts: WorkerParts,
    in_hand: Vec<Arc<InHand>>,
    /// Held so that their threads live as long as the step.
    pools: Vec<rayon::ThreadPool>,
}

impl ThreadPool {
    fn start(options: Arc<PoolOptions>, watchdog: Arc<Watchdog>) -> Result<Self, EngineError> {
        let threads = options.threads();
        // Never full: the coordinator hands in no more than the limits allow.
        let (task_sender, tasks) = unbounded();
        let (reply_sender, replies) = bounded(4096);
        let parts = WorkerParts { options, tasks, replies: reply_sender, watchdog, lost: Arc::default() };
        let mut pool = Self {
            tasks: Some(task_sender),
            replies,
            own: VecDeque::new(),
            threads: 0,
            gone: 0,
            given_up_max: threads,
            parts,
            in_hand: Vec::new(),
            pools: Vec::new(),
        };
        pool.add(threads)?;
        Ok(pool)
    }

    /// Starts so many workers more.
    fn add(&mut self, count: usize) -> Result<(), EngineError> {
        let before = self.in_hand.len();
        let pool = ThreadPoolBuilder::new()
            .num_threads(count)
            .stack_size(lua::STACK)
            .thread_name(move |number| format!("worker-{}", before + number + 1))
            .build()
            .map_err(|error| EngineError::System {
                intent: "start the workers",
                reason: error.to_string(),
            })?;
        let options = &self.parts.options;
        let guard = |slow_after| Guard::new(Arc::clone(&options.cancel), options.step, slow_after);
        let others = || (0..options.expressions()).map(|_| guard(None)).collect();
        let in_hand = || InHand::new(guard(options.slow_after), others());
        let in_hand: Vec<Arc<InHand>> = (0..count).map(|_| in_hand()).collect();
        self.in_hand.extend(in_hand.iter().cloned());
        let parts = self.parts.clone();
        pool.spawn_broadcast(move |context| {
            let number = (before + context.index()) as u32 + 1;
            let thread =
                WorkerThread { number, parts: parts.clone(), in_hand: Arc::clone(&in_hand[context.index()]) };
            carry_out(&thread);
        });
        self.threads += count;
        self.pools.push(pool);
        Ok(())
    }

    /// Gives up the workers that are stuck, and puts others in their place.
    fn give_up_stuck(&mut self) {
        let is_over = self.parts.options.cancel.level() == CancelLevel::Interrupt;
        if is_over || !self.parts.options.has_limit() {
            return;
        }
        let now = clock::now();
        let stuck: Vec<_> = self.in_hand.iter().filter_map(|in_hand| in_hand.give_up(now)).collect();
        for (index, held) in stuck {
            for task in held {
                // In a chunk of several nobody knows what became of the others.
                let stuck = task.items == 1 && task.first == index;
                if stuck {
                    self.parts.lost.fetch_add(1, Ordering::Relaxed);
                }
                self.own.push_back(Reply::Lost { task: task.number, stuck });
            }
            self.replace();
        }
    }

    /// Puts another worker in the place of one that was given up, unless there were too many of those.
    fn replace(&mut self) {
        // It does not say any more when it is gone.
        self.threads -= 1;
        let failed = if self.parts.lost.load(Ordering::Relaxed) > self.given_up_max {
            Some(
                "too many of its workers did not come back from host functions; see the failed items"
                    .to_owned(),
            )
        } else {
            self.add(1).err().map(|error| error.to_string())
        };
        self.own.extend(failed.map(Reply::Failed));
    }

    fn receive(&self, patience: Duration, wake: Option<&dyn Wake>) -> Option<Reply> {
        let Some(wake) = wake else { return self.replies.recv_timeout(patience).ok() };
        let mut select = Select::new();
        select.recv(&self.replies);
        wake.register(&mut select);
        // Whatever is ready, both are looked at.
        let _ = select.ready_timeout(patience);
        self.replies.try_recv().ok()
    }
}

/// Works on one thread until no more tasks come.
fn carry_out(thread: &WorkerThread) {
    // Whatever happens in it, rayon would end the whole process for a panic.
    let left = catch_unwind(AssertUnwindSafe(|| work(thread))).unwrap_or_else(|panic| {
        thread.say_unusable(&*panic);
        Left::Done
    });
    if left == Left::Done {
        thread.say(Reply::Gone);
    } else {
        // It has come back after all: its thread is no longer lost. One that was given up with a chunk of several items was
        // never counted.
        let less = |lost: usize| Some(lost.saturating_sub(1));
        let _ = thread.parts.lost.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

fn work(thread: &WorkerThread) -> Left {
    let Some(mut vms) = thread.begin() else { return Left::Done };
    let options = &thread.parts.options;
    if options.coroutines {
        return coroutines::run(thread, &mut vms, options.concurrency.div_ceil(options.threads()));
    }
    while let Ok(task) = thread.parts.tasks.recv() {
        let left = match task.kind {
            TaskKind::Run => thread.run_chunk(&mut vms, task),
            TaskKind::Keys => thread.find_keys(&mut vms, &task),
            TaskKind::Costs => thread.find_costs(&mut vms, &task),
        };
        if let Some(left) = left {
            return left;
        }
    }
    Left::Done
}

impl Pool for ThreadPool {
    fn limits(&self) -> Limits {
        self.parts.options.limits()
    }

    fn send(&mut self, task: Task) {
        if let Some(sender) = &self.tasks {
            let _ = sender.send(task);
        }
    }

    fn reply(&mut self, patience: Duration, wake: Option<&dyn Wake>) -> Option<Reply> {
        loop {
            if let Some(own) = self.own.pop_front() {
                return Some(own);
            }
            match self.receive(patience, wake) {
                Some(Reply::Gone) => {
                    self.gone += 1;
                    if self.gone == self.threads {
                        return Some(Reply::Gone);
                    }
                }
                Some(reply) => return Some(reply),
                None => {
                    self.give_up_stuck();
                    if self.own.is_empty() {
                        return None;
                    }
                }
            }
        }
    }

    fn cancel(&mut self, level: CancelLevel) {
        self.parts.options.cancel.raise(level);
    }

    fn close(&mut self) {
        self.tasks = None;
    }
}
