//! flowrun runs declarative pipelines: a Lua function on every item of a collection, in parallel, under a policy.
//!
//! A pipeline goes through the program once, from left to right, and each stage is a type:
//!
//! ```text
//! text ─load→ spec::Pipeline ─compile→ plan::Plan ─run→ Event … ─fold→ Outcome ─→ exit code
//!             as written, spans        nothing unresolved     engine          reports
//! ```
//!
//! Imports between the modules go down only; `ARCHITECTURE.md` holds the table and `tests/it/tidy.rs` checks it.

pub mod cli;
pub mod data;
pub mod engine;
pub mod event;
pub mod lua;
pub mod plan;
pub mod report;
pub mod schedule;
pub mod source;
pub mod spec;
pub mod store;
pub mod value;
