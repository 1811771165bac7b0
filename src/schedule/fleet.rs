//! The fleet is the part of a step that is sent to an engine, as a pure state machine: shards, waves of jobs, yields and
//! deaths go in as reports and come out as actions. It has no clock, no input or output, and knows no engine.
//!
//! Only a commit record ends a shard. Everything else that is told is a hint about whether to try again, so an engine that
//! loses, repeats, delays or invents answers costs time and never an item.

mod action;
mod asked;
mod ending;
mod ends;
mod judge;
mod look;
mod looks;
mod machine;
mod options;
mod record_fault;
mod records;
mod recover;
mod report;
mod stem;
mod submit;
mod submits;
mod wave;
mod yields;

pub use crate::event::Why;
pub use crate::value::{Indices, ShardId, Stretch};
pub use action::{Action, Halt, JobId, Task};
pub use ending::{Failure, Outcome};
pub use machine::{Counts, Fleet};
pub use options::{FleetOptions, WAVE_EVERY, first_shards};
pub use record_fault::RecordFault;
pub use records::Heard;
pub use recover::Kept;
pub use report::{Beat, Exit, Inspection, JobState, Record, Seen, Slot, Submission};

#[cfg(test)]
mod tests;
