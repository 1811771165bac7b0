//! The expected pauses are those that a breaker must make, found from what is told to it and by what the language says.

use std::time::Duration;

use super::Outcome;
use crate::schedule::{Breaker, Start};

/// What a breaker must have come to so far.
pub(super) struct ExpectedPauses {
    breaker: Option<Breaker>,
    row: u32,
    /// The pauses since all was well last: one, or several of which each trial failed.
    pauses: u32,
    until: Duration,
    trial: Option<u64>,
}

impl ExpectedPauses {
    pub(super) fn new(breaker: Option<Breaker>) -> Self {
        Self { breaker, row: 0, pauses: 0, until: Duration::ZERO, trial: None }
    }

    /// An attempt may start only when there is no pause, or as the one that tries after it.
    pub(super) fn begin(&mut self, now: Duration, start: &Start) {
        if self.breaker.is_none() {
            return;
        }
        assert_eq!(start.count, 1, "items travel alone under a breaker");
        if self.pauses > 0 {
            assert!(now >= self.until, "{start:?} starts at {now:?}, in the pause until {:?}", self.until);
            assert_eq!(self.trial, None, "{start:?} starts beside the item that tries");
            self.trial = Some(start.first);
        }
    }

    pub(super) fn put_back(&mut self, index: u64) {
        self.trial.take_if(|trial| *trial == index);
    }

    pub(super) fn hear(&mut self, now: Duration, index: u64, outcome: Outcome) {
        let Some(breaker) = self.breaker else { return };
        if self.pauses > 0 && self.trial != Some(index) {
            return;
        }
        self.trial = None;
        match outcome {
            Outcome::Success | Outcome::Skip => (self.row, self.pauses) = (0, 0),
            Outcome::Failure { retryable: true, .. } => {
                self.row += 1;
                if self.row >= breaker.after {
                    let pause =
                        (0..self.pauses).fold(breaker.pause, |pause, _| (pause * 2).min(breaker.max_pause));
                    self.until = now + pause.min(breaker.max_pause);
                    self.pauses += 1;
                }
            }
            Outcome::Failure { .. } | Outcome::BadRow => {}
        }
    }
}
