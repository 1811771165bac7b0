//! A guard sets deadlines and cancellation that Lua code can neither catch nor outlive. The thread that enforces them
//! is `watchdog`.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::event::StepId;
use crate::runtime::clock;

/// How long an item may compute while others of its worker want to. Changing over costs about a microsecond, so this
/// could be far shorter; but then the watchdog would have to look more often, also while everybody sleeps.
pub(super) const TURN: Duration = Duration::from_millis(4);

/// How much of a step is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum CancelLevel {
    /// Nothing.
    Run = 0,
    /// Start no further item; running attempts finish.
    Drain = 1,
    /// Interrupt running attempts too; they end as cancelled.
    Interrupt = 2,
}

/// The stop signal of one step, shared with its workers. It only ever rises.
#[derive(Debug, Default)]
pub struct Cancel(AtomicU8);

impl Cancel {
    /// Raises the level.
    pub fn raise(&self, level: CancelLevel) {
        self.0.fetch_max(level as u8, Ordering::SeqCst);
    }

    /// The level now. Cheap enough to be asked before every item.
    pub fn level(&self) -> CancelLevel {
        match self.0.load(Ordering::Relaxed) {
            0 => CancelLevel::Run,
            1 => CancelLevel::Drain,
            _ => CancelLevel::Interrupt,
        }
    }
}

/// Why a running attempt has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The attempt's own limit.
    Timeout,
    /// The limit of all attempts of the item.
    Deadline,
    /// The step's stop signal.
    Cancelled,
}

/// What makes a VM stop. It is pulled from the watchdog's thread, while the VM runs on its own.
pub(super) trait Interrupt: fmt::Debug + Send {
    /// Stops what runs, now and until it has ended.
    fn pull(&self);
}

/// The limits of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Position of the item, for notices.
    pub(super) index: u64,
    /// When the attempt began.
    pub(super) started: Instant,
    /// When it must have ended, and what it is called then.
    pub(super) deadline: Option<(Instant, Reason)>,
    /// When the next notice about a slow item is due.
    pub(super) notice: Option<Instant>,
}

/// What one worker shares with the watchdog: the running attempt's deadline and the step's stop signal.
///
/// The worker's thread writes the times, the watchdog reads them. A stale reading is harmless: the interrupt it causes
/// runs on the worker's thread, asks again, and takes itself off when there is no reason to stop.
#[derive(Debug)]
pub struct Guard {
    /// The step's stop signal.
    pub cancel: Arc<Cancel>,
    /// Which step it is, for notices.
    pub(super) step: StepId,
    /// After how long a notice is due, again at each multiple.
    pub(super) slow_after: Option<Duration>,
    /// Nanoseconds; 0 while nothing runs.
    started: AtomicU64,
    /// Nanoseconds; 0 when there is none.
    deadline: AtomicU64,
    /// Whether `deadline` is the item's and not the attempt's.
    of_item: AtomicU8,
    /// Nanoseconds; 0 when there is none.
    notice: AtomicU64,
    index: AtomicU64,
    /// Whether items take turns.
    turns: AtomicBool,
    /// When the turn of the running coroutine is over. Nanoseconds; 0 when it may run on.
    turn: AtomicU64,
    /// The [`Reason`] for which the running attempt was interrupted.
    fired: AtomicU8,
    /// Whether the watchdog has found something due since the attempt began: asking costs less than a clock.
    pulled: AtomicBool,
    /// The VM to interrupt, while there is one. Locked by the watchdog while it does so: a VM cannot go away meanwhile.
    pub(super) trigger: Mutex<Option<Box<dyn Interrupt>>>,
}

/// Where the clock of the atomics starts.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

fn nanos(at: Instant) -> u64 {
    // 0 means that there is none.
    (at.saturating_duration_since(*ORIGIN).as_nanos() as u64).max(1)
}

fn instant(nanos: u64) -> Option<Instant> {
    (nanos != 0).then(|| *ORIGIN + Duration::from_nanos(nanos))
}

