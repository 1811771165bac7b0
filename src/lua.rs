//! The only home of Lua: scripts as text, workers with one sandboxed VM each, interruption, host modules.
//!
//! Knows nothing of pipelines, policies or YAML: a [`Script`] is text with a place, a [`Worker`] runs it on items.

mod failure;
mod globals;
mod guard;
mod host;
mod raw;
mod script;
#[cfg(test)]
mod testing;
mod watchdog;
mod worker;

pub use failure::{Failure, ItemEnd, ScriptError, SyntaxError};
pub use guard::{Cancel, CancelLevel, Guard};
pub use host::{Allowed, Function, Permissions, functions};
pub use script::{Block, Footprint, Script, Seen};
pub use watchdog::{Slow, Watchdog};
pub use worker::{Attempt, Ended, Job, LogLine, Scope, Shape, Worker, WorkerOptions, evaluate};
