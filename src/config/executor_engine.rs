//! These types are the settings that only one kind of executor has.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::executor_kind::ExecutorKind;
use super::literal::{AbsolutePath, Word};

/// What starts worker processes.
#[derive(Debug, Clone, PartialEq)]
pub enum ExecutorEngine {
    /// This machine.
    Processes,
    /// Slurm.
    Slurm(Box<Slurm>),
    /// Three shell commands.
    Command(CommandEngine),
    /// Kubernetes.
    Kubernetes(Box<Kubernetes>),
}

impl ExecutorEngine {
    /// Which kind it is of.
    pub fn kind(&self) -> ExecutorKind {
        match self {
            Self::Processes => ExecutorKind::Processes,
            Self::Slurm(_) => ExecutorKind::Slurm,
            Self::Command(_) => ExecutorKind::Command,
            Self::Kubernetes(_) => ExecutorKind::Kubernetes,
        }
    }
}

/// What `sbatch` is told; each is the option of that name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slurm {
    /// `--partition`
    pub partition: Option<String>,
    /// `--account`
    pub account: Option<String>,
    /// `--qos`
    pub qos: Option<String>,
    /// `--constraint`
    pub constraint: Option<String>,
    /// `--gpus`
    pub gpus: Option<String>,
    /// `--nice`
    pub nice: Option<i64>,
    /// `--reservation`
    pub reservation: Option<String>,
    /// `--mail-user`
    pub mail: Option<String>,
    /// Arguments as they are.
    pub extra: Vec<String>,
}

/// Shell commands with names in braces that are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandEngine {
    /// Starts a worker; the last line that it prints is the id of the job.
    pub submit: String,
    /// Ends with 0 as long as the job is in the queue or running.
    pub status: Option<String>,
    /// Ends the job.
    pub cancel: Option<String>,
}

/// What jobs of Kubernetes are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Kubernetes {
    /// In which workers run; it must be there when the executor is used.
    pub image: Option<String>,
    /// What holds pipeline and state folder; it must be there when the executor is used.
    pub volume: Option<Volume>,
    /// The context of the kubeconfig.
    pub context: Option<String>,
    /// The namespace of jobs.
    pub namespace: Option<String>,
    /// Their service account.
    pub service_account: Option<String>,
    /// Labels that nodes must have.
    pub node_selector: IndexMap<String, String>,
    /// Taints that jobs put up with.
    pub tolerations: Vec<Toleration>,
    /// Their priority class.
    pub priority_class: Option<String>,
}

/// A taint that is put up with, as it is.
pub type Toleration = Map<String, Value>;

/// A volume that all workers see.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "volume")]
pub struct Volume {
    /// The persistent volume claim, which several nodes may write at once.
    #[schemars(example = &"shared-rwx")]
    pub claim: Word,
    /// Where it is mounted: the path at which this machine sees it too.
    #[schemars(example = &"/shared")]
    pub at: AbsolutePath,
}