impl Guard {
    /// One for each worker; `cancel` is shared by all workers of the step. With `slow_after`, the watchdog tells of
    /// attempts that run longer.
    pub fn new(cancel: Arc<Cancel>, step: StepId, slow_after: Option<Duration>) -> Arc<Self> {
        Arc::new(Self {
            cancel,
            step,
            slow_after,
            started: AtomicU64::new(0),
            deadline: AtomicU64::new(0),
            of_item: AtomicU8::new(0),
            notice: AtomicU64::new(0),
            index: AtomicU64::new(0),
            turns: AtomicBool::new(false),
            turn: AtomicU64::new(0),
            fired: AtomicU8::new(0),
            pulled: AtomicBool::new(false),
            trigger: Mutex::new(None),
        })
    }

    /// An attempt begins or goes on.
    pub(super) fn enter(&self, limits: &Limits) {
        let (deadline, reason) = limits.deadline.map_or((0, Reason::Timeout), |(at, why)| (nanos(at), why));
        self.fired.store(0, Ordering::Relaxed);
        self.pulled.store(false, Ordering::Relaxed);
        self.index.store(limits.index, Ordering::Relaxed);
        self.of_item.store(u8::from(reason == Reason::Deadline), Ordering::Relaxed);
        self.notice.store(limits.notice.map_or(0, nanos), Ordering::Relaxed);
        self.deadline.store(deadline, Ordering::Relaxed);
        self.started.store(nanos(limits.started), Ordering::Release);
    }

    /// The attempt has ended or waits. Why it was interrupted, if it was.
    pub(super) fn leave(&self) -> Option<Reason> {
        self.started.store(0, Ordering::Release);
        self.deadline.store(0, Ordering::Relaxed);
        self.notice.store(0, Ordering::Relaxed);
        self.fired()
    }

