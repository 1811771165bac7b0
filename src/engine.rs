//! The engine runs a plan: it turns the plan into events and an outcome. It never prints and never reads the
//! environment.

mod cache;
mod collect;
mod context;
mod failed_item;
mod fingerprint;
mod forecast;
mod input;
mod item_content;
mod ledger;
mod lookout;
mod map;
mod options;
mod outcome;
mod outputs;
mod panic;
mod pool;
mod roles;
mod row_bound;
mod run;
mod run_store;
mod sink;
mod source;
mod source_status;
mod step;
mod step_results;
mod stored_results;
mod write;

pub use fingerprint::StepFingerprint;
pub use forecast::{Forecast, Forecasts};
pub use options::{Interrupt, ResumeOptions, RunOptions, StateOptions};
pub use outcome::{EngineError, Outcome};
pub use run::run;

#[cfg(test)]
mod tests;
