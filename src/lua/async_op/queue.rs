//! This module takes operations out of a VM, and brings their results back to their worker, which it wakes.

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::{AsyncOp, Completion, Halt, LastWords};
use crate::runtime::{self, Task, clock};

/// What is said of an operation whose work panicked, as the runtime does when it gets no thread.
const LOST: &str = "the operation is lost; the system may be out of threads or memory";

/// What an operation came to. Opaque outside: workers take it back.
pub struct Completed {
    pub(in crate::lua) id: u64,
    pub(in crate::lua) at: Instant,
    pub(in crate::lua) completion: Completion,
}

impl fmt::Debug for Completed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completed").field("id", &self.id).field("at", &self.at).finish_non_exhaustive()
    }
}

/// The operations of one VM.
pub(in crate::lua) struct Queue {
    sender: Sender<Completed>,
    receiver: Receiver<Completed>,
    next: Cell<u64>,
}

/// An operation on its way. Dropping it ends the operation at once.
pub(in crate::lua) struct InFlight {
    pub(in crate::lua) id: u64,
    /// Dropped after the halt, which comes first.
    _task: Option<Task>,
    halt: Option<Halt>,
    last_words: Option<LastWords>,
}

/// Sees to it that an operation comes to something, whatever becomes of its work.
struct Completer {
    id: u64,
    sender: Sender<Completed>,
    completed: bool,
}

impl Queue {
    pub(in crate::lua) fn new() -> Self {
        let (sender, receiver) = unbounded();
        Self { sender, receiver, next: Cell::new(0) }
    }

    /// Starts an operation whose completion the worker will find in [`Queue::completed`].
    pub(in crate::lua) fn send(&self, async_op: AsyncOp) -> InFlight {
        let id = self.next.get();
        self.next.set(id + 1);
        start(async_op, id, self.sender.clone())
    }

    /// Where completions come in. An operation that was dropped may complete all the same.
    pub(in crate::lua) fn completed(&self) -> &Receiver<Completed> {
        &self.receiver
    }
}

/// Does an operation while the thread waits, and looks up each time `nap` has passed: `due` may end it, which is answered
/// with what it has to tell then.
pub(in crate::lua) fn attend<E>(
    async_op: AsyncOp,
    nap: Duration,
    due: impl Fn() -> Option<E>,
) -> Result<Completion, (E, Option<String>)> {
    let (sender, receiver) = bounded(1);
    let in_flight = start(async_op, 0, sender);
    loop {
        if let Some(end) = due() {
            return Err((end, in_flight.end()));
        }
        if let Ok(completed) = receiver.recv_timeout(nap) {
            return Ok(completed.completion);
        }
    }
}

fn start(async_op: AsyncOp, id: u64, sender: Sender<Completed>) -> InFlight {
    let AsyncOp { work, halt, last_words } = async_op;
    let mut courier = Completer { id, sender, completed: false };
    let task = match runtime::executor() {
        Ok(executor) => Some(executor.spawn(async move {
            let completion = work.await;
            courier.complete(completion);
        })),
        Err(error) => {
            let error = format!("cannot start a thread: {error}");
            courier.complete(Box::new(move |_| Err(mlua::Error::runtime(error))));
            None
        }
    };
    InFlight { id, _task: task, halt, last_words }
}

impl InFlight {
    /// Ends the operation, and answers what it has to tell then.
    pub(in crate::lua) fn end(mut self) -> Option<String> {
        if let Some(halt) = self.halt.take() {
            halt();
        }
        self.last_words.take().and_then(|last_words| last_words())
    }
}

impl Completer {
    fn complete(&mut self, completion: Completion) {
        self.completed = true;
        // Nobody waits any more when the worker is gone.
        let _ = self.sender.try_send(Completed { id: self.id, at: clock::now(), completion });
    }
}

impl Drop for Completer {
    fn drop(&mut self) {
        if !self.completed {
            self.complete(Box::new(|_| Err(mlua::Error::runtime(LOST))));
        }
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(halt) = self.halt.take() {
            halt();
        }
    }
}
