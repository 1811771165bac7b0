//! A place is where one process of a crew is, and what is in flight in it.

use std::collections::VecDeque;
use std::time::Duration;

/// What a process is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is none.
    #[default]
    Absent,
    /// It has not said anything yet.
    Starting,
    /// It has said something.
    Up {
        /// Whether it works on all that is in flight at once.
        parallel: bool,
    },
    /// It is to end by itself, because nothing more comes.
    Closing,
    /// It is being ended.
    Ending,
}

/// One attempt of one item.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    /// The number by which the crew's user knows it.
    pub number: u64,
    /// When all attempts of the item are over, where an earlier one has set that. Times count from the step's beginning.
    pub deadline: Option<Duration>,
}

/// An attempt that is in no process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) job: Job,
    /// When it was first begun, in a process that ended through no fault of its.
    pub(super) first_begun: Option<Duration>,
}

/// An attempt in a process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flying {
    pub(super) job: Job,
    pub(super) id: u64,
    pub(super) sent: Duration,
    /// When the program must have begun with it.
    pub(super) begun: Option<Duration>,
    first_begun: Option<Duration>,
    /// Whether it has ended by its deadline before its process came to it, which still will answer.
    pub(super) is_over: bool,
}

impl Flying {
    pub(super) fn waiting(&self) -> Waiting {
        Waiting { job: self.job, first_begun: self.first_begun.or(self.begun) }
    }

    pub(super) fn duration(&self, now: Duration) -> Duration {
        now.saturating_sub(self.begun.unwrap_or(self.sent))
    }

    fn begin(&mut self, now: Duration) {
        self.begun.get_or_insert(now);
        self.first_begun.get_or_insert(now);
    }

    /// When all attempts of its item are over.
    pub(super) fn deadline(&self, limit: Option<Duration>) -> Option<Duration> {
        self.job.deadline.or_else(|| Some(self.first_begun? + limit?))
    }
}

/// One process, or room for one.
#[derive(Debug, Default)]
pub(super) struct Place {
    pub(super) phase: Phase,
    /// In the order in which they were sent.
    pub(super) flying: VecDeque<Flying>,
    pub(super) started: Duration,
    /// Whether it has answered anything since.
    pub(super) has_answered: bool,
    /// Whether nothing else may be sent beside what is in flight.
    pub(super) is_alone: bool,
}

impl Place {
    /// Whether one more may be sent to it, if so many may be in flight.
    pub(super) fn is_free(&self, lanes: usize) -> bool {
        let is_open = matches!(self.phase, Phase::Absent | Phase::Starting | Phase::Up { .. });
        is_open && !self.is_alone && self.flying.len() < lanes
    }

    /// The least is taken first: one that has shown itself before one that is starting, the one with the least to do, and one
    /// that is there before one that must be started.
    pub(super) fn preference(&self) -> (bool, usize, bool) {
        let is_starting = self.phase == Phase::Starting && !self.flying.is_empty();
        (is_starting, self.flying.len(), self.phase == Phase::Absent)
    }

    pub(super) fn add(&mut self, waiting: &Waiting, id: u64, now: Duration) {
        let Waiting { job, first_begun } = *waiting;
        self.flying.push_back(Flying { job, id, sent: now, begun: None, first_begun, is_over: false });
        self.begin(now);
    }

    /// Whatever the process must have begun with has begun.
    pub(super) fn begin(&mut self, now: Duration) {
        let mut flying = self.flying.iter_mut();
        match self.phase {
            // What was sent last may not have begun.
            Phase::Up { parallel: true } => {
                flying.rev().take_while(|flying| flying.begun.is_none()).for_each(|flying| flying.begin(now));
            }
            Phase::Up { parallel: false } => {
                if let Some(first) = flying.next() {
                    first.begin(now);
                }
            }
            _ => {}
        }
    }

    /// Takes one out that was answered. Those that were sent before it have begun.
    pub(super) fn take(&mut self, at: usize, now: Duration) -> Option<Flying> {
        self.flying.iter_mut().take(at).for_each(|flying| flying.begin(now));
        let taken = self.flying.remove(at)?;
        self.begin(now);
        self.is_alone &= !self.flying.is_empty();
        Some(taken)
    }
}
