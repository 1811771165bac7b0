//! This module is the home of what waits: one thread of the process for asynchronous work, the HTTP client on it, and the
//! clock of all limits.
//!
//! It knows nothing of Lua, items or files: whoever gives it work says what is allowed and what counts.

pub mod clock;
mod executor;
#[cfg(feature = "http")]
pub mod http;

pub use executor::{Executor, Task, executor, files_given, start, unconfined};
