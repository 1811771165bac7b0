//! The input of a worker process is those items of a step that are its own, read where the coordinator has found or put them.

use std::sync::Arc;
use std::time::Duration;

use super::framed_runs::FramedRuns;
use super::index_run::{IndexRun, open_at};
use super::rows::Rows;
use super::sharded::{part_of_runs, verb_of};
use super::{Part, StepInput};
use crate::data::{DataError, FramedItemsReader};
use crate::engine::context::Context;
use crate::engine::layout::LaidInput;
use crate::engine::options::WorkPart;
use crate::event::{StepResult, StepStatus};
use crate::plan::Step;
use crate::store::{RemoteFile, RemotePlace};
use crate::value::Indices;

impl<'a> StepInput<'a> {
    /// The items of a worker. `Err` is how the step ends without them.
    pub(super) fn of_work(
        context: &'a Context<'a>,
        step: &Step,
        work: &WorkPart,
    ) -> Result<Self, Box<StepResult>> {
        let mut input = Self::of_parts(context, Vec::new());
        let failed = |error: &DataError| {
            let reason = format!("items of `{}` cannot be read: {error}", step.name);
            Box::new(StepResult::without_items(StepStatus::Skipped, reason, Duration::ZERO))
        };
        for laid in &work.layout.inputs {
            let items = laid.items().common(&work.items);
            if items.is_empty() {
                continue;
            }
            input.parts.push(part(context, work, laid, &items).map_err(|error| failed(&error))?);
        }
        input.total = Some(work.items.count());
        Ok(input)
    }
}

fn part(
    context: &Context<'_>,
    work: &WorkPart,
    laid: &LaidInput,
    items: &Indices,
) -> Result<Part, DataError> {
    match laid {
        LaidInput::Framed { source, frames } => {
            let place = RemotePlace::open(work.folder.clone());
            let path = match source {
                Some(source) => place.items_of(source),
                None => place.file(&RemoteFile::Items),
            };
            let reader = FramedItemsReader::open(&path, Arc::clone(frames))?;
            let rows = Rows::Framed(FramedRuns::new(reader, items));
            Ok(Part { rows, source: None, before: 0 })
        }
        LaidInput::InPlace { source, before, counted } => {
            let unknown = || DataError::Usage(format!("the pipeline has no step `{source}`"));
            let source = context.plan.steps.iter().find(|step| *step.name == **source).ok_or_else(unknown)?;
            let enter = open_at(verb_of(context, source.id)?, true)?;
            let mut runs = Vec::new();
            for run in items.iter() {
                let part =
                    counted.slice(run.first - before - 1, run.count, &mut |position| enter(position))?;
                runs.push(IndexRun { source: source.id, first: run.first, part });
            }
            // Bad rows are found on the way, as they were when the items were counted.
            part_of_runs(context, runs, true)
        }
    }
}
