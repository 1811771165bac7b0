//! The engine runs a plan: it turns the plan into events and an outcome. It never prints and never reads the
//! environment.

mod collect;
mod each;
mod feed;
mod forecast;
mod graph;
mod identity;
mod keep;
mod ledger;
mod lookout;
mod options;
mod outcome;
mod panic;
mod pool;
mod recall;
mod record;
mod run;
mod scope;
mod shared;
mod sink;
mod source;
mod step;
mod write;

pub use forecast::{Forecast, Forecasts};
pub use identity::Identity;
pub use options::{Interrupt, ResumeOptions, RunOptions, StateOptions};
pub use outcome::{EngineError, Outcome};
pub use run::run;
