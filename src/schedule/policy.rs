//! This type is the policy of a map-like step with every default filled in.

use std::sync::Arc;
use std::time::Duration;

use super::Jitter;
use crate::value::{Rate, Ratio, choice};

choice!(
    /// What to do at the first item that failed for good.
    #[derive(Default)]
    pub enum FailFast: "the values of `fail_fast` are" {
        /// Go on.
        #[default]
        Off = "false",
        /// Start nothing more, drop pending retries, interrupt running attempts.
        Interrupt = "true",
        /// Start nothing more, drop pending retries, let running attempts finish.
        Drain = "drain",
    }
);

/// Extra tries after the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retries {
    /// How many, at most.
    pub max: u32,
    /// Wait before the first of them.
    pub delay: Duration,
    /// Each further wait is this many times the one before, at least 1.
    pub factor: f64,
    /// No wait is longer than this, whatever asks for it.
    pub max_delay: Duration,
    /// How each wait is drawn.
    pub jitter: Jitter,
    /// Retries of the whole step, at most.
    pub budget: Option<u64>,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            max: 0,
            delay: Duration::from_secs(1),
            factor: 2.0,
            max_delay: Duration::from_secs(60),
            jitter: Jitter::default(),
            budget: None,
        }
    }
}

/// A limit of starts that a step is under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateUse {
    /// Its name, when it is one that steps share.
    pub name: Option<Arc<str>>,
    /// How much there is in any window of one period.
    pub rate: Rate,
    /// Whether each attempt takes an amount of its own, which is to be found out before it starts; otherwise one.
    pub weighted: bool,
}

impl RateUse {
    /// What messages call it: its name, or the rate that stands in the step.
    pub fn label(&self) -> Arc<str> {
        self.name.clone().unwrap_or_else(|| self.rate.to_string().into())
    }

    /// What one of so many steps has of it for itself, if all have as much; `None`: there is less than one start for each.
    pub fn part_of(&self, steps: u32) -> Option<Self> {
        let count = self.rate.count / steps.max(1);
        (count > 0).then(|| Self { rate: Rate { count, ..self.rate }, ..self.clone() })
    }

    /// Whether several processes may each have a share of it: in a window there are starts enough for several, and each takes
    /// one.
    pub fn can_be_shared_out(&self) -> bool {
        let minute = Duration::from_secs(60);
        let is_coarse = self.rate.period > minute || self.rate.count < 2 && self.rate.period >= minute;
        !self.weighted && !is_coarse
    }

    /// Processes that may share it, at most `workers`: the greatest number that leaves a tenth of it unused at most, because
    /// shares are whole.
    pub fn sharers(&self, workers: u32) -> u32 {
        let count = u64::from(self.rate.count);
        let is_good = |sharers: &u32| {
            let used = count / u64::from(*sharers) * u64::from(*sharers);
            used * 10 >= count * 9
        };
        (1..=workers).rev().find(is_good).unwrap_or(1)
    }

    /// The share of each of so many processes.
    #[must_use]
    pub fn share(&self, sharers: u32) -> Self {
        let count = (self.rate.count / sharers.max(1)).max(1);
        Self { rate: Rate { count, ..self.rate }, ..self.clone() }
    }
}

/// When a step pauses because what it asks seems to be down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// Attempts that must have failed in a row, at least 1.
    pub after: u32,
    /// The first pause.
    pub pause: Duration,
    /// No pause is longer than this.
    pub max_pause: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { after: 20, pause: Duration::from_secs(60), max_pause: Duration::from_secs(600) }
    }
}

/// The policy of one map-like step, complete.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Items being worked on at once, at least 1.
    pub concurrency: usize,
    /// Items being worked on at once in all processes that work on the step together, at least `concurrency`.
    pub total: Option<usize>,
    /// Items that one process of a program may have at once, at least 1.
    pub lanes: usize,
    /// Extra tries.
    pub retries: Retries,
    /// Limit of one attempt.
    pub timeout: Option<Duration>,
    /// Limit of all attempts and waits of one item.
    pub item_deadline: Option<Duration>,
    /// Share of the eligible items that must succeed.
    pub min_success_ratio: Ratio,
    /// The step stops and fails when more items than this failed.
    pub max_failures: Option<u64>,
    /// What the first failure does.
    pub fail_fast: FailFast,
    /// Stop as soon as the ratio is out of reach.
    pub stop_early: bool,
    /// Starts of attempts, under all of these.
    pub rate_limits: Vec<RateUse>,
    /// Pauses.
    pub breaker: Option<Breaker>,
    /// Bytes that one worker's Lua state may hold.
    pub memory: u64,
    /// Notice for attempts that run longer.
    pub slow_after: Option<Duration>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            concurrency: 4,
            total: None,
            lanes: 1,
            retries: Retries::default(),
            timeout: None,
            item_deadline: None,
            min_success_ratio: Ratio::ONE,
            max_failures: None,
            fail_fast: FailFast::default(),
            stop_early: false,
            rate_limits: Vec::new(),
            breaker: None,
            memory: 256_000_000,
            slow_after: None,
        }
    }
}
