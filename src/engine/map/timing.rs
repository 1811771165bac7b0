//! The timing of a step says how long the items of a step take, from what the workers measure anyway: no clock is read for
//! it. The reporters decide how it is shown.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::reuse::ItemReuse;
use crate::engine::options::WorkPart;
use crate::engine::pool::Report;
use crate::event::{Beside, Span, Timing};
use crate::lua::AttemptEnding;
use crate::store::{StepJournal, StoreError};

/// How often the journal is told, so that a run can be looked at while it is going on.
const KEEP_EVERY: Duration = Duration::from_secs(1);

/// The timing of one step while it runs.
pub(super) struct StepTiming {
    timing: Timing,
    kept: Duration,
    spans: bool,
}

impl StepTiming {
    /// For a step that begins; `spans`: what ran when is to be remembered. How long gathered items took is known, and in a worker
    /// process how long those took that it has run before.
    pub(super) fn with(
        spans: bool,
        reuse: Option<&mut ItemReuse>,
        work: Option<&WorkPart>,
    ) -> Result<Self, StoreError> {
        if let Some(work) = work {
            let timing = work.timing.lock().unwrap_or_else(PoisonError::into_inner).clone();
            return Ok(Self { timing, kept: Duration::ZERO, spans });
        }
        let gathered = match reuse.map(ItemReuse::gathered) {
            Some(Ok(Some(gathered))) => gathered.timing()?,
            _ => Timing::default(),
        };
        Ok(Self { timing: gathered, kept: Duration::ZERO, spans })
    }

    /// Books a chunk. Failures come with their own times; the others share what is left of the chunk's.
    /// `first`: index of its first item.
    pub(super) fn book(&mut self, first: u64, attempt: u32, report: &Report) {
        let mut rest = report.elapsed;
        let mut others = report.done as u64;
        for end in &report.ends {
            rest = rest.saturating_sub(end.duration);
            others = others.saturating_sub(1);
            // Neither of them has shown how long the function takes.
            if !matches!(end.how, AttemptEnding::Cancelled | AttemptEnding::BadRow { .. }) {
                self.timing.record(first + end.at as u64, 1, end.duration);
            }
        }
        if let Some(each) = (rest.as_nanos() as u64).checked_div(others) {
            // Where items failed in between, the first of the others is hard to name; the first of the chunk will do.
            self.timing.record(first, others, Duration::from_nanos(each));
        }
        if self.spans && report.done > 0 {
            self.timing.span(Span {
                first,
                items: report.done as u64,
                start: report.began,
                duration: report.elapsed,
                attempt,
            });
        }
    }

    /// Takes in what others have measured.
    pub(super) fn add(&mut self, timing: &Timing) {
        self.timing.add(timing);
    }

    /// What the step spends beside its functions.
    pub(super) fn beside(&mut self) -> &mut Beside {
        &mut self.timing.beside
    }

    /// Tells the journal now and then.
    pub(super) fn keep(&mut self, now: Duration, journal: Option<&StepJournal>) {
        if now.saturating_sub(self.kept) < KEEP_EVERY {
            return;
        }
        self.kept = now;
        if let Some(journal) = journal {
            // What goes wrong here stops the step before its next item.
            let _ = journal.timing(self.timing.without_spans());
        }
    }

    /// Tells the journal of a worker process the whole of it: nobody else will.
    pub(super) fn hand_over(&self, work: &WorkPart, journal: Option<&StepJournal>) {
        *work.timing.lock().unwrap_or_else(PoisonError::into_inner) = self.timing.without_spans();
        if let Some(journal) = journal {
            // What goes wrong here is found when the shard is committed.
            let _ = journal.timing(self.timing.without_spans());
        }
    }

    /// What was measured.
    pub(super) fn into_timing(self) -> Arc<Timing> {
        Arc::new(self.timing)
    }
}
