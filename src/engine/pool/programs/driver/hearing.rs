//! This module takes in what processes do: their answers, what they say beside them, and their ends.

use std::ops::ControlFlow;
use std::time::Duration;

use super::{Driver, split};
use crate::engine::pool::programs::explain;
use crate::engine::pool::task::Reply;
use crate::event::LogLevel;
use crate::lua::LogLine;
use crate::program::{Answer, Leaving, Line, ProcessEvent, Pulse, read};

/// Lines of logs between two answers. A program that writes without end must not fill the memory.
const LOG_MAX: usize = 10_000;

impl Driver {
    /// A process has done something.
    pub(super) fn observe(&mut self, (process, number, event): Pulse) {
        if !self.seats.is_current(process, number) {
            return;
        }
        match event {
            ProcessEvent::Said(bytes) => {
                let lines = self.seats.said(process, &bytes);
                self.log_for_all(process, &lines);
            }
            ProcessEvent::Wrote(bytes) => self.read(process, &bytes),
            ProcessEvent::Ended(leaving) => self.gone(process, &leaving),
        }
    }

    fn read(&mut self, process: usize, bytes: &[u8]) {
        let now = self.now();
        let mut answers = self.seats.take_answers(process);
        let mut fault = None;
        self.shares = (memchr::memchr_iter(b'\n', bytes).count().max(1) as u32, None);
        let taken = answers.take(bytes, |line| match self.answer(process, line, now) {
            ControlFlow::Continue(()) => true,
            ControlFlow::Break(why) => {
                fault = Some(why);
                false
            }
        });
        if taken.is_err() {
            fault = Some(format!("`{}` wrote more than 64 MiB without a line end", self.name));
        }
        self.seats.put_answers(process, answers);
        if let Some(why) = fault {
            self.seats.remember(process, self.crew.in_flight(process));
            // Without an item in flight nobody fails by it, and nobody else would say why the process begins anew.
            if self.crew.in_flight(process).next().is_none() && !self.crew.is_ending(process) {
                let message = format!("{why}; it is started again");
                self.logs.push(LogLine { index: 0, level: LogLevel::Warn, message, fields: None });
            }
            self.crew.spoke_nonsense(process, &why, now);
        }
    }

    /// Takes one line; why it is none.
    fn answer(&mut self, process: usize, line: &[u8], now: Duration) -> ControlFlow<String> {
        let answer = match read(line) {
            Err(why) => return self.nonsense(line, &why),
            Ok(Line::Ready { parallel }) => {
                let is_first = self.crew.ready(process, parallel, now);
                return if is_first {
                    ControlFlow::Continue(())
                } else {
                    self.nonsense(line, "it has said so before")
                };
            }
            Ok(Line::Answer(answer)) => answer,
        };
        let Answer { id, said, log } = answer;
        let Some(answered) = self.crew.answered(process, id, now) else {
            return self.nonsense(line, &format!("no item is in flight under id {id}"));
        };
        self.logged = 0;
        let duration = self.share(process, answered.duration);
        let Some(job) = answered.job else { return ControlFlow::Continue(()) };
        let (task, at) = split(job);
        if let Some(index) = self.index(job) {
            let mask = self.options.worker.scope.secrets.mask();
            let log = log.into_iter().map(|line| mask.owned(line)).collect();
            self.log_lines(index, log);
        }
        let Some(batch) = self.batches.get_mut(&task) else { return ControlFlow::Continue(()) };
        let start = batch.text.len();
        let item = batch.task.chunk.item(at);
        match explain::results(said, self.options.worker.shape, item, &mut batch.text) {
            Ok(lines) => {
                let range = start..batch.text.len();
                batch.succeeded(at, range, lines, duration);
                self.slow.forget(job);
                self.report_if_done(task);
            }
            Err(ending) => self.conclude(job, ending, duration),
        }
        ControlFlow::Continue(())
    }

    /// Why a line is no answer, as it is told.
    fn nonsense(&self, line: &[u8], why: &str) -> ControlFlow<String> {
        let mask = self.options.worker.scope.secrets.mask();
        ControlFlow::Break(explain::nonsense(&self.name, line, why, mask))
    }

    /// What an attempt took that was answered after `duration`. A program that writes several answers at once has done one
    /// after the other, and nobody knows when.
    fn share(&mut self, process: usize, duration: Duration) -> Duration {
        let (answers, share) = &mut self.shares;
        if *answers == 1 || self.crew.is_parallel(process) {
            return duration;
        }
        *share.get_or_insert(duration / *answers)
    }

    /// A process is no more.
    fn gone(&mut self, process: usize, leaving: &Leaving) {
        let lines = self.seats.last_line(process);
        self.log_for_all(process, &lines);
        let has_answered = self.crew.has_answered(process);
        let why = self.seats.leaving(process, &self.name, (leaving, has_answered));
        let is_polite = *leaving == Leaving::Exit(0) && has_answered && self.seats.is_between_lines(process);
        self.seats.leave(process, self.crew.in_flight(process));
        if self.crew.is_ending(process) {
            self.crew.ended(process);
        } else {
            let number = process + 1;
            match leaving {
                Leaving::Exit(0) => {
                    self.log_step(LogLevel::Debug, format!("process {number} of `{}` has ended", self.name));
                }
                _ => self.log_step(LogLevel::Info, format!("process {number}: {why}")),
            }
            if is_polite {
                self.crew.left(process);
            } else {
                self.crew.died(process, &why, self.now());
            }
        }
    }

    /// Lines for the logs of all items in flight in a process.
    fn log_for_all(&mut self, process: usize, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let indices: Vec<u64> = self.crew.in_flight(process).filter_map(|job| self.index(job)).collect();
        for index in indices {
            self.log_lines(index, lines.to_vec());
        }
    }

    pub(super) fn index(&self, job: u64) -> Option<u64> {
        let (task, at) = split(job);
        Some(self.batches.get(&task)?.task.chunk.first + at as u64)
    }

    /// Lines for an item's log, without secrets.
    fn log_lines(&mut self, index: u64, lines: Vec<String>) {
        if lines.is_empty() || !self.options.worker.logs {
            return;
        }
        let line = |line: String| LogLine {
            index,
            level: LogLevel::Info,
            message: line.trim_end().to_owned(),
            fields: None,
        };
        // What was said since the last answer counts in all, not only what was not passed on yet.
        let room = LOG_MAX.saturating_sub(self.logged);
        let is_too_much = lines.len() > room && room > 0;
        self.logged += lines.len();
        self.logs.extend(lines.into_iter().take(room).map(line));
        if is_too_much {
            let message = "further log lines were dropped".to_owned();
            self.logs.push(LogLine { index, level: LogLevel::Warn, message, fields: None });
        }
    }

    /// A line about the step itself.
    pub(super) fn log_step(&mut self, level: LogLevel, message: String) {
        if self.options.worker.logs {
            self.logs.push(LogLine { index: 0, level, message, fields: None });
        }
    }

    pub(super) fn pass_logs(&mut self) {
        if !self.logs.is_empty() {
            let logs = std::mem::take(&mut self.logs);
            self.say(Reply::Logs(logs));
        }
    }
}
