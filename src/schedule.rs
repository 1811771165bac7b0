//! The scheduler is the policy of a map-like step as a pure state machine: no clock, no thread, no input or output,
//! no item bytes. The caller says what time it is; the engine runs, interrupts and keeps the items. Of a step that is sent
//! to a cluster, the fleet decides the same about shards and jobs.

mod backoff;
mod breaker;
mod costs;
pub mod fleet;
mod jitter;
mod limiter;
mod policy;
mod rate_window;
mod ready;
mod resources;
mod scheduler;
mod stop;
mod verdict;
mod waiting;
mod worst_case;

pub use jitter::Jitter;
pub use limiter::{Guest, LimitId, RateLimits};
pub use policy::{Breaker, FailFast, Policy, RateUse, Retries};
pub use resources::Resources;
pub use scheduler::{FailedAttempt, HeldBack, Next, Scheduler, Start};
pub use stop::{Stop, StopReason};
pub use verdict::Verdict;
pub use waiting::Expired;
pub use worst_case::{worst_item, worst_step};

#[cfg(test)]
mod tests;
