//! This module takes errands out of a VM, and brings their results back to their worker, which it wakes.

use std::cell::Cell;
use std::fmt;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use tokio::task::AbortHandle;

use super::{Errand, Halt, Landing, runtime};
use crate::lua::clock;

/// What is said of an errand whose work panicked, as the runtime does when it gets no thread.
const LOST: &str = "the operation is lost; the system may be out of threads or memory";

/// What an errand came to. Opaque outside: workers take it back.
pub struct Arrival {
    pub(in crate::lua) id: u64,
    pub(in crate::lua) at: Instant,
    pub(in crate::lua) landing: Landing,
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival").field("id", &self.id).field("at", &self.at).finish_non_exhaustive()
    }
}

/// The errands of one VM.
pub(in crate::lua) struct Post {
    sender: Sender<Arrival>,
    receiver: Receiver<Arrival>,
    next: Cell<u64>,
}

/// An errand on its way. Dropping it ends the errand at once.
pub(in crate::lua) struct Pending {
    pub(in crate::lua) id: u64,
    task: Option<AbortHandle>,
    halt: Option<Halt>,
}

/// Sees to it that an errand comes to something, whatever becomes of its work.
struct Courier {
    id: u64,
    sender: Sender<Arrival>,
    delivered: bool,
}

impl Post {
    pub(in crate::lua) fn new() -> Self {
        let (sender, receiver) = unbounded();
        Self { sender, receiver, next: Cell::new(0) }
    }

    /// Starts an errand whose arrival the worker will find in [`Post::arrivals`].
    pub(in crate::lua) fn send(&self, errand: Errand) -> Pending {
        let id = self.next.get();
        self.next.set(id + 1);
        start(errand, id, self.sender.clone())
    }

    /// Where arrivals come in. An errand that was dropped may arrive all the same.
    pub(in crate::lua) fn arrivals(&self) -> &Receiver<Arrival> {
        &self.receiver
    }
}

/// Does an errand while the thread waits, and looks up each time `nap` has passed: `due` may end it.
pub(in crate::lua) fn attend<E>(
    errand: Errand,
    nap: Duration,
    due: impl Fn() -> Option<E>,
) -> Result<Landing, E> {
    let (sender, receiver) = bounded(1);
    let _pending = start(errand, 0, sender);
    loop {
        if let Some(end) = due() {
            return Err(end);
        }
        if let Ok(arrival) = receiver.recv_timeout(nap) {
            return Ok(arrival.landing);
        }
    }
}

fn start(errand: Errand, id: u64, sender: Sender<Arrival>) -> Pending {
    let Errand { work, halt } = errand;
    let mut courier = Courier { id, sender, delivered: false };
    let task = match runtime::handle() {
        Ok(runtime) => {
            let task = runtime.spawn(async move {
                let landing = work.await;
                courier.deliver(landing);
            });
            Some(task.abort_handle())
        }
        Err(error) => {
            let error = format!("cannot start a thread: {error}");
            courier.deliver(Box::new(move |_| Err(mlua::Error::runtime(error))));
            None
        }
    };
    Pending { id, task, halt }
}

impl Courier {
    fn deliver(&mut self, landing: Landing) {
        self.delivered = true;
        // Nobody waits any more when the worker is gone.
        let _ = self.sender.try_send(Arrival { id: self.id, at: clock::now(), landing });
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        if !self.delivered {
            self.deliver(Box::new(|_| Err(mlua::Error::runtime(LOST))));
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(halt) = self.halt.take() {
            halt();
        }
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
