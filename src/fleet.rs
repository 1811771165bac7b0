//! An engine starts worker processes, places them, and ends them. It is told of whole waves of jobs, and what it says of them is
//! believed only as far as a hint goes.

mod child;
mod command;
mod engine_options;
mod job_engine;
mod job_needs;
mod processes;
mod shell;
mod slurm;
mod worker_processes;

pub use command::CommandLines;
pub use engine_options::EngineOptions;
pub use job_engine::{EngineLimits, JobEngine, LEFT, WaveJobs};
pub use job_needs::JobNeeds;
pub use slurm::SlurmOptions;
pub use worker_processes::{WorkerProcess, worker_processes};
