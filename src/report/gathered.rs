//! This reporter gathers an account of the run, for pages that are written at its end. Of each step it remembers a
//! bounded number of failures; the kept run, if there is one, knows more.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use super::Reporter;
use super::account::{
    ATTEMPTS_MAX, Account, FAILURES_MAX, FailedAttempt, FailureAccount, GROUPS_MAX, LOGS_MAX, RETRIES_MAX,
    RetryAccount, StepAccount,
};
use super::figures::{self, run_log};
use super::groups::FailureGroups;
use crate::event::{Event, FailureKind, Place, RunStatus, StepResult, StepStatus, Usage};

/// Lines of logs that may turn out to be those of an item that fails; items log before they fail, a few at a time.
const LINES_MAX: usize = 256;
const NOTICES_MAX: usize = 100;
/// Items of a step that are tried again: the first in time, among which those shall be that have the first places.
const GATHERED_RETRIES_MAX: usize = 4 * RETRIES_MAX;

/// The reporter that gathers an account of the run from its events.
#[derive(Debug, Default)]
pub struct Gathered {
    account: Account,
    /// Of each step.
    groups: Vec<FailureGroups>,
    lines: VecDeque<(usize, u64, String, String)>,
    /// Attempts of items that may still fail, as text.
    attempts: VecDeque<(usize, u64, String)>,
}

impl Gathered {
    /// What was gathered. A run without an end was cut short.
    pub fn into_account(self) -> Account {
        let mut account = self.account;
        for (step, groups) in account.steps.iter_mut().zip(&self.groups) {
            step.groups = groups.list();
            step.groups.truncate(GROUPS_MAX);
        }
        account
    }

    fn over(&mut self, status: RunStatus, duration: Duration, usage: Option<Usage>) {
        let account = &mut self.account;
        (account.status, account.duration, account.usage) = (status.name().to_owned(), duration, usage);
    }

    fn step(&mut self, at: usize) -> Option<&mut StepAccount> {
        self.account.steps.get_mut(at)
    }

    fn failed(&mut self, at: usize, failure: FailureAccount) {
        let mut log = Vec::new();
        for (step, index, level, text) in &self.lines {
            if (*step, *index) == (at, failure.index) && log.len() < LOGS_MAX {
                log.push((level.clone(), text.clone()));
            }
        }
        let index = failure.index;
        let earlier = self.attempts.iter().filter(|(step, other, _)| (*step, *other) == (at, index));
        let mut history: Vec<String> = earlier.map(|(_, _, attempt)| attempt.clone()).collect();
        self.attempts.retain(|(step, other, _)| (*step, *other) != (at, index));
        if !history.is_empty() {
            history.push(attempt(failure.attempts, &failure.kind, &failure.message));
        }
        let Some(step) = self.account.steps.get_mut(at) else { return };
        step.tally.failed += 1;
        if let Some(retry) = step.retries.iter_mut().find(|retry| retry.index == index) {
            retry.has_failed = true;
        }
        if step.failures.len() < FAILURES_MAX {
            step.failures.push(FailureAccount { history, log, ..failure });
        }
    }

    /// An item is to be tried again.
    fn retried(&mut self, at: usize, (index, key): (u64, Option<String>), failed: FailedAttempt) {
        let attempt = attempt(failed.number, &failed.kind, &failed.message);
        self.attempts.push_back((at, index, attempt));
        if self.attempts.len() >= LINES_MAX {
            self.attempts.pop_front();
        }
        let Some(step) = self.step(at) else { return };
        let (attempts, has_room) = (failed.number + 1, step.retries.len() < GATHERED_RETRIES_MAX);
        match step.retries.iter_mut().find(|other| other.index == index) {
            Some(known) => {
                known.attempts = attempts;
                if known.failed.len() >= ATTEMPTS_MAX {
                    known.failed.remove(0);
                }
                known.failed.push(failed);
            }
            None if has_room => {
                let failed = vec![failed];
                step.retries.push(RetryAccount { index, key, attempts, failed, ..RetryAccount::default() });
            }
            None => {}
        }
    }

    fn ended(&mut self, at: usize, result: &StepResult, time: Duration) {
        let Some(step) = self.step(at) else { return };
        let StepResult {
            reason,
            total,
            tally,
            emitted,
            needed,
            duration,
            target,
            outputs,
            spilled,
            reuse,
            holds,
            ..
        } = result.clone();
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
        (step.duration, step.reuse, step.holds) = (duration, reuse, holds);
        step.spilled = spilled;
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

/// An attempt in a line.
fn attempt(number: u32, kind: &str, message: &str) -> String {
    format!("attempt {number}: {kind}: {message}")
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
                self.groups = steps.iter().map(|_| FailureGroups::default()).collect();
                let steps = steps.iter().map(step).collect();
                self.account = Account { run, pipeline, status, steps, ..Account::default() };
            }
            Event::StepStarted { step, total } => {
                if let Some(step) = self.step(step.at()) {
                    (step.status, step.total, step.started) = ("running".to_owned(), *total, Some(time));
                }
            }
            Event::ItemFailed { step, index, key, kind, message, place, fields, attempts } => {
                let place = place.as_ref();
                if let Some(groups) = self.groups.get_mut(step.at()) {
                    groups.add(*index, *kind, message, place);
                }
                let (key, fields) = (key.as_deref(), fields.as_deref());
                let failure = FailureAccount {
                    key: key.map(str::to_owned),
                    fields: fields.map(str::to_owned),
                    ..failure(*index, *kind, message, place, *attempts)
                };
                self.failed(step.at(), failure);
            }
            Event::ItemRetried { step, index, key, attempt, kind, message, .. } => {
                let (number, kind, message) = (*attempt, kind.name().to_owned(), message.to_string());
                let key = key.as_ref().map(ToString::to_string);
                self.retried(step.at(), (*index, key), FailedAttempt { number, kind, message });
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
            Event::RunFinished { status, duration, usage } => self.over(*status, *duration, *usage),
            Event::Notice { .. }
            | Event::RunLog { .. }
            | Event::Progress { .. }
            | Event::ItemSlow { .. }
            | Event::Breaker { .. }
            | Event::Waiting { .. }
            | Event::Fleet { .. }
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
        assert_eq!(groups, [(5, &[17, 402, 977][..]), (2, &[31, 4410][..])]);
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
