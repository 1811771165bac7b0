//! Seats are the processes of a step as the thread that runs them sees them: what is to be written to each, and what each has
//! said so far.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::engine::pool::options::PoolOptions;
use crate::engine::pool::programs::explain;
use crate::program::{AnswerLines, ItemProgram, Leaving, Process, Pulse, Request, RequestContext, Sayings};

/// One process, or room for one.
struct Seat {
    context: RequestContext,
    process: Option<Process>,
    /// Which process at this place it is, from 1.
    number: u64,
    /// What is to be written to it.
    pending: Vec<u8>,
    answers: AnswerLines,
    sayings: Arc<Sayings>,
}

/// The processes of a step.
pub(super) struct Seats {
    program: Arc<ItemProgram>,
    secrets: crate::value::Secrets,
    all: Vec<Seat>,
    /// Where processes tell what they do.
    pub(super) events: Option<mpsc::Sender<Pulse>>,
    /// What the processes said last whose attempts are about to be told, by attempt.
    words: HashMap<u64, Arc<Sayings>>,
}

impl Seats {
    pub(super) fn new(program: Arc<ItemProgram>, options: &PoolOptions) -> Self {
        let worker = &options.worker;
        let run: serde_json::Value = serde_json::from_str(&worker.scope.run).unwrap_or_default();
        let run = run.get("id").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let seat = |number| Seat {
            context: RequestContext::new(&worker.step, &run, worker.max_attempts, number),
            process: None,
            number: 0,
            pending: Vec::new(),
            answers: AnswerLines::default(),
            sayings: Arc::default(),
        };
        let all = (1..=options.processes()).map(seat).collect();
        let secrets = worker.scope.secrets.clone();
        Self { program, secrets, all, events: None, words: HashMap::new() }
    }

    /// Starts a process.
    pub(super) fn start(&mut self, place: usize) -> Result<(), String> {
        let events = self.events.clone().ok_or("nobody listens")?;
        let seat = &mut self.all[place];
        seat.number += 1;
        let sayings = Sayings::new(self.secrets.mask().clone());
        (seat.answers, seat.sayings) = (AnswerLines::default(), Arc::new(sayings));
        seat.pending.clear();
        let which = (place, seat.number);
        seat.process = Some(Process::start(&self.program, &self.secrets, which, events)?);
        Ok(())
    }

    /// How often a process was started at this place.
    pub(super) fn starts(&self, place: usize) -> u64 {
        self.all[place].number
    }

    /// Writes down what is to be sent.
    pub(super) fn send(&mut self, place: usize, request: &Request<'_>) {
        let seat = &mut self.all[place];
        seat.context.write(request, &mut seat.pending);
    }

    /// Sends what was written down.
    pub(super) fn flush(&mut self) {
        for seat in self.all.iter_mut().filter(|seat| !seat.pending.is_empty()) {
            let pending = std::mem::take(&mut seat.pending);
            if let Some(process) = &seat.process {
                process.feed(pending);
            }
        }
        self.words.clear();
    }

    /// Ends a process; what its attempts come to has been ordered already.
    pub(super) fn end(&mut self, place: usize) {
        if let Some(process) = &mut self.all[place].process {
            process.end();
        }
    }

    pub(super) fn close(&mut self, place: usize) {
        if let Some(process) = &mut self.all[place].process {
            process.close();
        }
    }

    /// Whether events of this process still count.
    pub(super) fn is_current(&self, place: usize, number: u64) -> bool {
        self.all[place].number == number && self.all[place].process.is_some()
    }

    pub(super) fn take_answers(&mut self, place: usize) -> AnswerLines {
        std::mem::take(&mut self.all[place].answers)
    }

    pub(super) fn put_answers(&mut self, place: usize, answers: AnswerLines) {
        self.all[place].answers = answers;
    }

    /// What was written to standard error; the lines that are whole by now.
    pub(super) fn said(&mut self, place: usize, bytes: &[u8]) -> Vec<String> {
        Arc::make_mut(&mut self.all[place].sayings).take(bytes)
    }

    /// The last line, which has no end.
    pub(super) fn last_line(&mut self, place: usize) -> Vec<String> {
        Arc::make_mut(&mut self.all[place].sayings).end()
    }

    /// Whether nothing is there of a line that has not come to its end.
    pub(super) fn is_between_lines(&self, place: usize) -> bool {
        self.all[place].answers.unended().is_empty()
    }

    /// What is said of a process that has ended.
    pub(super) fn leaving(&self, place: usize, name: &str, leaving: (&Leaving, bool)) -> String {
        let seat = &self.all[place];
        let withheld = self.program.withheld(&seat.sayings);
        let withheld: Vec<&str> = withheld.iter().map(String::as_str).collect();
        explain::leaving(name, leaving, &seat.sayings, seat.answers.unended(), &withheld)
    }

    /// Keeps what the process said last for what is about to be told of these attempts.
    pub(super) fn remember(&mut self, place: usize, jobs: impl Iterator<Item = u64>) {
        let sayings = &self.all[place].sayings;
        self.words.extend(jobs.map(|job| (job, Arc::clone(sayings))));
    }

    /// The same for a process that is no more.
    pub(super) fn leave(&mut self, place: usize, jobs: impl Iterator<Item = u64>) {
        self.remember(place, jobs);
        self.all[place].process = None;
    }

    /// What was said last beside an attempt that has ended.
    pub(super) fn words_of(&self, job: u64) -> Arc<Sayings> {
        self.words.get(&job).cloned().unwrap_or_default()
    }
}
