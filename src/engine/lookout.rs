//! A lookout looks for what ends a step that waits for its input: interrupts, faults of the run, its deadline. It tells how
//! far the step is in the same rhythm. Steps with a policy have a scheduler for that.

use std::time::{Duration, Instant};

use super::context::{Context, LOOK_UP};
use super::input::{NextChunk, StepInput};
use super::run_store;
use crate::data::DataError;
use crate::event::{Event, StepId, StepStatus, Tally};
use crate::runtime::clock;
use crate::value::{Chunk, Extent};

/// Why a step ends before its end.
pub(super) struct Cut {
    pub(super) status: StepStatus,
    pub(super) reason: String,
}

impl Cut {
    pub(super) fn failed(reason: impl Into<String>) -> Self {
        Self { status: StepStatus::Failed, reason: reason.into() }
    }

    /// A source that turned out bad ends whoever reads it.
    pub(super) fn lost(context: &Context<'_>, source: StepId) -> Self {
        Self { status: StepStatus::Cancelled, reason: lost_reason(context, source) }
    }
}

impl From<DataError> for Cut {
    fn from(error: DataError) -> Self {
        Self::failed(error.to_string())
    }
}

/// What reading an input has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadOutcome {
    /// The chunk holds at least one item.
    Items,
    /// Nothing has arrived yet.
    Nothing,
    /// The input has ended well.
    End,
}

/// The lookout of one step.
pub(super) struct Lookout<'a> {
    context: &'a Context<'a>,
    step: StepId,
    begun: Instant,
    deadline: Option<Duration>,
    told: Instant,
}

impl<'a> Lookout<'a> {
    /// Of a step that began at `begun` and must end within `deadline`.
    pub(super) fn new(
        context: &'a Context<'a>,
        step: StepId,
        begun: Instant,
        deadline: Option<Duration>,
    ) -> Self {
        Self { context, step, begun, deadline, told: begun }
    }

    /// What has ended the step from outside.
    pub(super) fn check(&self) -> Result<(), Cut> {
        if self.context.interrupt.count() > 0 {
            return Err(Cut { status: StepStatus::Cancelled, reason: "interrupted".to_owned() });
        }
        if let Some(fault) = self.context.fault() {
            return Err(Cut::failed(run_store::stopped(fault)));
        }
        if self.deadline.is_some_and(|limit| clock::since(self.begun) > limit) {
            return Err(Cut::failed("deadline"));
        }
        Ok(())
    }

    /// Tells how many items are done, unless that was told a moment ago.
    pub(super) fn tell(&mut self, done: u64, total: Option<u64>, read: Option<Extent>) {
        if clock::since(self.told) >= LOOK_UP {
            self.told = clock::now();
            let tally = Tally { succeeded: done, ..Tally::default() };
            self.context.emit(Event::Progress { step: self.step, tally, total, read });
        }
    }

    /// Looks up and then reads the next items into `chunk`, waiting a moment for them.
    pub(super) fn read(
        &self,
        input: &mut StepInput<'_>,
        (items, bytes): (usize, usize),
        chunk: &mut Chunk,
    ) -> Result<ReadOutcome, Cut> {
        self.check()?;
        match input.next(items, bytes, LOOK_UP, chunk) {
            NextChunk::Chunk => Ok(ReadOutcome::Items),
            NextChunk::Later => Ok(ReadOutcome::Nothing),
            NextChunk::End => self.ended(input).map(|()| ReadOutcome::End),
            NextChunk::Lost(source) => Err(Cut::lost(self.context, source)),
            NextChunk::Unreadable => Err(Cut::from(input.fault())),
        }
    }

    /// A source may turn out bad at its very end.
    pub(super) fn ended(&self, input: &StepInput<'_>) -> Result<(), Cut> {
        input.lost().map_or(Ok(()), |source| Err(Cut::lost(self.context, source)))
    }
}

/// Why a step that was reading from `lost` was cut off.
pub(super) fn lost_reason(context: &Context<'_>, lost: StepId) -> String {
    format!("source `{}` failed", context.plan.steps[lost.at()].name)
}
