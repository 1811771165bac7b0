//! This type makes what a worker has in hand known outside of it: should the worker never come back, its items are not
//! lost with it.
//!
//! The first to take them has them: the worker that is done, or the pool that has given it up. The other one gets
//! nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::task::Task;
use crate::lua::Guard;

/// Past its limit an attempt may run for that limit once more, and for this long at least: a machine under load must not
/// pass for a function that never returns.
const PATIENCE: Duration = if cfg!(test) { Duration::from_millis(100) } else { Duration::from_secs(1) };

/// A task that a worker has begun.
pub(super) struct HeldTask {
    token: u64,
    pub(super) number: u64,
    /// Index of its first item, and how many there are.
    pub(super) first: u64,
    pub(super) items: usize,
}

/// What one worker has in hand.
pub(super) struct InHand {
    pub(super) guard: Arc<Guard>,
    /// Of the expressions beside its function: `key:` first, then the costs in their order.
    pub(super) expression_guards: Vec<Arc<Guard>>,
    /// `None`: the worker was given up.
    held: Mutex<Option<Vec<HeldTask>>>,
}

impl InHand {
    pub(super) fn new(guard: Arc<Guard>, expression_guards: Vec<Arc<Guard>>) -> Arc<Self> {
        Arc::new(Self { guard, expression_guards, held: Mutex::new(Some(Vec::new())) })
    }

    fn held(&self) -> MutexGuard<'_, Option<Vec<HeldTask>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The worker begins this task.
    pub(super) fn hold(&self, token: u64, task: &Task) {
        if let Some(held) = &mut *self.held() {
            let (first, items) = (task.chunk.first, task.chunk.len());
            held.push(HeldTask { token, number: task.number, first, items });
        }
    }

    /// The worker is done with it; `false`: it was given up meanwhile, and its reply is not wanted any more.
    pub(super) fn release(&self, token: u64) -> bool {
        match &mut *self.held() {
            Some(held) => {
                held.retain(|held| held.token != token);
                true
            }
            None => false,
        }
    }

    /// Gives the worker up if it is stuck: the index of the item that it is stuck at, and all that it had in hand.
    pub(super) fn give_up(&self, now: Instant) -> Option<(u64, Vec<HeldTask>)> {
        let mut guards = std::iter::once(&self.guard).chain(&self.expression_guards);
        let index = guards.find_map(|guard| guard.stuck_at(now, PATIENCE))?;
        self.held().take().filter(|held| !held.is_empty()).map(|held| (index, held))
    }
}
