//! This ledger keeps in the run what a step appends to a file, and knows what earlier attempts of the run have.

use std::sync::Arc;

use super::context::Context;
use super::run_store;
use crate::data::{Appended, DataError, FileEnd, Ledger, RunMarks};
use crate::plan::Step;
use crate::store::{AppendNote, StoreError};

/// The ledger of one step.
pub(super) struct StepLedger<'a> {
    context: &'a Context<'a>,
    step: &'a Step,
}

impl<'a> StepLedger<'a> {
    pub(super) fn new(context: &'a Context<'a>, step: &'a Step) -> Self {
        Self { context, step }
    }
}

impl Ledger for StepLedger<'_> {
    fn earlier(&self, name: &str) -> Result<Option<Appended>, DataError> {
        let Some(run_store) = self.context.run_store else { return Ok(None) };
        let name = self.context.mask().text(name);
        let found = run_store.appended(&self.step.name, &name).map_err(|error| unkept(&error))?;
        let end = |(length, digest): (u64, String)| FileEnd { length, digest };
        Ok(found.map(|(run, note)| Appended { run, before: end(note.before), after: end(note.after) }))
    }

    fn marks(&self) -> Result<RunMarks, DataError> {
        let earlier = match self.context.run_store {
            Some(run_store) => run_store.earlier_runs().map_err(|error| unkept(&error))?,
            None => Vec::new(),
        };
        let runs = std::iter::once(self.context.options.run.to_string()).chain(earlier).collect();
        Ok(RunMarks { step: self.step.name.to_string(), runs })
    }

    fn note(&self, name: &str, before: &FileEnd, after: &FileEnd) -> Result<(), DataError> {
        let Some(run_store) = self.context.run_store else { return Ok(()) };
        let end = |end: &FileEnd| (end.length, end.digest.clone());
        let (before, after) = (end(before), end(after));
        let file = self.context.mask().text(name).into_owned();
        let note = AppendNote { step: Arc::clone(&self.step.name), file, before, after };
        run_store.append(note).map_err(|error| unkept(&error))
    }
}

fn unkept(error: &StoreError) -> DataError {
    DataError::Usage(run_store::stopped(error))
}
