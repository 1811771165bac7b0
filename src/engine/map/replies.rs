//! This module takes what workers send back: endings of items, for the scheduler, the sink and the reporters.

use std::sync::Arc;
use std::time::Duration;

use super::{Coordinator, Earlier, InFlight, StepFault, WaitingItem};
use crate::data::ChunkResults;
use crate::engine::failed_item::{self, Attempted};
use crate::engine::pool::{EndedItem, Reply, Report};
use crate::engine::step_results;
use crate::event::{Event, FailureKind, LogLevel};
use crate::lua::{AttemptEnding, CancelLevel, Failure, LogLine, ScriptError};
use crate::schedule::{FailedAttempt, Next, Start};
use crate::store::{self, ChunkEndings, Ending, FailedItem, LogEntry, RetriedItem};
use crate::value::Chunk;

/// A chunk being cut into pieces at the items that will be tried again.
struct ChunkCut {
    /// The chunk's results.
    out: Vec<u8>,
    /// Index of the first item of the next piece.
    first: u64,
    /// Where its results begin in `out`.
    out_start: usize,
    /// Records of its items that failed for good.
    failed: Vec<u8>,
}

/// What became of an item after a failed attempt.
enum AfterFailure {
    /// It will be tried again.
    Again,
    /// The step is stopping.
    Cancelled,
    /// It has failed for good.
    Failed(Box<FailedItem>),
}

