//! Yields: while a worker could start and nothing waits, the shard with the most time left is asked for its rest, one at a
//! time. So neither the first cut nor the speed of nodes has to be right, and no item is computed twice for it.

use std::time::Duration;

use super::action::Action;
use super::machine::Fleet;
use super::stem::Place;
use super::wave::Phase;

/// What is over sooner is not worth the start of another worker.
const WORTH: Duration = Duration::from_secs(60);
/// A worker that has not given back its rest by then keeps nobody else from being asked.
const PATIENCE: Duration = Duration::from_secs(30);

impl Fleet {
    /// Asks one worker, if one should be.
    pub(super) fn ask_for_rest(&mut self, now: Duration) {
        self.forget_yields();
        let pending = self.yields.0.iter().any(|(_, since)| now.saturating_sub(*since) < PATIENCE);
        let waits = !self.waiting.is_empty() || !self.lagging.is_empty() || !self.ended.is_empty();
        if self.ending.is_ending() || pending || waits || self.free() == 0 {
            return;
        }
        if self.live_jobs().any(|(_, job)| job.phase != Phase::Running) {
            return;
        }
        let working = self.stems.iter().filter(|(_, stem)| matches!(stem.place, Place::Working(_)));
        let worth = working.filter_map(|(number, stem)| Some((stem.time_left()?, number)));
        let longest = worth.filter(|(left, number)| *left > WORTH && !self.yields.asks(*number)).max();
        if let Some((_, stem)) = longest {
            self.yields.0.push((stem, now));
            self.control();
        }
    }

    /// Shards whose worker is gone are asked no more: the next worker would have to give back all of it at once.
    fn forget_yields(&mut self) {
        let (stems, before) = (&self.stems, self.yields.0.len());
        self.yields.0.retain(|(stem, _)| matches!(stems.get(*stem).place, Place::Working(_)));
        if self.yields.0.len() < before {
            self.control();
        }
    }

    /// Says anew what workers should do.
    pub(super) fn control(&mut self) {
        let yields = self.yields.0.iter().map(|(stem, _)| self.stems.get(*stem).id.clone()).collect();
        self.actions.push_back(Action::Control { halt: self.ending.halt(), yields });
    }
}
