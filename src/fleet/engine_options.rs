//! These options choose an engine and say what it needs to start worker processes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::command::{CommandEngine, CommandLines};
use super::job_engine::JobEngine;
use super::job_needs::JobNeeds;
use super::processes::Processes;
use super::slurm::{Slurm, SlurmOptions};

/// Which engine, with its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineOptions {
    /// Processes of this machine.
    Processes {
        /// The program that is the worker.
        program: PathBuf,
        /// Shell lines that run before it.
        setup: Option<String>,
        /// All variables that it sees.
        env: Vec<(OsString, OsString)>,
    },
    /// Whatever takes jobs by a command.
    Command {
        /// The program that is the worker, where all nodes find it.
        program: PathBuf,
        /// Shell lines that run before it.
        setup: Option<String>,
        /// The commands.
        lines: CommandLines,
    },
    /// Slurm.
    Slurm(Box<SlurmOptions>),
}

impl EngineOptions {
    /// The engine, for the workers of the step that has this remote folder, and what each of them needs.
    pub fn start(&self, remote: &Path, needs: &JobNeeds) -> Box<dyn JobEngine> {
        match self {
            Self::Processes { program, setup, env } => {
                Box::new(Processes::new((program, setup.as_deref()), env, remote))
            }
            Self::Command { program, setup, lines } => {
                Box::new(CommandEngine::new((lines, needs), (program, setup.as_deref()), remote))
            }
            Self::Slurm(options) => Box::new(Slurm::new(options, needs, remote)),
        }
    }
}
