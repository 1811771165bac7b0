//! A wave is shards that were submitted together. Its jobs count as alive until the engine has said otherwise.

use std::sync::Arc;
use std::time::Duration;

use super::report::Exit;

/// Jobs of a wave that was not there are asked for so long: they would work in vain.
const APPEARS_WITHIN: Duration = Duration::from_secs(600);

/// What is known of a wave as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// Its submission has not been answered.
    Asking,
    /// The engine has it.
    Yes,
    /// Since then it is not known whether the engine has it.
    Unsure(Duration),
    /// The same, for a wave of an earlier coordinator, of which even the throttle is not known.
    Inherited(Duration),
    /// The engine did not know it then. Its jobs may still appear.
    Absent(Duration),
    /// The engine has refused it.
    Refused,
}

/// What is known of a job that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing yet.
    Sent,
    /// It has waited since then, for this reason.
    Queued(Duration, Option<Arc<str>>),
    /// It runs.
    Running,
    /// It has ended so.
    Ended(Exit),
}

/// A job.
#[derive(Debug)]
pub(super) struct Job {
    /// The stem that it works on.
    pub(super) stem: u32,
    pub(super) phase: Phase,
    /// Whether it was ever seen running.
    pub(super) ran: bool,
    /// When anybody last knew anything of it.
    pub(super) sign: Duration,
    /// The question that it was last mentioned in the answer to.
    pub(super) mentioned: Option<Duration>,
    /// When it was last told to end.
    pub(super) cancelled: Option<Duration>,
    /// Since when there is nothing to do for it.
    pub(super) idle_since: Option<Duration>,
}

impl Job {
    pub(super) fn new(stem: u32, now: Duration) -> Self {
        Self {
            stem,
            phase: Phase::Sent,
            ran: false,
            sign: now,
            mentioned: None,
            cancelled: None,
            idle_since: None,
        }
    }

    pub(super) fn is_live(&self) -> bool {
        !matches!(self.phase, Phase::Ended(_))
    }
}

/// A wave.
#[derive(Debug)]
pub(super) struct Wave {
    pub(super) sent: Sent,
    /// Jobs of it that may run at once, at most.
    pub(super) throttle: u32,
    /// So many as the engine is known to allow.
    pub(super) told: u32,
    /// Jobs that have not ended.
    pub(super) live: u32,
    pub(super) jobs: Vec<Job>,
}

impl Wave {
    pub(super) fn new(sent: Sent, throttle: u32, jobs: Vec<Job>) -> Self {
        Self { sent, throttle, told: throttle, live: jobs.len() as u32, jobs }
    }

    /// Workers of it that may be alive at once.
    pub(super) fn alive_max(&self) -> u32 {
        self.throttle.min(self.live)
    }

    /// Whether there may be jobs of it though the engine did not know it.
    pub(super) fn may_appear(&self, now: Duration) -> bool {
        matches!(self.sent, Sent::Absent(at) if now < at + APPEARS_WITHIN)
    }

    /// Jobs that the engine says are running.
    pub(super) fn running(&self) -> u32 {
        self.jobs.iter().filter(|job| job.phase == Phase::Running).count() as u32
    }
}
