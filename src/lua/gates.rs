//! Gates are the rate limits that requests take one of each. Whoever knows the limits says when one may pass; the request
//! waits for that on the runtime.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

/// One rate limit, for requests.
pub trait Gate: fmt::Debug + Send + Sync {
    /// Takes one of the limit now.
    ///
    /// # Errors
    /// Says after which time to ask again.
    fn pass(&self) -> Result<(), Duration>;
}

/// The gates of a run, by the names of their limits.
#[derive(Debug, Clone, Default)]
pub struct Gates(Arc<BTreeMap<String, Arc<Entrance>>>);

/// A gate, and the queue of those who wait at it.
#[derive(Debug)]
pub(super) struct Entrance {
    gate: Box<dyn Gate>,
    /// Whoever holds it is next; the others get it in the order in which they came.
    queue: Mutex<()>,
}

impl FromIterator<(String, Box<dyn Gate>)> for Gates {
    fn from_iter<T: IntoIterator<Item = (String, Box<dyn Gate>)>>(gates: T) -> Self {
        let entrance = |(name, gate)| (name, Arc::new(Entrance { gate, queue: Mutex::new(()) }));
        Self(Arc::new(gates.into_iter().map(entrance).collect()))
    }
}

impl Gates {
    /// The gate of this limit.
    pub(super) fn get(&self, limit: &str) -> Option<Arc<Entrance>> {
        self.0.get(limit).cloned()
    }

    /// The names of the limits.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Entrance {
    /// Waits until it may pass. Dropping this ends the wait, and takes nothing.
    pub(super) async fn enter(&self) {
        let _turn = self.queue.lock().await;
        while let Err(wait) = self.gate.pass() {
            tokio::time::sleep(wait).await;
        }
    }
}
