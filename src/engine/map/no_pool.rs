//! A step whose items run in other processes has no workers here.

use std::time::{Duration, Instant};

use crate::engine::pool::{Limits, Pool, Reply, StepClock, Task, Wake};
use crate::lua::CancelLevel;
use crate::runtime::clock;

/// No workers.
pub(super) struct NoPool;

impl NoPool {
    /// The pool of a step that began then.
    pub(super) fn start(begun: Instant) -> (Box<dyn Pool>, StepClock) {
        (Box::new(Self), Box::new(move || clock::since(begun)))
    }
}

impl Pool for NoPool {
    fn limits(&self) -> Limits {
        Limits { tasks: 1, chunk_time: None }
    }

    fn send(&mut self, _task: Task) {}

    fn reply(&mut self, _patience: Duration, _wake: Option<&dyn Wake>) -> Option<Reply> {
        None
    }

    fn cancel(&mut self, _level: CancelLevel) {}

    fn close(&mut self) {}

    fn farewell(&self) -> Duration {
        Duration::ZERO
    }
}
