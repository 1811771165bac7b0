//! This module holds the exit codes, and the messages of a command that cannot do its work.

use std::fmt;
use std::process::ExitCode;

use crate::source::Diagnostic;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// The run succeeded, tolerated failures included.
    Success = 0,
    /// A step failed.
    StepFailed = 1,
    /// Wrong usage or environment.
    Usage = 2,
    /// `--strict`: nothing failed but some item did.
    ItemFailed = 3,
    /// The pipeline file is invalid; nothing has run.
    Invalid = 65,
    /// A fault of flowrun itself, or of the machine.
    Internal = 70,
    /// A worker: the step itself does not work.
    Broken = 69,
    /// A worker: its items cannot be read, or what it has not be kept.
    Unkept = 74,
    /// A worker: nothing has ended, and nothing is lost.
    GaveBack = 75,
    /// A worker: it is of another version, or plans another pipeline.
    OtherProgram = 78,
    /// SIGHUP: the terminal is gone, and workers go on.
    HungUp = 129,
    /// SIGINT, SIGTERM or SIGHUP.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do its work.
#[derive(Debug)]
pub(super) enum Fault {
    /// Wrong usage or environment: one complaint or several.
    Usage(Vec<Complaint>),
    /// The pipeline file is invalid; usage errors found beside that.
    Invalid(Vec<Diagnostic>, Vec<Complaint>),
    /// The machine refused what a run cannot do without.
    Internal(String),
}

impl Fault {
    /// A thread, an open file or memory that a run cannot do without, and that the system does not give.
    pub(super) fn lacking(intent: &str, reason: &dyn fmt::Display) -> Self {
        let help =
            "the limits on processes (`ulimit -u`), open files (`ulimit -n`) or memory are too low here";
        Complaint::new(format!("cannot {intent}: {reason}")).help(help).into()
    }

    /// The first thing that is wrong, in one line.
    pub(super) fn in_words(&self) -> String {
        let first = match self {
            Self::Usage(complaints) => complaints.first().map(|complaint| &complaint.message),
            Self::Invalid(found, _) => found.first().map(|found| &found.message),
            Self::Internal(reason) => Some(reason),
        };
        first.cloned().unwrap_or_default()
    }
}

/// One line about wrong usage, and one with the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    /// Lower case, names in backticks, no period.
    pub(super) message: String,
    /// What to do.
    pub(super) help: Option<String>,
}

impl Complaint {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl From<Complaint> for Fault {
    fn from(complaint: Complaint) -> Self {
        Self::Usage(vec![complaint])
    }
}
