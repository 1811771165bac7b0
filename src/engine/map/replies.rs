//! This module takes what workers send back: endings of items, for the scheduler, the sink and the reporters.

use std::sync::Arc;
use std::time::Duration;

use super::{Coordinator, Earlier, StepFault, WaitingItem};
use crate::data::Piece;
use crate::engine::failed_item::{self, Attempted};
use crate::engine::pool::{End, Ran, Reply, Work};
use crate::event::{Event, FailureKind, LogLevel};
use crate::lua::{CancelLevel, Failure, ItemEnd, LogLine, ScriptError, clock};
use crate::schedule::{FailedAttempt, Next};
use crate::store::{self, Batch, Digest, Ending, FailedItem, LogEntry, RetriedItem};
use crate::value::Chunk;

/// A run of items being cut into pieces at the items that will be tried again.
struct ChunkCut {
    /// The run's results.
    out: Vec<u8>,
    /// Index of the first item of the next piece.
    first: u64,
    /// Where its results begin in `out`.
    out_start: usize,
    /// Records of its items that failed for good.
    failed: Vec<u8>,
}

/// What became of an item after a failed attempt.
enum Settled {
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
            Reply::Ran(ran) => self.settle(*ran),
            Reply::Starting(start, at) => {
                self.scheduler.started_at(&start, at.saturating_duration_since(self.begun));
                Ok(())
            }
            Reply::Logs(lines) => {
                self.log(lines);
                Ok(())
            }
            Reply::Broken(work, message) => self.settle_broken(*work, message),
            Reply::Unusable(error) => Err(StepFault::Script(script_reason(&error))),
            Reply::Gone => {
                if !self.pool.one_gone() {
                    return Ok(());
                }
                if self.cancel.level() == CancelLevel::Interrupt {
                    self.write_off();
                    return Ok(());
                }
                Err(StepFault::Script("all workers are gone".to_owned()))
            }
        }
    }

    pub(super) fn log(&self, lines: Vec<LogLine>) {
        if let Some(journal) = &self.journal {
            let entry = |line: &LogLine| LogEntry {
                index: line.index,
                level: line.level,
                message: line.message.clone(),
                fields: line.fields.clone(),
            };
            // What goes wrong here stops the step before its next item.
            let _ = journal.logs(lines.iter().map(entry).collect());
        }
        for line in lines {
            let LogLine { index, level, message, fields } = line;
            if !self.context.options.logs && level < LogLevel::Warn {
                continue;
            }
            self.context.emit(Event::Log { step: self.step.id, index, level, message, fields });
        }
    }

    /// Books the endings of a run of items and gives its results on.
    pub(super) fn settle(&mut self, mut ran: Ran) -> Result<(), StepFault> {
        let (len, first) = (ran.work.chunk.len(), ran.work.chunk.first);
        self.works_out -= 1;
        self.items_out -= len as u64;
        self.size.learn(ran.done, ran.elapsed);
        self.stopwatch.book(&ran);
        self.scheduler.succeeded((ran.done - ran.ends.len()) as u64);
        let ends = std::mem::take(&mut ran.ends);
        let mut batch = self.batch_of(&mut ran);
        let endings = batch.as_mut().map(|batch| &mut batch.ends);
        let mut cut =
            ChunkCut { out: std::mem::take(&mut ran.work.out), first, out_start: 0, failed: Vec::new() };
        let whole = self.settle_ends(&mut ran.work, ends, &mut cut, endings)?;
        let count = first + ran.done as u64 - cut.first;
        if count > 0 {
            let emitted = if whole { ran.emitted } else { lines(&cut.out[cut.out_start..]) };
            let out = if whole { cut.out } else { cut.out.split_off(cut.out_start) };
            self.sink.push(Piece { first: cut.first, count, out, emitted, failed: cut.failed })?;
        }
        if let (Some(journal), Some(batch)) = (&self.journal, batch) {
            journal.push(batch)?;
        }
        if ran.done < len {
            self.keep_unstarted(&mut ran);
        }
        let now = self.now();
        self.scheduler.run_ended(now, &ran.work.start, (len - ran.done) as u64);
        if self.spare_chunks.len() < self.window {
            // A worker that was given up may still have it.
            self.spare_chunks.extend(Arc::try_unwrap(ran.work.chunk));
        }
        Ok(())
    }

    /// Items that the worker did not begin go back to where they came from.
    fn keep_unstarted(&mut self, ran: &mut Ran) {
        let work = &mut ran.work;
        if let Some(earlier) = work.earlier.take() {
            self.waiting.insert(work.chunk.first, WaitingItem { chunk: (*work.chunk).clone(), earlier });
        } else {
            let rest = work.chunk.slice(ran.done..work.chunk.len());
            self.fresh.insert(rest.first, rest);
        }
    }

    /// Books every ending that is no plain success. `true`: no item of the run will be tried again, it is one piece.
    fn settle_ends(
        &mut self,
        work: &mut Work,
        ends: Vec<End>,
        cut: &mut ChunkCut,
        mut endings: Option<&mut Vec<store::End>>,
    ) -> Result<bool, StepFault> {
        let mut whole = true;
        for End { at, out_len, how, duration } in ends {
            let index = work.chunk.first + at as u64;
            let mut ending = Ending::Open;
            match how {
                ItemEnd::Skipped { reason } => {
                    self.scheduler.skipped();
                    ending = Ending::Skipped(reason);
                }
                ItemEnd::Cancelled => {
                    self.scheduler.cancelled(1);
                    self.keep_cancelled(index, 1);
                }
                ItemEnd::BadRow { message } => {
                    self.input.bad_item(&work.chunk, at, message);
                    self.scheduler.withdrawn();
                    if let Some(source) = self.input.lost() {
                        self.lose(source);
                    }
                }
                ItemEnd::Failed(failure) => {
                    match self.settle_failure(work, at, *failure, duration, &mut cut.failed) {
                        Settled::Again => {
                            self.push_cut(cut, index, out_len)?;
                            whole = false;
                        }
                        Settled::Cancelled => self.keep_cancelled(index, 1),
                        Settled::Failed(item) => ending = Ending::Failed(item),
                    }
                }
            }
            if let Some(endings) = &mut endings {
                endings.push(store::End { at: at as u32, how: ending });
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
            self.sink.push(Piece { first: cut.first, count, out, emitted, failed })?;
        }
        (cut.first, cut.out_start) = (index + 1, out_len);
        Ok(())
    }

    /// A failed attempt.
    fn settle_failure(
        &mut self,
        work: &mut Work,
        at: usize,
        mut failure: Failure,
        duration: Duration,
        failed: &mut Vec<u8>,
    ) -> Settled {
        let index = work.chunk.first + at as u64;
        let message: Arc<str> = failure.message.as_str().into();
        let ended = clock::now();
        let started = ended.checked_sub(duration).unwrap_or(self.begun).max(self.begun);
        let mut earlier = match work.earlier.take() {
            Some(earlier) => earlier,
            None => Box::new(Earlier { history: Vec::new(), since: started }),
        };
        earlier.history.push(Attempted::new(failure.kind, &message, duration));
        let attempt = FailedAttempt {
            index,
            identity: xxhash_rust::xxh3::xxh3_64(work.chunk.item(at).trim_ascii()),
            retryable: failure.retryable,
            retry_after: failure.retry_after,
            started: started - self.begun,
        };
        let now = self.now();
        match self.scheduler.failed(now, &work.start, &attempt) {
            Next::RetryAt(due) => {
                self.context.emit(Event::ItemRetried {
                    step: self.step.id,
                    index,
                    attempt: work.start.attempt,
                    kind: failure.kind,
                    message: Arc::clone(&message),
                    delay: due.saturating_sub(now),
                });
                if let Some(journal) = &self.journal {
                    let (attempt, kind) = (work.start.attempt, failure.kind);
                    // What goes wrong here stops the step before its next item.
                    let _ = journal.retried(RetriedItem { index, attempt, kind, message });
                }
                self.waiting.insert(index, WaitingItem { chunk: work.chunk.slice(at..at + 1), earlier });
                return Settled::Again;
            }
            Next::Cancelled => return Settled::Cancelled,
            Next::OutOfTime => no_time_left(&mut failure),
            Next::Failed => {}
        }
        Settled::Failed(self.fail(&work.chunk, at, &failure, &earlier, failed))
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
        let duration = clock::since(earlier.since);
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
                let mut batch = journal.spare();
                batch.first = expired.index;
                batch.contents.push(Digest::of(chunk.item(0)));
                self.keep_keys(&mut batch, chunk.keys.iter());
                batch.ends.push(store::End { at: 0, how: Ending::Failed(item) });
                journal.push(batch)?;
            }
            self.sink.push(Piece { first: expired.index, count: 1, failed, ..Piece::default() })?;
        }
        Ok(())
    }

    /// What the journal is told of a run, its endings excepted.
    fn batch_of(&self, ran: &mut Ran) -> Option<Batch> {
        let mut batch = *ran.work.batch.take()?;
        if ran.done == 0 {
            return None;
        }
        let chunk = &ran.work.chunk;
        batch.first = chunk.first;
        if batch.contents.len() != ran.done {
            // A worker that broke down has not come to it.
            batch.contents.clear();
            batch.contents.extend((0..ran.done).map(|at| Digest::of(chunk.item(at))));
        }
        self.keep_keys(&mut batch, chunk.keys.iter().take(ran.done));
        batch.out.extend_from_slice(&ran.work.out);
        Some(batch)
    }

    /// A fault of flowrun itself. One item: it failed. More: nobody knows which, so each is run again alone.
    fn settle_broken(&mut self, mut work: Work, message: String) -> Result<(), StepFault> {
        let len = work.chunk.len();
        let (begun, elapsed) = (clock::now(), Duration::ZERO);
        work.out.clear();
        if len > 1 {
            self.size = super::ChunkSize::new(true);
            return self.settle(Ran { work, done: 0, emitted: 0, ends: Vec::new(), begun, elapsed });
        }
        let failure = Failure {
            kind: FailureKind::Panic,
            message: self.context.mask().owned(message),
            place: None,
            traceback: String::new(),
            retryable: true,
            permanent: false,
            retry_after: None,
            fields: None,
        };
        let end = End { at: 0, out_len: 0, how: ItemEnd::Failed(Box::new(failure)), duration: elapsed };
        self.settle(Ran { work, done: 1, emitted: 0, ends: vec![end], begun, elapsed })
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
    Failure {
        kind: FailureKind::Deadline,
        message: format!(
            "item_deadline passed while waiting for another attempt; the last one failed: {last}"
        ),
        place: None,
        traceback: String::new(),
        retryable: false,
        permanent: false,
        retry_after: None,
        fields: None,
    }
}

/// Why a script is of no use, in one line.
fn script_reason(error: &ScriptError) -> String {
    match &error.place {
        Some(place) => format!("the function cannot be loaded: {place} {}", error.message),
        None => format!("the function cannot be loaded: {}", error.message),
    }
}
