//! The queue holds the suspended items of a worker and knows which of them is next. The worker decides what is done
//! with it.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::lua::async_op::Completion;
use crate::lua::guard::Limits;
use crate::lua::options::{EndedAttempt, ItemJob};
use crate::lua::raw::{Coroutine, Timing, Wait};

/// The suspended items of a worker.
#[derive(Default)]
pub(in crate::lua::worker) struct SuspendedItems {
    pub(super) items: HashMap<u64, Suspended>,
    /// When to look at which of them. Ties are broken by number, so that the order is that of the suspensions.
    due: BTreeSet<(Instant, u64)>,
    /// Those that could run on, in the order of their turns.
    turns: VecDeque<u64>,
    /// Numbers of those that wait for an operation, by its id.
    operations: HashMap<u64, u64>,
    /// Number of the next item.
    next: u64,
    /// Items that ended together with the VM that they ran in.
    pub(super) lost: VecDeque<EndedAttempt>,
}

/// One suspended item.
pub(super) struct Suspended {
    pub(super) job: ItemJob,
    pub(super) coroutine: Coroutine,
    pub(super) wait: Wait,
    pub(super) limits: Limits,
    /// How long it could have run while others did.
    pub(super) kept: Duration,
    /// When it is in [`SuspendedItems::due`].
    pub(super) due: Option<Instant>,
}

impl Suspended {
    /// When it is to be looked at, unless its turn comes before.
    pub(super) fn due(&self, timing: &Timing) -> Option<Instant> {
        let times = match self.wait {
            Wait::Until(at) | Wait::Completed(at, ..) => [Some(at), self.limits.deadline.map(|(at, _)| at)],
            Wait::Elsewhere(_) => [None, self.limits.deadline.map(|(at, _)| at)],
            // Its timeout stands still meanwhile.
            Wait::Turn(_) => [timing.item(self.limits.started), None],
        };
        times.into_iter().flatten().chain(self.limits.notice).min()
    }

    /// The same, now that its operation has come to something.
    pub(super) fn completed(mut self, at: Instant, completion: Completion) -> Self {
        if let Wait::Elsewhere(in_flight) = self.wait {
            (self.wait, self.due) = (Wait::Completed(at, completion, in_flight), Some(at));
        }
        self
    }
}

impl SuspendedItems {
    pub(super) fn add(&mut self, suspended: Suspended) {
        if let Some(due) = suspended.due {
            self.due.insert((due, self.next));
        }
        match &suspended.wait {
            Wait::Turn(_) => self.turns.push_back(self.next),
            Wait::Elsewhere(pending) => {
                self.operations.insert(pending.id, self.next);
            }
            Wait::Until(_) | Wait::Completed(..) => {}
        }
        self.items.insert(self.next, suspended);
        self.next += 1;
    }

    fn remove(&mut self, number: u64) -> Option<Suspended> {
        let suspended = self.items.remove(&number)?;
        if let Some(due) = suspended.due {
            self.due.remove(&(due, number));
        }
        match &suspended.wait {
            Wait::Turn(_) => self.turns.retain(|other| *other != number),
            Wait::Elsewhere(pending) => {
                self.operations.remove(&pending.id);
            }
            Wait::Until(_) | Wait::Completed(..) => {}
        }
        Some(suspended)
    }

    /// The item that waits for this operation, unless it was given up.
    pub(super) fn take_operation(&mut self, id: u64) -> Option<Suspended> {
        let number = *self.operations.get(&id)?;
        self.remove(number)
    }

    /// The next item that is to be looked at by `now`.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Suspended> {
        let (due, number) = *self.due.first()?;
        if due > now { None } else { self.remove(number) }
    }

    /// The item whose turn it is.
    pub(super) fn take_turn(&mut self) -> Option<Suspended> {
        let number = *self.turns.front()?;
        self.remove(number)
    }

    pub(super) fn take_any(&mut self) -> Option<Suspended> {
        let first = self.due.first().map(|(_, number)| number).or(self.turns.front());
        let number = first.or_else(|| self.operations.values().next()).copied()?;
        self.remove(number)
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        let lost = self.lost.front().map(|ended| ended.started);
        let turn =
            self.turns.front().and_then(|number| self.items.get(number)).and_then(|item| item.wait.ready());
        let due = self.due.first().map(|(due, _)| *due);
        [lost, turn, due].into_iter().flatten().min()
    }
}
