//! An errand is what an item has done elsewhere while it waits: a request, a program. One runtime of the process, a
//! single thread that starts with the first errand, works all of them off.
//!
//! `raw` decides how an item waits, the worker when it goes on, and the host modules what the work is.

mod post;
mod runtime;

pub use post::Arrival;
pub(super) use post::{Pending, Post, attend};
pub use runtime::start_errands;
pub(super) use runtime::{files_given, unconfined};

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;

use mlua::{Lua, Value};

/// Makes values of what an errand came to, on the thread of the VM that they are for.
pub(super) type Landing = Box<dyn FnOnce(&Lua) -> mlua::Result<Value> + Send>;

/// Work to be done elsewhere. Dropping it ends it.
pub(super) struct Errand {
    work: Pin<Box<dyn Future<Output = Landing> + Send>>,
    halt: Option<Halt>,
}

/// What ends at once, on the thread that asks for it, what dropping the work would only end a moment later.
type Halt = Box<dyn FnOnce() + Send>;

impl Errand {
    pub(super) fn new(work: impl Future<Output = Landing> + Send + 'static) -> Self {
        Self { work: Box::pin(work), halt: None }
    }

    /// Adds what has to happen before whoever drops it goes on.
    pub(super) fn with_halt(mut self, halt: impl FnOnce() + Send + 'static) -> Self {
        self.halt = Some(Box::new(halt));
        self
    }
}

/// An errand that has not begun. It is told whether the attempt has a deadline of its own.
pub(super) type Order = Box<dyn FnOnce(bool) -> Errand>;

/// What passes between a host function and the wait for what it ordered.
pub(super) enum Parcel {
    Order(Order),
    Landed(Landing),
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Order(_) => "Order",
            Self::Landed(_) => "Landed",
        })
    }
}

/// Where the parcel of the running item lies. One for each VM.
#[derive(Default)]
pub(super) struct Desk(Cell<Option<Parcel>>);

impl Desk {
    pub(super) fn put(&self, parcel: Option<Parcel>) {
        self.0.set(parcel);
    }

    pub(super) fn take(&self) -> Option<Parcel> {
        self.0.take()
    }

    /// The order, if there is one.
    pub(super) fn order(&self) -> Option<Order> {
        match self.take() {
            Some(Parcel::Order(order)) => Some(order),
            _ => None,
        }
    }

    /// What was waited for, if it is there.
    pub(super) fn landing(&self) -> Option<Landing> {
        match self.take() {
            Some(Parcel::Landed(landing)) => Some(landing),
            _ => None,
        }
    }
}
