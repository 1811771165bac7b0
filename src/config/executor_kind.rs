//! The kind of an executor says which engine starts the worker processes, and so which keys an entry may have.

use crate::value::choice;

choice!(
    /// Which engine starts worker processes.
    pub enum ExecutorKind: "the kinds of executors are" {
        /// Processes on this machine.
        Processes = "processes",
        /// Slurm, by its own commands `sbatch`, `squeue`, `scancel` and `scontrol`.
        Slurm = "slurm",
        /// Three shell commands, for any other scheduler.
        Command = "command",
        /// Kubernetes, by `kubectl`.
        Kubernetes = "kubernetes",
    }
);

/// The keys that one kind alone knows.
const OWN_KEYS: [(ExecutorKind, &[&str]); 3] = [
    (
        ExecutorKind::Slurm,
        &["partition", "account", "qos", "constraint", "gpus", "nice", "reservation", "mail", "extra"],
    ),
    (ExecutorKind::Command, &["submit", "status", "cancel"]),
    (
        ExecutorKind::Kubernetes,
        &[
            "image",
            "volume",
            "context",
            "namespace",
            "service_account",
            "node_selector",
            "tolerations",
            "priority_class",
        ],
    ),
];

impl ExecutorKind {
    /// The keys that mean nothing to it, each with the kind that it is for.
    pub(super) fn foreign_keys(self) -> impl Iterator<Item = (&'static str, Self)> {
        let others = OWN_KEYS.into_iter().filter(move |(kind, _)| *kind != self);
        others.flat_map(|(kind, keys)| keys.iter().map(move |key| (*key, kind)))
    }

    /// The kind that a key is for, when that is another one.
    pub(super) fn owner_of(self, key: &str) -> Option<Self> {
        self.foreign_keys().find(|(foreign, _)| *foreign == key).map(|(_, kind)| kind)
    }

    /// The keys that it cannot do without.
    pub(super) fn needed_keys(self) -> &'static [&'static str] {
        match self {
            Self::Command => &["submit"],
            // What Kubernetes needs may come from the command line, so it is asked for where it is used.
            Self::Processes | Self::Slurm | Self::Kubernetes => &[],
        }
    }
}
