//! This reporter gathers an account of the run, for pages that are written at its end. Of each step it remembers a
//! bounded number of failures; the kept run, if there is one, knows more.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::time::Duration;

use super::Reporter;
use super::account::{
    Account, FAILURES_MAX, FailureAccount, GROUPS_MAX, Group, LOGS_MAX, RETRIES_MAX, RetryAccount,
    StepAccount,
};
use super::figures::{self, run_log};
use crate::event::{Event, FailureKind, Place, StepResult, StepStatus};

/// Lines of logs that may turn out to be those of an item that fails; items log before they fail, a few at a time.
const LINES_MAX: usize = 256;
const NOTICES_MAX: usize = 100;

/// The reporter that gathers an account of the run from its events.
#[derive(Debug, Default)]
pub struct Gathered {
    account: Account,
    /// Where the group of a failure is, by step, kind, message and place.
    groups: HashMap<(usize, String), usize>,
    lines: VecDeque<(usize, u64, String, String)>,
}

impl Gathered {
    /// What was gathered. A run without an end was cut short.
    pub fn into_account(self) -> Account {
        let mut account = self.account;
        for step in &mut account.steps {
            // The most frequent first, and among equals the one that was first.
            step.groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        }
        account
    }

    fn step(&mut self, at: usize) -> Option<&mut StepAccount> {
        self.account.steps.get_mut(at)
    }

    fn failed(&mut self, at: usize, failure: FailureAccount, timed: bool) {
        // Where an item was when its time was over is chance.
        let place = failure.place.clone().filter(|_| !timed);
        let name = format!("{}\0{}\0{}", failure.kind, failure.message, place.as_deref().unwrap_or(""));
        let known = self.groups.get(&(at, name.clone())).copied();
        let mut log = Vec::new();
        for (step, index, level, text) in &self.lines {
            if (*step, *index) == (at, failure.index) && log.len() < LOGS_MAX {
                log.push((level.clone(), text.clone()));
            }
        }
        let Some(step) = self.account.steps.get_mut(at) else { return };
        step.tally.failed += 1;
        match known {
            Some(known) => {
                let group = &mut step.groups[known];
                group.count += 1;
                if group.items.len() < 3 {
                    group.items.push(failure.index);
                }
            }
            None if step.groups.len() < GROUPS_MAX => {
                let (kind, message) = (failure.kind.clone(), failure.message.clone());
                step.groups.push(Group { kind, message, place, count: 1, items: vec![failure.index] });
                self.groups.insert((at, name), step.groups.len() - 1);
            }
            None => {}
        }
        if step.failures.len() < FAILURES_MAX {
            step.failures.push(FailureAccount { log, ..failure });
        }
    }

    fn ended(&mut self, at: usize, result: &StepResult, time: Duration) {
        let Some(step) = self.step(at) else { return };
        let StepResult { reason, total, tally, emitted, needed, duration, target, outputs, reuse, .. } =
            result.clone();
        result.status.name().clone_into(&mut step.status);
        step.started = match step.started {
            // A source that others read begins when they do, and says so only at its end.
            None if result.status != StepStatus::Skipped && (total > 0 || !duration.is_zero()) => {
                Some(time.saturating_sub(result.age.unwrap_or(duration)))
            }
            started => started,
        };
        (step.reason, step.total, step.tally, step.emitted) = (reason, Some(total), tally, emitted);
        step.needed = needed.map(|(ratio, needed)| (figures::percent_of(ratio), needed));
        (step.duration, step.reuse) = (duration, reuse);
        (step.target, step.outputs) = (target.map(|target| target.to_string()), outputs);
        step.timing = result.timing.as_ref().map(|timing| timing.without_spans());
    }
}

fn failure(
    index: u64,
    kind: FailureKind,
    message: &str,
    place: Option<&Place>,
    attempts: u32,
) -> FailureAccount {
    FailureAccount {
        index,
        kind: kind.name().to_owned(),
        message: message.to_owned(),
        place: place.map(ToString::to_string),
        source: place.and_then(|place| place.source.as_ref()).map(ToString::to_string),
        attempts,
        ..FailureAccount::default()
    }
}

