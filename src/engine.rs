//! The engine runs a plan: it turns the plan into events and an outcome. It never prints and never reads the
//! environment.

mod cache;
mod collect;
mod context;
mod failed_item;
mod fingerprint;
mod forecast;
mod gather;
mod input;
mod interrupt;
mod item_content;
mod ledger;
mod lookout;
mod map;
mod options;
mod outcome;
mod outputs;
mod panic;
mod plan_files;
mod pool;
mod roles;
mod row_bound;
mod run;
mod run_store;
mod shard;
mod sink;
mod source;
mod source_status;
mod step;
mod step_results;
mod stored_results;
mod write;

pub use fingerprint::{StepFingerprint, plan_digest};
pub use forecast::{Forecast, Forecasts};
pub use gather::{Gathering, Refusal};
pub use interrupt::Interrupt;
pub use options::{ResumeOptions, RunOptions, StateOptions};
pub use outcome::{EngineError, Outcome};
pub use run::run;
pub use shard::{Shard, ShardOptions, count_items, sharded, steps_of_shard};

#[cfg(test)]
mod tests;
