//! `retries.when` is asked of failed attempts by a Lua worker on a thread of its own, which can be confined as workers are;
//! a thread that starts programs cannot.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::engine::pool::options::PoolOptions;
use crate::lua::{self, Failure, Guard, Watchdog, Worker};

/// A failed attempt, and its number.
type Question = (Box<Failure>, u32);

/// The thread, which is started with the first failure.
pub(super) struct Judge {
    options: Arc<PoolOptions>,
    watchdog: Arc<Watchdog>,
    thread: Option<(Sender<Question>, Receiver<Box<Failure>>)>,
}

impl Judge {
    pub(super) fn new(options: Arc<PoolOptions>, watchdog: Arc<Watchdog>) -> Self {
        Self { options, watchdog, thread: None }
    }

    /// Takes the retry away where the expression says so.
    pub(super) fn decide(&mut self, failure: Box<Failure>, attempt: u32) -> Box<Failure> {
        if self.options.worker.retry_when.is_none() || !failure.retryable {
            return failure;
        }
        let (options, watchdog) = (&self.options, &self.watchdog);
        let thread = self.thread.get_or_insert_with(|| start(Arc::clone(options), Arc::clone(watchdog)));
        let kept = failure.clone();
        let asked = thread.0.send((failure, attempt)).ok().and_then(|()| thread.1.recv().ok());
        // Without an answer there is no retry, as when the expression fails.
        asked.unwrap_or_else(|| {
            let message = format!("{} (and `retries.when` could not be asked)", kept.message);
            Box::new(Failure { message, retryable: false, ..*kept })
        })
    }
}

fn start(options: Arc<PoolOptions>, watchdog: Arc<Watchdog>) -> (Sender<Question>, Receiver<Box<Failure>>) {
    let (asks, questions) = bounded::<Question>(1);
    let (sender, answers) = bounded(1);
    let body = move || {
        options.worker.scope.permissions.confine();
        let guard = Guard::new(Arc::clone(&options.cancel), options.step, None);
        let Ok(worker) = Worker::new(&options.script, &options.worker, &guard, &watchdog) else { return };
        for (mut failure, attempt) in questions {
            worker.decide_retry(&mut failure, attempt);
            if sender.send(failure).is_err() {
                return;
            }
        }
    };
    // Where no thread is to be had, the channels are closed, and that is the answer.
    let _ = std::thread::Builder::new().name("retries".to_owned()).stack_size(lua::STACK).spawn(body);
    (asks, answers)
}
