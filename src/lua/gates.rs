//! Gates are the rate limits that requests take one of each. Whoever knows the limits says when one may pass; the request
//! waits for that on the runtime.

mod waits;

pub use waits::{GateWait, GateWaits};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as Queue;

use crate::runtime::clock;

/// One rate limit, for requests.
pub trait Gate: fmt::Debug + Send + Sync {
    /// Takes one of the limit now.
    ///
    /// # Errors
    /// Says after which time to ask again.
    fn pass(&self) -> Result<(), Duration>;
}

/// The gates of a run, by the names of their limits, as the requests of one step see them.
#[derive(Debug, Clone, Default)]
pub struct Gates {
    entrances: Arc<BTreeMap<String, Arc<Entrance>>>,
    waits: Arc<GateWaits>,
}

/// A gate, and the queue of those who wait at it.
#[derive(Debug)]
struct Entrance {
    limit: Arc<str>,
    gate: Box<dyn Gate>,
    /// Whoever holds it is next; the others get it in the order in which they came.
    queue: Queue<()>,
    waiting: Mutex<WaitingSteps>,
}

/// The steps whose requests wait at one gate.
#[derive(Debug, Default)]
struct WaitingSteps {
    /// Until when whoever is next has to wait, as far as that is known.
    until: Option<Instant>,
    /// Each with how many of its requests wait.
    steps: Vec<(Arc<GateWaits>, usize)>,
}

/// The gate that a request wants to pass, and the step that it is a part of.
#[derive(Debug)]
pub(super) struct Visit {
    entrance: Arc<Entrance>,
    waits: Arc<GateWaits>,
}

/// A request that waits. Dropping this ends that.
struct WaitingRequest<'a>(&'a Visit);

impl FromIterator<(String, Box<dyn Gate>)> for Gates {
    fn from_iter<T: IntoIterator<Item = (String, Box<dyn Gate>)>>(gates: T) -> Self {
        let entrance = |(name, gate): (String, Box<dyn Gate>)| {
            let limit = Arc::from(name.as_str());
            let (queue, waiting) = (Queue::new(()), Mutex::default());
            (name, Arc::new(Entrance { limit, gate, queue, waiting }))
        };
        Self { entrances: Arc::new(gates.into_iter().map(entrance).collect()), waits: Arc::default() }
    }
}

impl Gates {
    /// The same gates, for a step that wants to know what its requests wait for.
    #[must_use]
    pub fn of_step(&self, waits: &Arc<GateWaits>) -> Self {
        Self { entrances: Arc::clone(&self.entrances), waits: Arc::clone(waits) }
    }

    /// The gate of this limit.
    pub(super) fn get(&self, limit: &str) -> Option<Visit> {
        let entrance = Arc::clone(self.entrances.get(limit)?);
        Some(Visit { entrance, waits: Arc::clone(&self.waits) })
    }

    /// The names of the limits.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entrances.keys().map(String::as_str)
    }
}

impl Visit {
    /// Waits until it may pass. Dropping this ends the wait, and takes nothing.
    pub(super) async fn enter(&self) {
        let entrance = &*self.entrance;
        // Most requests find nobody waiting and room in the limit; they leave no trace.
        if entrance.queue.try_lock().is_ok_and(|_turn| entrance.gate.pass().is_ok()) {
            return;
        }
        let _waiting = self.wait();
        let _turn = entrance.queue.lock().await;
        while let Err(wait) = entrance.gate.pass() {
            entrance.tell_all(wait);
            tokio::time::sleep(wait).await;
        }
    }

    /// Counts as one more that waits, and tells its step until when, if that is known.
    fn wait(&self) -> WaitingRequest<'_> {
        let mut waiting = self.entrance.waiting();
        match waiting.steps.iter_mut().find(|(waits, _)| Arc::ptr_eq(waits, &self.waits)) {
            Some((_, requests)) => *requests += 1,
            None => waiting.steps.push((Arc::clone(&self.waits), 1)),
        }
        if let Some(until) = waiting.until {
            self.waits.tell(&self.entrance.limit, clock::now(), until);
        }
        WaitingRequest(self)
    }
}

impl Drop for WaitingRequest<'_> {
    fn drop(&mut self) {
        let Self(Visit { entrance, waits }) = self;
        let mut waiting = entrance.waiting();
        waiting.steps.retain_mut(|(step, requests)| {
            *requests -= usize::from(Arc::ptr_eq(step, waits));
            *requests > 0
        });
    }
}

impl Entrance {
    /// Whoever is next has to wait so long, and so have all who wait behind it.
    fn tell_all(&self, wait: Duration) {
        let now = clock::now();
        let until = now + wait;
        let mut waiting = self.waiting();
        waiting.until = Some(until);
        waiting.steps.iter().for_each(|(waits, _)| waits.tell(&self.limit, now, until));
    }

    /// A thread that panicked has left nothing half done here.
    fn waiting(&self) -> MutexGuard<'_, WaitingSteps> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
