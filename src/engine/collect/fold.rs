//! `reduce` makes one value of all items. With `combine`, parts of the collection are folded side by side, each from
//! `init` on, and the parts' values are combined in their order. The end of a part does not depend on the number of
//! workers.

use std::sync::Arc;

use super::frame::StepFrame;
use super::keyed::options;
use super::workers::{CollectJob, JobError, MakeJob, Workers};
use crate::data::DataError;
use crate::engine::lookout::Cut;
use crate::lua::{FoldWorker, LogLine, WorkerOptions};
use crate::plan::Reduce;
use crate::value::Chunk;

/// Carries out `reduce`, whose one value is the step's only result.
pub(super) fn run(frame: &mut StepFrame<'_>, reduce: &Reduce) -> Result<(), Cut> {
    match &reduce.combine {
        None => in_one(frame, reduce),
        Some(_) => in_parts(frame, reduce),
    }
}

fn in_one(frame: &mut StepFrame<'_>, reduce: &Reduce) -> Result<(), Cut> {
    let mut workers = Workers::start(frame, "reduce", 1, &maker(frame, reduce, FoldRole::Whole)?)?;
    workers.carry(frame, &mut |_, _, _| Ok(()))?;
    workers.ask(frame, Chunk::default(), &mut |frame, _, value| frame.give(value))
}

fn in_parts(frame: &mut StepFrame<'_>, reduce: &Reduce) -> Result<(), Cut> {
    let threads = frame.context.options.cores.max(1);
    let mut workers = Workers::start(frame, "reduce", threads, &maker(frame, reduce, FoldRole::Part)?)?;
    let mut combiner = Workers::start(frame, "combine", 1, &maker(frame, reduce, FoldRole::Combine)?)?;
    workers.carry(frame, &mut |frame, _, value| {
        let mut part = Chunk::default();
        part.push(value);
        combiner.ask(frame, part, &mut |_, _, _| Ok(()))
    })?;
    combiner.ask(frame, Chunk::default(), &mut |frame, _, value| frame.give(value))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FoldRole {
    /// Folds everything into one value.
    Whole,
    /// Folds each chunk into a value of its own.
    Part,
    /// Combines the values that chunks consist of.
    Combine,
}

fn maker(frame: &StepFrame<'_>, reduce: &Reduce, role: FoldRole) -> Result<MakeJob, DataError> {
    let (options, reduce) = (options(frame)?, reduce.clone());
    Ok(Arc::new(move |number, guard, watchdog| {
        let options = WorkerOptions { worker: number, ..options.clone() };
        let combine = reduce.combine.as_deref();
        let folder = FoldWorker::new(&reduce.script, combine, &options, guard, watchdog)?;
        let mut hand = Folding { folder, init: Arc::clone(&reduce.init), role, begun: false };
        if role == FoldRole::Whole {
            hand.folder.begin(&hand.init)?;
            hand.begun = true;
        }
        Ok(Box::new(hand) as Box<dyn CollectJob>)
    }))
}

struct Folding {
    folder: FoldWorker,
    init: Arc<str>,
    role: FoldRole,
    /// Whether there is a value.
    begun: bool,
}

impl Folding {
    fn fold(&mut self, chunk: &Chunk) -> Result<(), JobError> {
        self.folder
            .fold(chunk)
            .map_err(|error| JobError { at: Some(error.at), error: Box::new(error.into_error("reduce")) })
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), JobError> {
        if !std::mem::take(&mut self.begun) {
            self.folder.begin(&self.init)?;
        }
        out.extend_from_slice(self.folder.finish()?.as_bytes());
        Ok(())
    }
}

impl CollectJob for Folding {
    fn work(&mut self, chunk: &Chunk, out: &mut Vec<u8>) -> Result<(), JobError> {
        match self.role {
            _ if chunk.is_empty() => self.finish(out),
            FoldRole::Whole => self.fold(chunk),
            FoldRole::Part => {
                self.folder.begin(&self.init)?;
                self.begun = true;
                self.fold(chunk)?;
                self.finish(out)
            }
            FoldRole::Combine => {
                let value = String::from_utf8_lossy(chunk.item(0));
                if std::mem::replace(&mut self.begun, true) {
                    self.folder.combine(&value)?;
                } else {
                    self.folder.begin(&value)?;
                }
                Ok(())
            }
        }
    }

    fn take_logs(&mut self) -> Vec<LogLine> {
        self.folder.take_logs()
    }
}
