//! These options are what Slurm is told of all jobs of an executor.

use std::ffi::OsString;
use std::path::PathBuf;

/// How jobs are submitted, but for what each step needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlurmOptions {
    /// The program that is the worker, where all nodes find it.
    pub program: PathBuf,
    /// Shell lines that run before it.
    pub setup: Option<String>,
    /// All variables that Slurm's commands and the workers see.
    pub env: Vec<(OsString, OsString)>,
    /// Options of `sbatch` that are written `--name=value`, without the dashes.
    pub options: Vec<(&'static str, String)>,
    /// Arguments of `sbatch` as they are.
    pub extra: Vec<String>,
}