impl Coordinator<'_> {
    /// Takes in one reply.
    pub(super) fn hear(&mut self, reply: Reply) -> Result<(), StepFault> {
        match reply {
            Reply::Report(report) => self.settle(*report),
            Reply::Keys(report) => self.take_keys(*report),
            Reply::Costs(report) => {
                self.take_costs(*report);
                Ok(())
            }
            Reply::Spent(spent) => {
                self.take_spent(spent);
                Ok(())
            }
            Reply::Starting(task, at) => {
                if let Some(task) = self.in_flight.get(&task) {
                    self.scheduler.started_at(&task.start, at);
                }
                Ok(())
            }
            Reply::Logs(lines) => {
                self.log(lines);
                Ok(())
            }
            Reply::Broken(task, message) => {
                let message = self.context.mask().owned(message);
                let failure = Failure { retryable: true, ..Failure::new(FailureKind::Panic, message) };
                self.settle_alone(task, true, failure)
            }
            Reply::Lost { task, stuck } => {
                // Another attempt would cost another worker.
                let message =
                    "a host function did not return within twice the limit; its worker was given up";
                self.settle_alone(task, stuck, Failure::new(FailureKind::Timeout, message))
            }
            Reply::Unusable { key: Some(key), error } => {
                Err(StepFault::Script(step_results::reason(key, &error)))
            }
            Reply::Unusable { key: None, error } => Err(StepFault::Script(script_reason(&error))),
            Reply::ProgramLost(reason) => {
                self.program_lost(self.context.mask().owned(reason));
                Ok(())
            }
            Reply::Failed(reason) => Err(StepFault::Script(reason)),
            Reply::Gone if self.told_to_stop == CancelLevel::Interrupt => {
                self.write_off();
                Ok(())
            }
            Reply::Gone => Err(StepFault::Script("all workers are gone".to_owned())),
        }
    }

    /// The step ends, for a reason that no item may have failed by.
    fn program_lost(&mut self, message: String) {
        if let Some(journal) = &self.journal {
            let line = LogEntry { index: 0, level: LogLevel::Error, message: message.clone(), fields: None };
            let _ = journal.logs(vec![line]);
        }
        self.context.notice(self.step.id, message);
        self.scheduler.program_lost();
    }

    pub(super) fn log(&self, lines: Vec<LogLine>) {
        if let Some(journal) = &self.journal {
            let of_items = lines.iter().filter(|line| line.index > 0);
            let entry = |line: &LogLine| LogEntry {
                index: line.index,
                level: line.level,
                message: line.message.clone(),
                fields: line.fields.clone(),
            };
            // What goes wrong here stops the step before its next item.
            let _ = journal.logs(of_items.map(entry).collect());
        }
        for line in lines {
            let LogLine { index, level, message, fields } = line;
            if !self.context.options.logs && level < LogLevel::Warn {
                continue;
            }
            self.context.emit(Event::Log { step: self.step.id, index, level, message, fields });
        }
    }

    /// Books the endings of a chunk and gives its results on. A report of a task that is not out (it comes late, or a second
    /// time) is passed over.
    pub(super) fn settle(&mut self, mut report: Report) -> Result<(), StepFault> {
        if let Some(at_work) = &mut self.at_work {
            at_work.end(report.task);
        }
        let Some(mut task) = self.in_flight.remove(&report.task) else { return Ok(()) };
        let (len, first) = (task.chunk.len(), task.chunk.first);
        self.items_out -= len as u64;
        self.size.learn(report.done, report.elapsed);
        self.timing.book(first, task.start.attempt, &report);
        let (now, succeeded) = (self.now(), report.done - report.ends.len());
        self.scheduler.succeeded(now, &task.start, succeeded as u64);
        let ends = std::mem::take(&mut report.ends);
        let mut endings = self.endings_of(&mut task, &mut report);
        let item_endings = endings.as_mut().map(|endings| &mut endings.ends);
        let mut cut =
            ChunkCut { out: std::mem::take(&mut report.out), first, out_start: 0, failed: Vec::new() };
        let whole = self.settle_ends(&mut task, ends, &mut cut, item_endings)?;
        let count = first + report.done as u64 - cut.first;
        if count > 0 {
            let emitted = if whole { report.emitted } else { lines(&cut.out[cut.out_start..]) };
            let out = if whole { cut.out } else { cut.out.split_off(cut.out_start) };
            self.sink.push(ChunkResults { first: cut.first, count, out, emitted, failed: cut.failed })?;
        }
        if let (Some(journal), Some(endings)) = (&self.journal, endings) {
            journal.push(endings)?;
        }
        let start = task.start;
        if report.done < len {
            self.keep_unstarted(task, report.done);
        } else if self.spare_chunks.len() < self.limits.tasks {
            // A worker that was given up may still have it.
            self.spare_chunks.extend(Arc::try_unwrap(task.chunk));
        }
        let now = self.now();
        self.scheduler.chunk_ended(now, &start, (len - report.done) as u64);
        Ok(())
    }

    /// Items that the worker did not begin go back to where they came from.
    fn keep_unstarted(&mut self, task: InFlight, done: usize) {
        if let Some(earlier) = task.earlier {
            self.waiting.insert(task.chunk.first, WaitingItem { chunk: (*task.chunk).clone(), earlier });
        } else {
            let rest = task.chunk.slice(done..task.chunk.len());
            self.fresh.insert(rest.first, rest);
        }
    }

    /// Books every ending that is no plain success. `true`: no item of the chunk will be tried again, it is one piece.
    fn settle_ends(
        &mut self,
        task: &mut InFlight,
        ends: Vec<EndedItem>,
        cut: &mut ChunkCut,
        mut item_endings: Option<&mut Vec<store::ItemEnding>>,
    ) -> Result<bool, StepFault> {
        let mut whole = true;
        for EndedItem { at, out_len, how, duration } in ends {
            let index = task.chunk.first + at as u64;
            let mut ending = Ending::Open;
            match how {
                AttemptEnding::Skipped { reason } => {
                    self.scheduler.skipped(self.now(), &task.start);
                    ending = Ending::Skipped(reason);
                }
                AttemptEnding::Cancelled => {
                    self.scheduler.cancelled(1);
                    if let Some(work) = &self.context.options.work {
                        work.cut_off(index, duration);
                    }
                    if let Some(earlier) = &task.earlier {
                        self.leave(index, earlier);
                    }
                    self.keep_cancelled(index, 1);
                }
                AttemptEnding::BadRow { message } => {
                    self.input.bad_item(&task.chunk, at, message);
                    self.scheduler.withdrawn();
                    if let Some(source) = self.input.lost() {
                        self.lose(source);
                    }
                }
                AttemptEnding::Failed(failure) => {
                    match self.settle_failure(task, at, *failure, duration, &mut cut.failed)? {
                        AfterFailure::Again => {
                            self.push_cut(cut, index, out_len)?;
                            whole = false;
                        }
                        AfterFailure::Cancelled => self.keep_cancelled(index, 1),
                        AfterFailure::Failed(item) => ending = Ending::Failed(item),
                    }
                }
            }
            if let Some(item_endings) = &mut item_endings {
                item_endings.push(store::ItemEnding { at: at as u32, how: ending });
            }
        }
        Ok(whole)
    }

    /// Gives on what comes before the item at `index`, which will be tried again.
    fn push_cut(&mut self, cut: &mut ChunkCut, index: u64, out_len: usize) -> Result<(), StepFault> {
        let count = index - cut.first;
        if count > 0 {
            let out = cut.out[cut.out_start..out_len].to_vec();
            let (emitted, failed) = (lines(&out), std::mem::take(&mut cut.failed));
            self.sink.push(ChunkResults { first: cut.first, count, out, emitted, failed })?;
        }
        (cut.first, cut.out_start) = (index + 1, out_len);
        Ok(())
    }

    /// A failed attempt.
    fn settle_failure(
        &mut self,
        task: &mut InFlight,
        at: usize,
        mut failure: Failure,
        duration: Duration,
        failed: &mut Vec<u8>,
    ) -> Result<AfterFailure, StepFault> {
        let index = task.chunk.first + at as u64;
        let message: Arc<str> = failure.message.as_str().into();
        let now = self.now();
        let started = now.saturating_sub(duration);
        let mut earlier = match task.earlier.take() {
            Some(earlier) => earlier,
            None => Box::new(Earlier { history: Vec::new(), last: None, since: started }),
        };
        earlier.history.push(Attempted::new(failure.kind, &message, duration));
        let attempt = FailedAttempt {
            index,
            identity: xxhash_rust::xxh3::xxh3_64(task.chunk.item(at).trim_ascii()),
            kind: failure.kind,
            retryable: failure.retryable,
            retry_after: failure.retry_after,
            started,
        };
        self.ask_for_grant(&task.start, &attempt)?;
        match self.scheduler.failed(now, &task.start, &attempt) {
            Next::RetryAt(due) => {
                self.context.emit(Event::ItemRetried {
                    step: self.step.id,
                    index,
                    key: task.chunk.key(at).map(Arc::from),
                    attempt: task.start.attempt,
                    kind: failure.kind,
                    message: Arc::clone(&message),
                    fields: failure.fields.as_deref().map(Arc::from),
                    delay: due.saturating_sub(now),
                });
                if let Some(journal) = &self.journal {
                    let (attempt, kind) = (task.start.attempt, failure.kind);
                    // What goes wrong here stops the step before its next item.
                    let _ = journal.retried(RetriedItem { index, attempt, kind, message });
                }
                earlier.last = Some(failed_item::seen_by_next(&failure));
                let chunk = task.chunk.slice(at..at + 1);
                if self.costed.is_some() {
                    self.ask_for_costs(Arc::new(chunk.clone()), task.start.attempt + 1);
                }
                self.waiting.insert(index, WaitingItem { chunk, earlier });
                return Ok(AfterFailure::Again);
            }
            Next::Cancelled => return Ok(AfterFailure::Cancelled),
            Next::OutOfTime => no_time_left(&mut failure),
            Next::Failed => {}
        }
        Ok(AfterFailure::Failed(self.fail(&task.chunk, at, &failure, &earlier, failed)))
    }

    /// Where several processes share the budget of retries, each asks for more when it has used what it has.
    fn ask_for_grant(&mut self, start: &Start, attempt: &FailedAttempt) -> Result<(), StepFault> {
        let Some(work) = &self.context.options.work else { return Ok(()) };
        if self.scheduler.wants_grant(start, attempt) && work.grants_retry()? {
            self.scheduler.grant();
        }
        Ok(())
    }

    /// An item has failed for good.
    fn fail(
        &mut self,
        chunk: &Chunk,
        at: usize,
        failure: &Failure,
        earlier: &Earlier,
        failed: &mut Vec<u8>,
    ) -> Box<FailedItem> {
        let duration = self.now().saturating_sub(earlier.since);
        let item = failed_item::of(chunk.item(at), failure, &earlier.history, duration);
        self.tell_failure(chunk.first + at as u64, &item, chunk.key(at), failed);
        Box::new(item)
    }

    /// Items whose deadline passed while they waited for their next attempt.
    pub(super) fn expire(&mut self) -> Result<(), StepFault> {
        let now = self.now();
        while let Some(expired) = self.scheduler.expired(now) {
            let Some(WaitingItem { chunk, earlier }) = self.waiting.remove(&expired.index) else { continue };
            let failure = out_of_time(&earlier);
            let mut failed = Vec::new();
            let item = self.fail(&chunk, 0, &failure, &earlier, &mut failed);
            if let Some(journal) = &self.journal {
                let mut endings = journal.spare();
                endings.first = expired.index;
                endings.contents.push(self.content.digest(&chunk, 0));
                self.keep_keys(&mut endings, chunk.keys.iter());
                endings.ends.push(store::ItemEnding { at: 0, how: Ending::Failed(item) });
                journal.push(endings)?;
            }
            self.sink.push(ChunkResults {
                first: expired.index,
                count: 1,
                failed,
                ..ChunkResults::default()
            })?;
        }
        Ok(())
    }

    /// What the journal is told of a chunk, its endings excepted.
    fn endings_of(&self, task: &mut InFlight, report: &mut Report) -> Option<ChunkEndings> {
        let mut endings = task.endings.take()?;
        if report.done == 0 {
            return None;
        }
        let chunk = &task.chunk;
        endings.first = chunk.first;
        endings.contents = std::mem::take(&mut report.digests);
        endings.lines = std::mem::take(&mut report.lines);
        if endings.contents.len() != report.done {
            // A worker that broke down has not come to it.
            endings.contents.clear();
            endings.contents.extend((0..report.done).map(|at| self.content.digest(chunk, at)));
        }
        self.keep_keys(&mut endings, chunk.keys.iter().take(report.done));
        endings.out.extend_from_slice(&report.out);
        Some(endings)
    }

    /// A task whose worker broke down over it. One item: it failed, if it is to blame. More: nobody knows which, so each is
    /// run again alone.
    fn settle_alone(&mut self, task: u64, to_blame: bool, failure: Failure) -> Result<(), StepFault> {
        let Some(out) = self.in_flight.get(&task) else {
            self.settle_costs_alone(task, to_blame, failure.clone());
            return self.settle_keys_alone(task, to_blame, failure);
        };
        let began = self.now();
        if out.chunk.len() > 1 {
            self.size = super::ChunkSize::new(None);
        }
        if out.chunk.len() > 1 || !to_blame {
            return self.settle(Report { task, began, ..Report::default() });
        }
        let how = AttemptEnding::Failed(Box::new(failure));
        let ends = vec![EndedItem { at: 0, out_len: 0, how, duration: Duration::ZERO }];
        self.settle(Report { task, done: 1, ends, began, ..Report::default() })
    }
}

/// How many lines `out` holds.
fn lines(out: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', out).count() as u64
}

/// What is said of an item whose next attempt would come too late.
fn no_time_left(failure: &mut Failure) {
    if failure.kind != FailureKind::Deadline {
        failure.kind = FailureKind::Deadline;
        failure.message = format!(
            "item_deadline leaves no time for another attempt; the last one failed: {}",
            failure.message
        );
    }
}

fn out_of_time(earlier: &Earlier) -> Failure {
    let last = earlier.history.last().map_or("", Attempted::message);
    let message =
        format!("item_deadline passed while waiting for another attempt; the last one failed: {last}");
    Failure::new(FailureKind::Deadline, message)
}

/// Why a script is of no use, in one line.
fn script_reason(error: &ScriptError) -> String {
    match &error.place {
        Some(place) => format!("the function cannot be loaded: {place} {}", error.message),
        None => format!("the function cannot be loaded: {}", error.message),
    }
}
