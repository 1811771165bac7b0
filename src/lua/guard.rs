//! Deadlines and cancellation that Lua code can neither catch nor outlive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

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

    /// The level now.
    pub fn level(&self) -> CancelLevel {
        match self.0.load(Ordering::Relaxed) {
            0 => CancelLevel::Run,
            1 => CancelLevel::Drain,
            _ => CancelLevel::Interrupt,
        }
    }
}

/// What one worker shares with the watchdog: the running attempt's deadline and the step's stop signal.
#[derive(Debug)]
pub struct Guard {
    /// The step's stop signal.
    pub cancel: Arc<Cancel>,
}

/// The one thread of a run that enforces deadlines, stop signals and `slow_after`.
#[derive(Debug)]
pub struct Watchdog {}