    /// Why the running attempt was interrupted, if it was.
    pub(super) fn fired(&self) -> Option<Reason> {
        match self.fired.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(Reason::Timeout),
            2 => Some(Reason::Deadline),
            _ => Some(Reason::Cancelled),
        }
    }

    /// Remembers that the running attempt is being interrupted; `false` when it was already.
    pub(super) fn fire(&self, reason: Reason) -> bool {
        let code = match reason {
            Reason::Timeout => 1,
            Reason::Deadline => 2,
            Reason::Cancelled => 3,
        };
        self.fired.swap(code, Ordering::Relaxed) == 0
    }

    /// Forgets an interruption, so that it does not end the next attempt.
    pub(super) fn calm(&self) {
        self.fired.store(0, Ordering::Relaxed);
    }

    /// Whether the running attempt has to end now.
    pub(super) fn is_due(&self) -> bool {
        self.due(clock::now()).is_some()
    }

    /// Whether [`Guard::due`] is worth asking. Never `false` for long when it is.
    pub(super) fn is_pulled(&self) -> bool {
        self.pulled.load(Ordering::Relaxed)
    }

    /// Whether the running attempt has to end, and why. Asks the clock.
    pub(super) fn due(&self, now: Instant) -> Option<Reason> {
        if let Some(fired) = self.fired() {
            return Some(fired);
        }
        if self.started.load(Ordering::Acquire) == 0 {
            return None;
        }
        if self.cancel.level() == CancelLevel::Interrupt {
            return Some(Reason::Cancelled);
        }
        let deadline = self.deadline.load(Ordering::Relaxed);
        if deadline == 0 || nanos(now) < deadline {
            return None;
        }
        Some(if self.of_item.load(Ordering::Relaxed) == 1 { Reason::Deadline } else { Reason::Timeout })
    }

    /// The index of the item whose attempt is still running although its limit has passed long ago: by that limit once more, and
    /// by `least`. No interrupt reaches it, so it is in a host function that does not return.
    pub fn stuck_at(&self, now: Instant, least: Duration) -> Option<u64> {
        let started = instant(self.started.load(Ordering::Acquire))?;
        let deadline = instant(self.deadline.load(Ordering::Relaxed))?;
        let patience = deadline.saturating_duration_since(started).max(least);
        let index = self.index.load(Ordering::Relaxed);
        (now.saturating_duration_since(deadline) > patience).then_some(index)
    }

    /// Says that other coroutines may want to run while one does.
    pub(super) fn take_turns(&self) {
        self.turns.store(true, Ordering::Relaxed);
    }

    /// Whether coroutines take turns.
    pub(super) fn takes_turns(&self) -> bool {
        self.turns.load(Ordering::Relaxed)
    }

    /// The turn of a coroutine begins.
    pub(super) fn begin_turn(&self) {
        if self.takes_turns() {
            self.turn.store(nanos(clock::now() + TURN), Ordering::Relaxed);
        }
    }

    /// No coroutine has the turn any more.
    pub(super) fn end_turn(&self) {
        self.turn.store(0, Ordering::Relaxed);
    }

    /// Ends a turn right after it has begun.
    #[cfg(test)]
    pub(super) fn hurry(&self) {
        if self.turn.load(Ordering::Relaxed) > 1 {
            self.turn.store(1, Ordering::Relaxed);
            self.pull();
        }
    }

    /// Whether the running coroutine is to let others run.
    pub(super) fn turn_is_over(&self, now: Instant) -> bool {
        let turn = self.turn.load(Ordering::Relaxed);
        turn != 0 && nanos(now) >= turn
    }

    /// When the watchdog has to look at this guard again, if anything runs under it.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let times = [&self.deadline, &self.notice, &self.turn];
        times.into_iter().filter_map(|at| instant(at.load(Ordering::Relaxed))).min()
    }

    /// When the next notice is due, as far as it was not given yet.
    pub(super) fn notice(&self) -> Option<Instant> {
        instant(self.notice.load(Ordering::Relaxed))
    }

    /// How long the running attempt has been running and its item's index, when a notice is due; moves the notice on.
    pub(super) fn take_notice(&self, now: Instant) -> Option<(u64, Duration)> {
        let started = instant(self.started.load(Ordering::Acquire))?;
        let notice = self.notice()?;
        if now < notice {
            return None;
        }
        let elapsed = now.saturating_duration_since(started);
        let next = next_notice(started, self.slow_after?, now);
        // The attempt may have ended meanwhile; then the notice of the next one must stay.
        let _ =
            self.notice.compare_exchange(nanos(notice), nanos(next), Ordering::Relaxed, Ordering::Relaxed);
        Some((self.index.load(Ordering::Relaxed), elapsed))
    }

    /// Interrupts what runs under this guard, now and until it has ended.
    pub(super) fn pull(&self) {
        self.pulled.store(true, Ordering::Relaxed);
        if let Some(trigger) = &*self.trigger.lock().unwrap_or_else(PoisonError::into_inner) {
            trigger.pull();
        }
    }
}

/// The first multiple of `after` since `started` that lies ahead of `now`.
pub(super) fn next_notice(started: Instant, after: Duration, now: Instant) -> Instant {
    let after = after.max(Duration::from_millis(1));
    let periods = now.saturating_duration_since(started).as_nanos() / after.as_nanos() + 1;
    started + after.saturating_mul(u32::try_from(periods).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_due_at_each_multiple() {
        let started = Instant::now();
        let after = Duration::from_secs(10);
        for (elapsed, expect) in [(0, 10), (9, 10), (10, 20), (25, 30)] {
            let next = next_notice(started, after, started + Duration::from_secs(elapsed));
            assert_eq!(next - started, Duration::from_secs(expect), "{elapsed}");
        }
    }

    #[test]
    fn cancel_only_rises() {
        let cancel = Cancel::default();
        cancel.raise(CancelLevel::Interrupt);
        cancel.raise(CancelLevel::Drain);
        assert_eq!(cancel.level(), CancelLevel::Interrupt);
    }
}
