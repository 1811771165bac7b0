//! Worker inputs are what a pipeline sees, as the coordinator hands it to its workers: in a file that only their owner reads,
//! because secrets are among it.
//!
//! A worker plans from the texts that the coordinator has planned from: people edit files while jobs wait.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::exit::Complaint;
use super::load;
use crate::engine;
use crate::lua::Allowed;
use crate::plan::{Inputs, Plan};
use crate::source::OpenTexts;

/// What a pipeline sees, for another process.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct WorkerInputs {
    params: Vec<(String, String)>,
    params_file: Map<String, Value>,
    params_kept: Map<String, Value>,
    params_dir: PathBuf,
    current_dir: PathBuf,
    /// Variables that the pipeline names.
    env: BTreeMap<String, String>,
    /// Values of secrets, wherever they come from.
    secrets: BTreeMap<String, String>,
    set: Vec<(String, String)>,
    allow: [Option<Vec<String>>; 4],
    state: Option<PathBuf>,
    limit: Option<u64>,
    run: String,
    /// The pipeline file as people have named it, its text, and those of the files that it is made of.
    name: String,
    pipeline: String,
    texts: BTreeMap<PathBuf, String>,
}

impl WorkerInputs {
    /// Of a plan that was made from these.
    pub(super) fn of(plan: &Plan, inputs: &Inputs) -> Self {
        let texts: BTreeMap<PathBuf, String> =
            engine::plan_texts(plan).map(|(path, text)| (path, text.to_string())).collect();
        let pipeline = plan.file.text().to_owned();
        // A pipeline sees no variable that its files do not name.
        let is_named = |name: &str| pipeline.contains(name) || texts.values().any(|text| text.contains(name));
        let env = inputs.env.iter().filter(|(name, _)| is_named(name));
        let env = env.map(|(name, value)| (name.clone(), value.clone())).collect();
        let Allowed { net, read, write, exec } = inputs.allow.clone();
        Self {
            params: inputs.params.clone(),
            params_file: inputs.params_file.clone(),
            params_kept: inputs.params_kept.clone(),
            params_dir: inputs.params_dir.clone(),
            current_dir: inputs.current_dir.clone(),
            env,
            secrets: plan.secrets.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            set: inputs.set.clone(),
            allow: [net, read, write, exec],
            state: inputs.state.as_deref().map(load::place),
            limit: inputs.limit,
            run: inputs.run.to_string(),
            name: plan.file.name().to_owned(),
            pipeline,
            texts,
        }
    }

    /// As it is written.
    ///
    /// # Errors
    /// Fails where a path is not UTF-8.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Complaint> {
        let unreadable = |error: serde_json::Error| {
            Complaint::new(format!("steps of this run cannot be sent: {error}"))
                .help("names of folders and files have to be UTF-8 then")
        };
        serde_json::to_vec(self).map_err(unreadable)
    }

    /// As it was written; `None`: it is damaged.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Name and text of the pipeline file, and what it sees where a worker has so many cores.
    pub(super) fn into_inputs(self, cores: usize) -> (String, String, Inputs) {
        let mut open = OpenTexts::default();
        for (path, text) in self.texts {
            open.put(&path, text.into());
        }
        let [net, read, write, exec] = self.allow;
        let inputs = Inputs {
            params: self.params,
            params_file: self.params_file,
            params_kept: self.params_kept,
            params_dir: self.params_dir,
            current_dir: self.current_dir,
            env: self.env,
            known_secrets: self.secrets,
            needs_secrets: true,
            set: self.set,
            allow: Allowed { net, read, write, exec },
            state: self.state,
            limit: self.limit,
            cores,
            run: Arc::from(self.run),
            open,
            ..Inputs::default()
        };
        (self.name, self.pipeline, inputs)
    }
}
