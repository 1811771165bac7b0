//! The engine runs a plan: it turns the plan into events and an outcome. It never prints and never reads the
//! environment.

mod cache;
mod collect;
mod context;
mod failed_item;
mod fingerprint;
mod forecast;
mod gather;
mod handover;
mod input;
mod interrupt;
mod item_content;
mod layout;
mod ledger;
mod left_limits;
mod living;
mod lookout;
mod map;
mod open_shards;
mod options;
mod outcome;
mod outputs;
mod panic;
mod plan_files;
mod pool;
mod rate_parts;
mod remote_job;
mod results_in_order;
mod roles;
mod row_bound;
mod run;
mod run_store;
mod sendable;
mod sent;
mod shard;
mod sink;
mod source;
mod source_status;
mod step;
mod step_results;
mod step_spec;
mod stored_results;
mod usage;
mod wall_clock;
mod work;
mod write;

pub use fingerprint::{StepFingerprint, plan_digest};
pub use forecast::{Forecast, Forecasts};
pub use gather::{Gathering, Refusal};
pub use interrupt::Interrupt;
pub use living::{LeftJob, LivingWorker, cancel_jobs, end_workers, left_job, living_workers};
pub use open_shards::{SaidOfStep, open_shards, said_of};
pub use options::{ResumeOptions, RunOptions, StateOptions, WorkPart};
pub use outcome::{EngineError, Outcome};
pub use plan_files::plan_texts;
pub use rate_parts::workers_at_once;
pub use remote_job::{FleetJobs, RemoteJob};
pub use run::run;
pub use sendable::{shards_of, stays_here};
pub use sent::SentOptions;
pub use shard::{Shard, ShardOptions, count_items, count_source, known_by_time, sharded, steps_of_shard};
pub use work::{WorkError, Worked, WorkerJob};

#[cfg(test)]
mod tests;
