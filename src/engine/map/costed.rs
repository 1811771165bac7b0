//! The costs of attempts that take amounts of their own of the rate limits are found out by workers before the attempts may
//! start: for fresh items ahead, for others while they wait for their next attempt.

use std::sync::Arc;
use std::time::Duration;

use super::{Coordinator, StepFault};
use crate::engine::pool::{Allowance, CostReport, EndedItem, Report, Task, TaskAttempt, TaskKind};
use crate::lua::{AttemptEnding, Failure, Spent};
use crate::value::Chunk;

impl Coordinator<'_> {
    /// Asks for the costs of fresh items that were not asked for yet.
    pub(super) fn ask_for_fresh_costs(&mut self) {
        let Some(costed) = &mut self.costed else { return };
        // What came back unstarted lies before, and its costs are known.
        let fresh: Vec<Chunk> = self.fresh.range(costed.next..).map(|(_, chunk)| chunk.clone()).collect();
        for chunk in fresh {
            if let Some(costed) = &mut self.costed {
                costed.next = chunk.first + chunk.len() as u64;
            }
            self.ask_for_costs(Arc::new(chunk), 1);
        }
    }

    /// Asks a worker what attempts of this number of some items take.
    pub(super) fn ask_for_costs(&mut self, chunk: Arc<Chunk>, attempt: u32) {
        let number = self.next_task();
        let Some(costed) = &mut self.costed else { return };
        costed.tasks.insert(number, (Arc::clone(&chunk), attempt));
        self.pool.send(Task {
            number,
            kind: TaskKind::Costs,
            chunk,
            attempt: TaskAttempt { number: attempt, deadline: None, last: None },
            allowance: Allowance::default(),
            out: Vec::new(),
            digests: None,
            lines: Vec::new(),
        });
    }

    /// Takes costs in.
    pub(super) fn take_costs(&mut self, report: CostReport) {
        let Some(costed) = &mut self.costed else { return };
        // Costs that come late, or a second time, are passed over.
        let Some((chunk, attempt)) = costed.tasks.remove(&report.task) else { return };
        costed.size.learn(report.costs.len(), report.elapsed);
        let come_to = report.costs.len();
        for (index, costs) in (chunk.first..).zip(report.costs) {
            let costs = costs.unwrap_or_else(|failure| {
                costed.refused.insert(index, *failure);
                // It takes nothing, because it fails as soon as it is its turn.
                Vec::new()
            });
            self.scheduler.cost(index, costs);
        }
        // Items of a step that stops do not run.
        if come_to < chunk.len() && self.scheduler.stop().is_none() {
            self.ask_for_costs(Arc::new(chunk.slice(come_to..chunk.len())), attempt);
        }
    }

    /// A worker broke down over the costs of a task. One item: its attempt cannot be made, if it is to blame. More: nobody
    /// knows which, so each is asked for alone.
    pub(super) fn settle_costs_alone(&mut self, task: u64, to_blame: bool, failure: Failure) {
        let Some(costed) = &mut self.costed else { return };
        let Some((chunk, attempt)) = costed.tasks.get(&task).cloned() else { return };
        if chunk.len() == 1 && to_blame {
            let message = format!("the cost of the attempt is not known: {}", failure.message);
            let costs = vec![Err(Box::new(Failure { message, retryable: false, ..failure }))];
            return self.take_costs(CostReport { task, costs, elapsed: Duration::ZERO });
        }
        costed.tasks.remove(&task);
        (0..chunk.len()).for_each(|at| self.ask_for_costs(Arc::new(chunk.slice(at..at + 1)), attempt));
    }

    /// Why the attempt of this item that is about to start cannot be made.
    pub(super) fn refusal(&mut self, index: u64) -> Option<Failure> {
        self.costed.as_mut()?.refused.remove(&index)
    }

    /// Ends a task that no worker was given, because the attempt cannot be made.
    pub(super) fn refuse(&mut self, task: u64, failure: Failure) -> Result<(), StepFault> {
        let (how, began) = (AttemptEnding::Failed(Box::new(failure)), self.now());
        let ends = vec![EndedItem { at: 0, out_len: 0, how, duration: Duration::ZERO }];
        self.settle(Report { task, done: 1, ends, began, ..Report::default() })
    }

    /// What running attempts took of rate limits, as they say.
    pub(super) fn take_spent(&mut self, spent: Vec<Spent>) {
        for Spent { index, limit, amount } in spent {
            let limits = &self.policy.rate_limits;
            let place = limits.iter().position(|own| own.name.as_ref() == Some(&limit));
            // In a trial a step is under no limit.
            if let Some(place) = place {
                self.scheduler.spent(index, place, amount);
            }
        }
    }
}
