//! Trials get from the edge of the process what they need of it: interrupts, cores, a seed, and plans of a file.

use std::path::Path;

use super::exit::Fault;
use super::{interrupt, job, load};
use crate::plan::{Inputs, Plan};
use crate::trial::{Bench, BenchOptions, Effects, TrialError};

/// A folder for trials. The first interrupt ends what runs there.
pub(super) fn bench(seed: Option<u64>, effects: Effects) -> Result<Bench, Fault> {
    let interrupt = interrupt::listen()?;
    let seed = seed.unwrap_or_else(job::seed);
    Ok(Bench::new(BenchOptions { seed, effects, interrupt, cores: load::cores() })?)
}

/// Gives the plan of a file whose sources end after so many items.
pub(super) fn plans(file: &Path, inputs: &Inputs) -> impl Fn(Option<u64>) -> Result<Plan, Fault> {
    move |limit| {
        let inputs = Inputs { limit, ..inputs.clone() };
        Ok(load::pipeline(file, &inputs)?.into_plan()?.0)
    }
}

impl From<TrialError> for Fault {
    fn from(error: TrialError) -> Self {
        match error {
            TrialError::System { intent, reason } => Self::lacking(intent, &reason),
            TrialError::Store(error) => error.into(),
            TrialError::Internal(reason) => Self::Internal(reason),
        }
    }
}
