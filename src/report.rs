//! Reporters fold events into text for people and machines, each into a writer it is given.
//!
//! They never see the plan, a clock or a terminal: time comes with each event, and the caller chooses where text
//! goes.

mod account;
mod alike;
mod events;
mod figures;
mod gathered;
mod groups;
mod human;
mod json;
mod junit;
mod overview;
mod page;
mod suites;
mod summary;
mod trace;

pub use account::{
    Account, FAILURES_MAX, FailedAttempt, FailureAccount, GROUPS_MAX, Group, LOGS_MAX, NodeAccount,
    RETRIES_MAX, RetryAccount, StepAccount,
};
pub use events::Events;
pub use figures::{bytes, items, percent_of, run_log};
pub use gathered::Gathered;
pub use groups::FailureGroups;
pub use human::columns::reuse;
pub use human::{Commands, Human, HumanOptions, Live, Verbosity};
pub use indicatif::ProgressDrawTarget;
pub use json::Json;
pub use junit::{JunitCase, JunitEnd, JunitFault, JunitSuite, junit};
pub use overview::{Overview, duration, strong};
pub use page::page;
pub use suites::{Tolerated, suites};
pub use summary::{OutputSummary, ReuseSummary, StepSummary};
pub use trace::Trace;

use std::io;
use std::time::Duration;

use crate::event::Event;

/// Tells the time of day, in RFC 3339 and UTC.
pub type Clock = fn() -> String;

/// Something that makes text of what happens in a run.
pub trait Reporter {
    /// Takes one event, `time` after the start of the run.
    ///
    /// # Errors
    /// Fails when the writer is of no use any more.
    fn event(&mut self, event: &Event, time: Duration) -> io::Result<()>;

    /// The run is over: writes what only the end can tell, and flushes.
    ///
    /// # Errors
    /// Fails when the writer does.
    fn finish(&mut self) -> io::Result<()>;
}

#[cfg(test)]
mod tests;
