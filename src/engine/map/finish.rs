//! This module ends a step: it lets the workers go, puts away what never ran, and says how the step ended.

use std::time::Duration;

use super::reuse::ItemReuse;
use super::{Coordinator, StepFault};
use crate::data::ChunkResults;
use crate::engine::lookout::lost_reason;
use crate::engine::pool::Reply;
use crate::event::{StepResult, StepStatus};
use crate::lua::CancelLevel;
use crate::schedule::StopReason;

/// How long after the step's stop signal a worker may still run. Then the step ends without it.
const STOPPED_MAX: Duration = Duration::from_secs(5);

impl Coordinator<'_> {
    /// Ends the wait for workers that run on long after they were told to stop.
    pub(super) fn give_up_stopped(&mut self) {
        if self.told_to_stop != CancelLevel::Interrupt {
            return;
        }
        let now = self.now();
        let since = *self.stopped.get_or_insert(now);
        if !self.in_flight.is_empty() && now.saturating_sub(since) >= STOPPED_MAX {
            self.write_off();
        }
    }

    /// After a fault: stops the workers and gives up on the tasks that are out.
    pub(super) fn fail_step(&mut self) {
        self.stop_workers(CancelLevel::Interrupt);
        self.scheduler.source_failed();
        self.write_off();
    }

    /// Gives up on tasks that are out: what they hold counts as cancelled.
    pub(super) fn write_off(&mut self) {
        self.workers_gone = true;
        self.scheduler.cancelled(self.items_out);
        self.items_out = 0;
        // What comes back later is not known any more, and passed over.
        self.in_flight.clear();
    }

    /// Fills the places of items that never ended, so that everything behind them is given on.
    pub(super) fn put_away_unstarted(&mut self) -> Result<(), StepFault> {
        let fresh = std::mem::take(&mut self.fresh);
        let waiting = std::mem::take(&mut self.waiting);
        for (index, item) in &waiting {
            self.leave(*index, &item.earlier);
        }
        let gaps = fresh.values().map(|chunk| (chunk.first, chunk.len() as u64));
        for (first, count) in gaps.chain(waiting.keys().map(|index| (*index, 1))) {
            self.keep_cancelled(first, count);
            self.sink.push(ChunkResults { first, count, ..ChunkResults::default() })?;
        }
        Ok(())
    }

    /// Lets the workers go and waits a moment for them.
    pub(super) fn join_workers(&mut self) {
        self.pool.close();
        let until = self.now() + self.pool.farewell();
        while let Some(patience) = until.checked_sub(self.now()).filter(|patience| !patience.is_zero()) {
            match self.pool.reply(patience, None) {
                Some(Reply::Gone) => return,
                Some(Reply::Logs(lines)) => self.log(lines),
                _ => {}
            }
        }
    }

    pub(super) fn finish(mut self, fault: Option<StepFault>) -> StepResult {
        self.end_holds();
        let (tally, verdict) = (self.scheduler.tally(), self.scheduler.verdict());
        let (emitted, duration) = (self.sink.emitted, self.now() + self.age);
        let stop = self.scheduler.stop().map(|stop| stop.reason);
        let all_seen = self.input_ended && self.lost.is_none() && self.scheduler.stop().is_none();
        let reuse = self.reuse.as_ref().map(|reuse| reuse.counts(all_seen)).or(self.reused);
        let reuse = match stop {
            Some(StopReason::Enough) => reuse.map(|counts| counts.of_ended(tally.ended())),
            _ => reuse,
        };
        for warning in self.reuse.iter().flat_map(ItemReuse::warnings) {
            self.context.notice(self.step.id, warning);
        }
        self.timing.beside().writing += self.sink.spent;
        if let Some(work) = &self.context.options.work {
            self.timing.hand_over(work, self.journal.as_ref());
        }
        self.context.leave_journal(self.step.id, self.journal);
        let fault = self.sink.finish(self.errors).err().map(StepFault::Data).or(fault);
        if matches!(fault, Some(StepFault::Internal(_))) {
            self.context.break_down();
        }
        let unread = self.scheduler.total().is_none();
        let cut = self.interrupted.is_some() && (tally.cancelled > 0 || unread);
        // A verdict of the step's own stands, whatever its source turns out to be like afterwards.
        let lost = self.lost.filter(|_| verdict.succeeded || stop == Some(StopReason::SourceFailed));
        let is_shard = self.context.options.is_part();
        let (status, reason) = match (fault, lost) {
            // A script that was stopped while it was being set up says no more than that it was stopped.
            (Some(StepFault::Script(_)), _) if stop == Some(StopReason::Deadline) => {
                (StepStatus::Failed, Some("deadline".to_owned()))
            }
            (Some(StepFault::Script(_)), _) | (None, None) if cut => {
                (StepStatus::Cancelled, Some("interrupted".to_owned()))
            }
            (Some(fault), _) => (StepStatus::Failed, Some(fault.to_string())),
            (None, Some(lost)) => (StepStatus::Cancelled, Some(lost_reason(self.context, lost))),
            (None, None) if verdict.succeeded => (StepStatus::Succeeded, None),
            (None, None) if is_shard && left_to_gather(stop) => {
                let stopped =
                    |stop: StopReason| format!("stopped by `{}`; `flowrun gather` judges", stop.name());
                (StepStatus::Succeeded, stop.map(stopped))
            }
            (None, None) => (StepStatus::Failed, verdict.reason),
        };
        // A part judges nothing.
        let needed = (!is_shard).then_some((self.policy.min_success_ratio, verdict.needed));
        StepResult {
            emitted,
            needed,
            reuse,
            timing: Some(self.timing.into_timing()),
            holds: self.holds.into_holds(),
            ..StepResult::new(status, reason, tally, duration)
        }
    }
}

/// Whether a stop says nothing but that items have failed, which the run of a shard does not judge.
fn left_to_gather(stop: Option<StopReason>) -> bool {
    matches!(stop, None | Some(StopReason::FailFast | StopReason::MaxFailures))
}
