//! The policy of a map-like step as a pure state machine: no clock, no thread, no input or output.

mod policy;

pub use policy::{FailFast, Policy, Retries};