impl Reporter for Gathered {
    fn event(&mut self, event: &Event, time: Duration) -> io::Result<()> {
        match event {
            Event::RunStarted { run, pipeline, steps, .. } => {
                let (run, pipeline, status) = (run.to_string(), pipeline.to_string(), "failed".to_owned());
                let step = |info: &crate::event::StepInfo| StepAccount {
                    name: info.name.to_string(),
                    verb: info.verb_name().to_owned(),
                    status: "pending".to_owned(),
                    ..StepAccount::default()
                };
                let steps = steps.iter().map(step).collect();
                self.account = Account { run, pipeline, status, steps, ..Account::default() };
            }
            Event::StepStarted { step, total } => {
                if let Some(step) = self.step(step.at()) {
                    (step.status, step.total, step.started) = ("running".to_owned(), *total, Some(time));
                }
            }
            Event::ItemFailed { step, index, kind, message, place, attempts } => {
                let timed = matches!(kind, FailureKind::Timeout | FailureKind::Deadline);
                self.failed(step.at(), failure(*index, *kind, message, place.as_ref(), *attempts), timed);
            }
            Event::ItemRetried { step, index, attempt, kind, message, .. } => {
                if let Some(step) = self.step(step.at()) {
                    let known = step.retries.iter().position(|retry| retry.index == *index);
                    let (kind, message) = (kind.name().to_owned(), message.to_string());
                    let retry = RetryAccount { index: *index, attempts: attempt + 1, kind, message };
                    match known {
                        Some(known) => step.retries[known] = retry,
                        None if step.retries.len() < RETRIES_MAX => step.retries.push(retry),
                        None => {}
                    }
                }
            }
            Event::Log { step, index, level, message, fields } => {
                let text = match fields {
                    Some(fields) => format!("{message} {fields}"),
                    None => message.clone(),
                };
                self.lines.push_back((step.at(), *index, level.name().to_owned(), text));
                if self.lines.len() >= LINES_MAX {
                    self.lines.pop_front();
                }
            }
            Event::Notice { step, message } if self.account.notices.len() < NOTICES_MAX => {
                let name = step.and_then(|step| self.account.steps.get(step.at())).map(|step| &step.name);
                let told = name.map_or(message.clone(), |name| format!("{name}: {message}"));
                self.account.notices.push(told);
            }
            Event::RunLog { level, message, fields } if self.account.notices.len() < NOTICES_MAX => {
                self.account.notices.push(run_log(level.name(), message, fields.as_deref()));
            }
            Event::StepFinished { step, result } => self.ended(step.at(), result, time),
            Event::RunFinished { status, duration } => {
                (self.account.status, self.account.duration) = (status.name().to_owned(), *duration);
            }
            Event::Notice { .. }
            | Event::RunLog { .. }
            | Event::Progress { .. }
            | Event::ItemSlow { .. }
            | Event::Interrupted { .. } => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::fixture;

    fn gather(events: &[(u64, Event)]) -> Account {
        let mut gathered = Gathered::default();
        fixture::replay(&mut gathered, events);
        gathered.into_account()
    }

    #[test]
    fn an_account_has_the_counters_and_the_failures_by_message() {
        let account = gather(&fixture::documents());
        assert_eq!((&*account.run, &*account.status, account.steps.len()), ("7f3a", "succeeded", 3));
        let clean = &account.steps[1];
        assert_eq!((clean.tally.failed, clean.needed.clone()), (7, Some(("95 %".to_owned(), 9471))));
        let groups: Vec<(u64, &[u64])> =
            clean.groups.iter().map(|group| (group.count, &*group.items)).collect();
        assert_eq!(groups, [(5, &[402, 17, 5000][..]), (2, &[4410, 31][..])]);
        assert_eq!((clean.failures.len(), clean.started), (7, Some(Duration::from_millis(1))));
    }

    #[test]
    fn a_run_without_an_end_has_failed_and_its_steps_are_as_they_were() {
        let events = fixture::documents();
        let account = gather(&events[..6]);
        assert_eq!((&*account.status, &*account.steps[1].status), ("failed", "running"));
        assert_eq!((&*account.steps[2].status, account.steps[1].tally.failed), ("pending", 2));
    }

    #[test]
    fn failures_beyond_the_bound_are_counted() {
        let account = gather(&fixture::failures(FAILURES_MAX as u64 + 5));
        let step = &account.steps[0];
        assert_eq!(step.failures.len(), FAILURES_MAX);
        assert_eq!((step.groups.len(), step.groups[0].count), (1, FAILURES_MAX as u64 + 5));
    }
}
