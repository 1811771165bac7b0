//! A batch is several runs of one pipeline file, one after the other or some at once, with a table of what came of
//! each. Its caller says which runs, and starts them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::args::ColorChoice;
use super::console::{Console, say};
use super::exit::{Exit, Fault};
use super::{state, table};
use crate::engine::Interrupt;
use crate::report::duration;
use crate::store::Catalogue;

/// Room for what reads pipeline files, which may be deep: as much as the main thread has.
const STACK_BYTES: usize = 8 << 20;

/// Several runs.
pub(super) struct Batch<'a> {
    pub(super) console: &'a Console,
    pub(super) color: ColorChoice,
    /// Only what did not end well is told.
    pub(super) quiet: bool,
    /// Where the runs are kept.
    pub(super) catalogue: &'a Catalogue,
    /// What the entries are told apart by.
    pub(super) heads: Vec<String>,
    pub(super) entries: Vec<Entry>,
    /// Runs at once.
    pub(super) jobs: usize,
    /// Whether nothing more begins after one that did not end well.
    pub(super) stops: bool,
}

/// What one run is about.
pub(super) struct Entry {
    /// One for each head.
    pub(super) values: Vec<String>,
    /// In a few words.
    pub(super) name: String,
    /// The run that has done it before.
    pub(super) done: Option<String>,
}

/// A run that was started, and how the process would end if it were the only one.
pub(super) struct Started {
    pub(super) run: Arc<str>,
    pub(super) done: Result<Exit, Fault>,
}

/// How one of several runs is called on the lines about it; `None`: it has a heading.
pub(super) type Label = Option<String>;

/// What came of an entry.
struct End {
    run: Arc<str>,
    exit: Exit,
    fault: Option<String>,
}

impl Batch<'_> {
    /// Starts the runs, each under an interrupt of its own below `interrupt`, tells what came of them, and says how the
    /// process ends.
    pub(super) fn carry_out(
        &self,
        interrupt: &Arc<Interrupt>,
        start: &(dyn Fn(usize, Label, &Arc<Interrupt>) -> Started + Sync),
    ) -> Exit {
        let ends: Mutex<Vec<Option<End>>> = Mutex::new(self.entries.iter().map(|_| None).collect());
        let (next, is_stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        let work = || {
            while !is_stopped.load(Ordering::SeqCst) && interrupt.count() == 0 {
                let at = next.fetch_add(1, Ordering::SeqCst);
                let Some(entry) = self.entries.get(at) else { return };
                if entry.done.is_some() {
                    continue;
                }
                let end = self.one(at, &|label| start(at, label, &Arc::new(Interrupt::below(interrupt))));
                if self.stops && end.exit != Exit::Success {
                    is_stopped.store(true, Ordering::SeqCst);
                }
                ends.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(end);
            }
        };
        if self.jobs == 1 {
            work();
        } else {
            thread::scope(|scope| {
                for _ in 0..self.jobs.min(self.entries.len()) {
                    // The runs that others begin are not held up by a thread that is not to be had.
                    let begun = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
                    if begun.is_err() {
                        work();
                        break;
                    }
                }
            });
        }
        let ends = ends.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.tell(&ends);
        exit(&ends, interrupt)
    }

    /// One run, with its heading.
    fn one(&self, at: usize, start: &dyn Fn(Label) -> Started) -> End {
        let name = &self.entries[at].name;
        // Its lines stand among those of others, or there is only one now and then.
        let label = (self.jobs > 1 || self.quiet).then(|| format!("{name}:"));
        if label.is_none() {
            say(&format!("\n{name} ({} of {})", at + 1, self.entries.len()));
        }
        let internal = || {
            let message = format!("the run of {name} ended in an internal error");
            Started { run: Arc::from(""), done: Err(Fault::Internal(message)) }
        };
        let Started { run, done } =
            catch_unwind(AssertUnwindSafe(|| start(label.clone()))).unwrap_or_else(|_| internal());
        match done {
            Ok(exit) => End { run, exit, fault: None },
            Err(fault) => {
                if label.is_some() {
                    say(&format!("{name}:"));
                }
                let exit = self.console.explain(&fault, self.color);
                End { run, exit, fault: Some(fault.in_words()) }
            }
        }
    }

    /// The table, and how many there are of each kind.
    fn tell(&self, ends: &[Option<End>]) {
        let ids = self.catalogue.ids().unwrap_or_default();
        let mut heads = self.heads.clone();
        heads.extend(["run", "status", "time", ""].map(str::to_owned));
        let time = heads.len() - 2;
        let mut rows = vec![heads];
        let mut counts: Vec<(String, usize)> = Vec::new();
        for (entry, end) in self.entries.iter().zip(ends) {
            let [run, status, time, note] = self.cells(entry, end.as_ref(), &ids);
            match counts.iter_mut().find(|(known, _)| *known == status) {
                Some((_, count)) => *count += 1,
                None => counts.push((status.clone(), 1)),
            }
            let is_good = entry.done.is_some() || end.as_ref().is_some_and(|end| end.exit == Exit::Success);
            if !(self.quiet && is_good) {
                rows.push(entry.values.iter().cloned().chain([run, status, time, note]).collect());
            }
        }
        if rows.len() > 1 {
            let lines = table::lines(&rows, &[time]);
            say(&format!(
                "\n{}",
                lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
            ));
        }
        if !self.quiet {
            let counts: Vec<String> =
                counts.iter().map(|(status, count)| format!("{count} {status}")).collect();
            say(&format!("  {} in all: {}", self.entries.len(), counts.join(", ")));
        }
    }

    /// Run, status, time and what else there is to say of an entry.
    fn cells(&self, entry: &Entry, end: Option<&End>, ids: &[String]) -> [String; 4] {
        let dash = || "–".to_owned();
        if let Some(run) = &entry.done {
            return [
                state::short(run, ids).to_owned(),
                "passed over".to_owned(),
                dash(),
                "ended well before".to_owned(),
            ];
        }
        let Some(end) = end else { return [dash(), "not begun".to_owned(), dash(), String::new()] };
        let fault = end.fault.clone().unwrap_or_default();
        // A run that was refused before it began is not kept.
        let Some(record) = self.catalogue.look(&end.run) else {
            return [dash(), "refused".to_owned(), dash(), fault];
        };
        let items = if record.failures == 1 { "item" } else { "items" };
        let failed = (record.failures > 0).then(|| format!("{} {items} failed", record.failures));
        let note = if fault.is_empty() { failed.unwrap_or_default() } else { fault };
        let time = record.duration.map_or_else(dash, duration);
        [state::short(&record.id, ids).to_owned(), record.status, time, note]
    }
}

/// What all runs together come to: the first of these that any of them did.
fn exit(ends: &[Option<End>], interrupt: &Interrupt) -> Exit {
    if interrupt.count() > 0 && ends.iter().any(Option::is_none) {
        return Exit::Interrupted;
    }
    let order =
        [Exit::Interrupted, Exit::Invalid, Exit::Internal, Exit::StepFailed, Exit::Usage, Exit::ItemFailed];
    let came = |exit: &Exit| ends.iter().flatten().any(|end| end.exit == *exit);
    order.into_iter().find(came).unwrap_or(Exit::Success)
}
