//! The watchdog is the one thread of a run that enforces deadlines, stop signals, turns and `slow_after`, and beats
//! for `clock`.
//!
//! It only sets a VM's interrupt, which is the one thing Luau lets another thread do; what the interrupt then does is
//! decided on the VM's own thread.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::guard::{CancelLevel, Guard, TURN};
use crate::event::StepId;
use crate::runtime::clock::{self, BEAT, Heart};

/// How often stop signals are looked at. They have to stop an attempt within 0.2 s.
const TICK_MAX: Duration = Duration::from_millis(20);
/// How often deadlines are looked at, at most: a deadline may be set and pass between two looks.
const TICK_MIN: Duration = Duration::from_millis(1);

/// An attempt that runs longer than `slow_after`, or than a multiple of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slow {
    /// Which step.
    pub step: StepId,
    /// Which item, from 1.
    pub index: u64,
    /// Running time so far.
    pub elapsed: Duration,
}

/// Told of every slow attempt.
type OnSlow = dyn Fn(Slow) + Send + Sync;

/// The thread. It ends when this is dropped; until then workers may register.
pub struct Watchdog {
    shared: Arc<WatchShared>,
    thread: Option<JoinHandle<()>>,
}

struct WatchShared {
    state: Mutex<WatchState>,
    changed: Condvar,
    on_slow: Box<OnSlow>,
}

#[derive(Default)]
struct WatchState {
    guards: Vec<(Weak<Guard>, Duration)>,
    ended: bool,
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchdog").field("guards", &self.shared.lock().guards.len()).finish_non_exhaustive()
    }
}

impl Watchdog {
    /// Starts the thread. `on_slow` is called on it, or on a worker's thread, and must not wait.
    ///
    /// # Errors
    /// Fails when the system gives no thread.
    pub fn start(on_slow: Box<OnSlow>) -> std::io::Result<Self> {
        let shared = Arc::new(WatchShared { state: Mutex::default(), changed: Condvar::new(), on_slow });
        let (own, heart) = (Arc::clone(&shared), Heart::start());
        let watch = move || own.watch(&heart);
        let thread = std::thread::Builder::new().name("watchdog".to_owned()).spawn(watch)?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Tells of a slow attempt that this thread does not see.
    pub fn tell(&self, slow: Slow) {
        (self.shared.on_slow)(slow);
    }

    /// Watches `guard` for as long as it lives. `shortest` is the shortest limit that attempts under it can have.
    pub(super) fn register(&self, guard: &Arc<Guard>, shortest: Option<Duration>) -> Notices {
        let tick = shortest.map_or(TICK_MAX, |limit| (limit / 8).clamp(TICK_MIN, TICK_MAX));
        self.shared.lock().guards.push((Arc::downgrade(guard), tick));
        self.shared.changed.notify_one();
        Notices(Arc::clone(&self.shared))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Lets a worker tell of slow attempts that wait, which the watchdog does not see.
#[derive(Clone)]
pub(super) struct Notices(Arc<WatchShared>);

impl Notices {
    pub(super) fn give(&self, slow: Slow) {
        (self.0.on_slow)(slow);
    }
}

impl WatchShared {
    fn lock(&self) -> MutexGuard<'_, WatchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self, heart: &Heart) {
        let mut state = self.lock();
        while !state.ended {
            heart.beat();
            let now = clock::now();
            let mut tick = BEAT;
            state.guards.retain(|(guard, own_tick)| {
                let Some(guard) = guard.upgrade() else { return false };
                let rest = self.look(&guard, now);
                let wait = rest.map_or(*own_tick, |rest| rest.min(*own_tick)).max(TICK_MIN);
                tick = tick.min(wait);
                true
            });
            state = self.changed.wait_timeout(state, tick).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Interrupts what is due; says how long until something else is.
    fn look(&self, guard: &Guard, now: Instant) -> Option<Duration> {
        if guard.due(now).is_some() || guard.turn_is_over(now) {
            // Again at each look, until the attempt or its turn has ended: the interrupt may have been taken off in between.
            guard.pull();
        }
        if let Some((index, elapsed)) = guard.take_notice(now) {
            (self.on_slow)(Slow { step: guard.step, index, elapsed });
        }
        if guard.cancel.level() == CancelLevel::Interrupt {
            return Some(TICK_MIN);
        }
        // A turn may begin at any time, and be over before the next deadline.
        let turn = guard.takes_turns().then_some(TURN);
        guard.next_due().map(|due| due.saturating_duration_since(now)).into_iter().chain(turn).min()
    }
}
