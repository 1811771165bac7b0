//! This module opens the files of `--report`, `--junit`, `--trace` and `--events` before anything runs, so that a
//! folder that cannot be written to is reported at once. The first two are written when the run has ended, whatever
//! way; the reporters write the others. It does not check that none of them is a file of the run: that was done
//! before.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::kept;
use crate::cli::args::OutputArguments;
use crate::cli::exit::Complaint;
use crate::cli::request::Request;
use crate::cli::{load, outputs, timestamp};
use crate::draw;
use crate::plan::Plan;
use crate::report::{Account, Commands, RETRIES_MAX, Tolerated, junit, page, suites};
use crate::store::{Catalogue, StoreError};

/// A file that is written at the end.
struct Page {
    intent: &'static str,
    path: PathBuf,
    file: File,
    write: fn(&Account) -> String,
}

/// The opened files of one run's reports.
pub(in crate::cli) struct Files {
    pages: Vec<Page>,
    events: Option<Opened>,
    trace: Option<Opened>,
    started: f64,
}

type Opened = (PathBuf, File);

/// What a run knows of itself besides its events.
pub(in crate::cli) struct KeptRun<'a> {
    /// What ran.
    pub(in crate::cli) plan: &'a Plan,
    /// How it was called.
    pub(in crate::cli) request: &'a Request,
    /// Seed of jitter and random numbers.
    pub(in crate::cli) seed: u64,
    /// The folder that keeps it, and how it is called for.
    pub(in crate::cli) kept: Option<(&'a Path, &'a Commands)>,
}

impl Files {
    /// Opens what is asked for. What stands in the files stays there until the end.
    pub(in crate::cli) fn open(output: &OutputArguments) -> Result<Self, Complaint> {
        let report = ("the report", &output.report, page as fn(&Account) -> String);
        let lenient: fn(&Account) -> String = |account| junit(&suites(account, Tolerated::Skipped));
        let strict: fn(&Account) -> String = |account| junit(&suites(account, Tolerated::Failed));
        let suites = ("the JUnit file", &output.junit, if output.junit_strict { strict } else { lenient });
        let mut pages: Vec<Page> = Vec::new();
        for (intent, path, write) in [report, suites] {
            let Some(path) = path else { continue };
            let file = create(intent, path)?;
            pages.push(Page { intent, path: path.clone(), file, write });
        }
        let open = |intent: &str, path: &PathBuf| Ok((path.clone(), create(intent, path)?));
        let trace = output.trace.as_ref().map(|path| open("the trace", path)).transpose()?;
        let events = output.events.as_ref().filter(|path| path.as_os_str() != "-");
        let events = events.map(|path| open("the events file", path)).transpose()?;
        Ok(Self { pages, events, trace, started: timestamp::now() })
    }

    /// The file of events, emptied, for the first that asks.
    pub(in crate::cli) fn events(&mut self) -> Result<Option<Opened>, Complaint> {
        emptied("the events file", self.events.take())
    }

    /// The file of the trace, emptied, for the first that asks.
    pub(in crate::cli) fn trace(&mut self) -> Result<Option<Opened>, Complaint> {
        emptied("the trace", self.trace.take())
    }

    /// Whether the run's events are to be gathered.
    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Writes them. `gathered` is what the events told; what was kept of the run knows more.
    pub(in crate::cli) fn write(self, gathered: Account, known: &KeptRun<'_>) -> Vec<Complaint> {
        if self.pages.is_empty() {
            return Vec::new();
        }
        let account = match of_kept(known, &gathered.run) {
            Some(kept) => with_attempts(kept, gathered),
            None => self.of_events(gathered, known),
        };
        let write = |page: Page| {
            let text = (page.write)(&account);
            replace(page.file, &text)
                .map_err(|error| load::cannot(&format!("write {}", page.intent), &page.path, &error))
                .err()
        };
        self.pages.into_iter().filter_map(write).collect()
    }

    /// The account of a run that is not kept, or not kept to its end.
    fn of_events(&self, mut gathered: Account, known: &KeptRun<'_>) -> Account {
        gathered.steps.iter_mut().for_each(|step| step.retries.truncate(RETRIES_MAX));
        let plan = known.plan;
        let mask = plan.secrets.mask();
        let name = plan.file.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = mask.text(plan.file.text()).into_owned();
        let status = |name: &str| {
            let step = gathered.steps.iter().find(|step| step.name == name);
            step.map_or("", |step| step.status.as_str())
        };
        let graph = draw::for_page(&text, Path::new(&name), status);
        let mut environment = vec![("flowrun".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
        environment.extend(known.request.surroundings());
        environment.push(("pipeline file".to_owned(), plan.file.path().display().to_string()));
        environment.push(("seed".to_owned(), known.seed.to_string()));
        Account {
            started: timestamp::local(self.started),
            graph,
            sources: vec![(name, text)],
            params: kept::params(&mask.json(&plan.params)),
            environment,
            ..gathered
        }
    }
}

/// The account of a run that is kept to its end; what is not, the events know better.
fn of_kept(known: &KeptRun<'_>, run: &str) -> Option<Account> {
    let (state, commands) = known.kept?;
    let account = || -> Result<Account, StoreError> {
        kept::account(&Catalogue::new(state).open(run)?, commands, None)
    };
    account().ok().filter(|account| account.status != "running")
}

/// With the keys of items that were tried again and all their failed attempts: only the events have them.
fn with_attempts(mut account: Account, gathered: Account) -> Account {
    for (step, told) in account.steps.iter_mut().zip(gathered.steps) {
        for retry in &mut step.retries {
            if let Some(told) = told.retries.iter().find(|told| told.index == retry.index) {
                (retry.key, retry.failed) = (told.key.clone(), told.failed.clone());
            }
        }
    }
    account
}

/// A file that can be written.
fn create(intent: &str, path: &Path) -> Result<File, Complaint> {
    outputs::make_folders(path)
        .map_err(|error| load::cannot(&format!("create the folder of {intent}"), path, &error))?;
    let opened = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    opened.map_err(|error| load::cannot(&format!("create {intent}"), path, &error))
}

fn emptied(intent: &str, opened: Option<Opened>) -> Result<Option<Opened>, Complaint> {
    let Some((path, file)) = opened else { return Ok(None) };
    match empty(&file) {
        Ok(()) => Ok(Some((path, file))),
        Err(error) => Err(load::cannot(&format!("empty {intent}"), &path, &error)),
    }
}

/// Pipes and devices have nothing to cut off.
fn empty(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() { file.set_len(0) } else { Ok(()) }
}

/// Puts `text` in the place of what the file holds.
fn replace(mut file: File, text: &str) -> io::Result<()> {
    empty(&file)?;
    file.write_all(text.as_bytes())?;
    file.flush()
}
