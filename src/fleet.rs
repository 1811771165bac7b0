//! An engine starts worker processes, places them, and ends them. It is told of whole waves of jobs, and what it says of them is
//! believed only as far as a hint goes.

mod command;
mod engine_options;
mod job_engine;
mod processes;
mod shell;

pub use command::CommandLines;
pub use engine_options::EngineOptions;
pub use job_engine::{EngineLimits, JobEngine, WaveJobs};
