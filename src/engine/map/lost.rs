//! This module is the last resort: a worker that does not come back from a host function, long after its attempt's
//! limit, is given up. Its item fails, the other items that it held run again, and another worker takes its place.

use std::sync::Arc;
use std::time::Duration;

use super::{ChunkSize, Coordinator, StepFault};
use crate::engine::pool::{EndedItem, HeldTask, Report, Task};
use crate::event::FailureKind;
use crate::lua::{AttemptEnding, CancelLevel, Failure, clock};

/// How long after the step's stop signal a worker may still run. Then the step ends without it.
const STOPPED_MAX: Duration = Duration::from_secs(5);

impl Coordinator<'_> {
    /// Looks for workers that are stuck.
    pub(super) fn give_up_lost(&mut self) -> Result<(), StepFault> {
        if self.cancel.level() == CancelLevel::Interrupt {
            let since = *self.stopped.get_or_insert_with(clock::now);
            if self.tasks_out > 0 && clock::since(since) >= STOPPED_MAX {
                self.write_off();
            }
            return Ok(());
        }
        for (index, held) in self.pool.give_up_stuck(clock::now()) {
            for held in held {
                self.settle_lost(index, held)?;
            }
            if !self.pool.replace()? {
                let reason =
                    "too many of its workers did not come back from host functions; see the failed items";
                return Err(StepFault::Script(reason.to_owned()));
            }
        }
        Ok(())
    }

    /// The item at `index` is the one that the worker is stuck at. In a chunk of several nobody knows what became of the others:
    /// all of them are run again, alone.
    fn settle_lost(&mut self, index: u64, held: HeldTask) -> Result<(), StepFault> {
        let HeldTask { start, chunk, attempt, earlier, .. } = held;
        let endings = self.journal.as_ref().map(|journal| Box::new(journal.spare()));
        let is_alone = chunk.len() == 1;
        let is_stuck = is_alone && chunk.first == index;
        let task = Task { start, chunk: Arc::clone(&chunk), attempt, earlier, out: Vec::new(), endings };
        let (begun, elapsed) = (clock::now(), Duration::ZERO);
        if !is_alone {
            self.size = ChunkSize::new(true);
        }
        if !is_stuck {
            return self.settle(Report { task, done: 0, emitted: 0, ends: Vec::new(), begun, elapsed });
        }
        self.pool.count_given_up();
        let how = AttemptEnding::Failed(Box::new(stuck()));
        let ends = vec![EndedItem { at: 0, out_len: 0, how, duration: elapsed }];
        self.settle(Report { task, done: 1, emitted: 0, ends, begun, elapsed })
    }
}

fn stuck() -> Failure {
    // Another attempt would cost another worker.
    let message = "a host function did not return within twice the limit; its worker was given up";
    Failure::new(FailureKind::Timeout, message)
}
