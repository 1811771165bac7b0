//! A world says what comes of every attempt, how long it takes, and what goes wrong with the workers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::event::FailureKind;

/// What comes of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Comes {
    /// This many results; a `filter` lets the item go with none.
    Results(u64),
    Skip,
    Fail {
        kind: FailureKind,
        retryable: bool,
        after: Option<Duration>,
    },
    BadRow,
    /// A fault of flowrun itself.
    Panic,
    /// The worker never comes back from it.
    Stuck,
}

impl Comes {
    /// An error that another attempt may mend.
    pub(super) fn error() -> Self {
        Self::Fail { kind: FailureKind::Error, retryable: true, after: None }
    }

    /// `flow.fail`: no other attempt can mend it.
    pub(super) fn for_good() -> Self {
        Self::Fail { kind: FailureKind::Error, retryable: false, after: None }
    }
}

/// A made-up world. What it does not say goes well, in a millisecond.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    /// By index and attempt; attempt 0 stands for every attempt.
    pub(super) comes: BTreeMap<(u64, u32), Comes>,
    /// How long the attempts of an item take.
    pub(super) takes: BTreeMap<u64, Duration>,
    /// Tasks whose reply comes so much later.
    pub(super) late: BTreeMap<u64, Duration>,
    /// Tasks whose report comes twice.
    pub(super) twice: BTreeSet<u64>,
    /// Tasks that are taken back when this much of them is done.
    pub(super) given_back: BTreeMap<u64, usize>,
    /// The function cannot be loaded.
    pub(super) unusable: bool,
    /// The expression of `key:` cannot be loaded.
    pub(super) keys_unusable: bool,
    /// All workers go after so many tasks.
    pub(super) gone_after: Option<u64>,
    /// The pool cannot go on after so many tasks.
    pub(super) fails_after: Option<u64>,
    /// When the run is interrupted, by the clock of the step.
    pub(super) interrupts: Vec<Duration>,
    /// Workers do not heed that they are to stop at once.
    pub(super) deaf: bool,
    /// Items that have no key.
    pub(super) keyless: BTreeSet<u64>,
}

impl World {
    /// With this for every attempt of an item.
    pub(super) fn always(mut self, index: u64, comes: Comes) -> Self {
        self.comes.insert((index, 0), comes);
        self
    }

    /// With this for one attempt of an item.
    pub(super) fn once(mut self, index: u64, attempt: u32, comes: Comes) -> Self {
        self.comes.insert((index, attempt), comes);
        self
    }

    /// Attempts of an item take so many milliseconds.
    pub(super) fn takes(mut self, index: u64, millis: u64) -> Self {
        self.takes.insert(index, Duration::from_millis(millis));
        self
    }

    /// Interrupts the run at this time of the step, in milliseconds.
    pub(super) fn interrupt(mut self, millis: u64) -> Self {
        self.interrupts.push(Duration::from_millis(millis));
        self
    }

    /// What comes of an attempt.
    pub(super) fn of(&self, index: u64, attempt: u32) -> Comes {
        let once = self.comes.get(&(index, attempt));
        once.or_else(|| self.comes.get(&(index, 0))).cloned().unwrap_or(Comes::Results(1))
    }

    /// How long it takes.
    pub(super) fn time(&self, index: u64) -> Duration {
        self.takes.get(&index).copied().unwrap_or(Duration::from_millis(1))
    }
}
