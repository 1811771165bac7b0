//! A sent step runs in worker processes that an engine starts. This module moves what is known between the folder that they
//! share, the engine, and the fleet, which decides; what the run keeps of it is the map's business.

mod dispatcher;
mod left_fleet;
mod sent_fault;
mod sent_options;
mod shard_log;
mod wave_jobs;

pub(super) use self::dispatcher::{Books, Dispatcher};
pub(super) use self::left_fleet::LeftFleet;
pub(super) use self::sent_fault::SentFault;
pub use self::sent_options::SentOptions;
pub(super) use self::wave_jobs::wave_jobs;
