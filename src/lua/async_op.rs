//! An asynchronous operation is what an item has done elsewhere while it waits: a request, a program. The
//! runtime of the process works all of them off.
//!
//! `raw` decides how an item waits, the worker when it goes on, and the host modules what the work is.

mod queue;

pub use queue::Completed;
pub(super) use queue::{InFlight, Queue, attend};

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;

use mlua::{Lua, Value};

/// Makes values of what an operation came to, on the thread of the VM that they are for.
pub(super) type Completion = Box<dyn FnOnce(&Lua) -> mlua::Result<Value> + Send>;

/// Work to be done elsewhere. Dropping it ends it.
pub(super) struct AsyncOp {
    work: Pin<Box<dyn Future<Output = Completion> + Send>>,
    halt: Option<Halt>,
    last_words: Option<LastWords>,
}

/// What ends at once, on the thread that asks for it, what dropping the work would only end a moment later.
type Halt = Box<dyn FnOnce() + Send>;

/// What work that was ended has to tell: the fields of an error, as a JSON object.
type LastWords = Box<dyn FnOnce() -> Option<String> + Send>;

impl AsyncOp {
    pub(super) fn new(work: impl Future<Output = Completion> + Send + 'static) -> Self {
        Self { work: Box::pin(work), halt: None, last_words: None }
    }

    /// Adds what has to happen before whoever drops it goes on.
    pub(super) fn with_halt(mut self, halt: impl FnOnce() + Send + 'static) -> Self {
        self.halt = Some(Box::new(halt));
        self
    }

    /// Adds what is to be told of it when it is ended before it came to something.
    pub(super) fn with_last_words(
        mut self,
        last_words: impl FnOnce() -> Option<String> + Send + 'static,
    ) -> Self {
        self.last_words = Some(Box::new(last_words));
        self
    }
}

/// An operation that has not begun. It is told whether the attempt has a deadline of its own.
pub(super) type Unstarted = Box<dyn FnOnce(bool) -> AsyncOp>;

/// What passes between a host function and the wait for what it asked for.
pub(super) enum Pending {
    Unstarted(Unstarted),
    Done(Completion),
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unstarted(_) => "Unstarted",
            Self::Done(_) => "Done",
        })
    }
}

/// Where the pending operation of the running item lies. One for each VM.
#[derive(Default)]
pub(super) struct Slot(Cell<Option<Pending>>);

impl Slot {
    pub(super) fn put(&self, pending: Option<Pending>) {
        self.0.set(pending);
    }

    pub(super) fn take(&self) -> Option<Pending> {
        self.0.take()
    }

    /// The operation that is to start, if there is one.
    pub(super) fn unstarted(&self) -> Option<Unstarted> {
        match self.take() {
            Some(Pending::Unstarted(unstarted)) => Some(unstarted),
            _ => None,
        }
    }

    /// What was waited for, if it is there.
    pub(super) fn completion(&self) -> Option<Completion> {
        match self.take() {
            Some(Pending::Done(completion)) => Some(completion),
            _ => None,
        }
    }
}
