//! The chosen executor is the one that `--on` names, with what `--executor-set` changes of it.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::answer;
use super::known::{ExecutorsFile, KnownExecutor, KnownExecutors};
use crate::cli::args::ExecutorArguments;
use crate::cli::console::Console;
use crate::cli::exit::{Complaint, Fault};
use crate::config::{self, Executor, ExecutorEngine, ExecutorKind, LOCAL, SpanIndex};
use crate::plan::{SentTo, read_value};
use crate::source::{Diagnostic, SourceFile, nearest};

/// Where steps of many items are sent.
#[derive(Debug, Clone)]
pub(in crate::cli) struct ChosenExecutor {
    /// Its name.
    pub(in crate::cli) name: String,
    /// What it is.
    pub(in crate::cli) executor: Executor,
    /// Where it stands; `None`: it is built in.
    pub(in crate::cli) file: Option<Arc<ExecutorsFile>>,
}

impl ExecutorArguments {
    /// The executor that is meant; `None`: all runs here.
    pub(in crate::cli) fn resolve(&self, console: &Console) -> Result<Option<ChosenExecutor>, Fault> {
        let Some((name, known)) = self.known(console)? else { return Ok(None) };
        let chosen = self.chosen(name, &known)?;
        let unknown = || {
            Complaint::new(format!("there is no executor `{name}`")).help(meant(name, &known, console)).into()
        };
        chosen.map(Some).ok_or_else(unknown)
    }

    /// The same where files are only checked: a name that no executor has is one of the findings.
    pub(in crate::cli) fn resolve_to_check(
        &self,
        console: &Console,
    ) -> Result<(Option<ChosenExecutor>, Vec<Diagnostic>), Fault> {
        let Some((name, known)) = self.known(console)? else { return Ok((None, Vec::new())) };
        if let Some(chosen) = self.chosen(name, &known)? {
            let findings = chosen.findings();
            return Ok((Some(chosen), findings));
        }
        let help = meant(name, &known, console);
        let (spans, nowhere) = (SpanIndex::default(), option(name));
        let at = known.first().map_or((&spans, &nowhere), |file| (&file.spans, &file.text));
        Ok((None, vec![config::no_executor(name, help, at)]))
    }

    /// The name that is meant and all that can be; `None`: all runs here.
    fn known(&self, console: &Console) -> Result<Option<(&str, KnownExecutors)>, Fault> {
        match (self.on.as_deref().filter(|name| *name != LOCAL), self.executor_set.first()) {
            (Some(name), _) => Ok(Some((name, KnownExecutors::find(console, self.executors.as_deref())?))),
            (None, Some((key, _))) => Err(without_executor(key).into()),
            (None, None) => Ok(None),
        }
    }

    /// The executor of this name, with what is set of it; `None`: there is none.
    fn chosen(&self, name: &str, known: &KnownExecutors) -> Result<Option<ChosenExecutor>, Fault> {
        let entry = known.entries().find(|entry| entry.name == name);
        entry.map(|entry| changed(entry, &self.executor_set)).transpose().map_err(Fault::Usage)
    }
}

/// What findings stand in that have no file: the option itself.
fn option(name: &str) -> Arc<SourceFile> {
    SourceFile::new(format!("--on {name}"), "", String::new())
}

impl ChosenExecutor {
    /// What is wrong with it where it is used.
    fn findings(&self) -> Vec<Diagnostic> {
        if let Some(file) = &self.file {
            return config::judge_executor(&self.name, &self.executor, &file.spans, &file.text);
        }
        config::judge_executor(&self.name, &self.executor, &SpanIndex::default(), &option(&self.name))
    }

    /// It, as far as pipelines are judged by it.
    pub(in crate::cli) fn sent_to(&self) -> SentTo {
        let volume = match &self.executor.engine {
            ExecutorEngine::Kubernetes(kubernetes) => kubernetes.volume.as_ref(),
            _ => None,
        };
        SentTo {
            name: self.name.clone(),
            volume: volume.map(|volume| PathBuf::from(&volume.at.0)),
            has_queue: self.executor.engine.kind() != ExecutorKind::Processes,
        }
    }

    /// Refuses what no step can be sent to yet.
    pub(in crate::cli) fn demand_built(&self) -> Result<(), Complaint> {
        match self.executor.engine.kind() {
            ExecutorKind::Processes | ExecutorKind::Command | ExecutorKind::Slurm => Ok(()),
            kind @ ExecutorKind::Kubernetes => {
                let (name, kind) = (&self.name, kind.name());
                let message = format!("executor `{name}` cannot be used: kind `{kind}` is not built yet");
                Err(Complaint::new(message).help("`flowrun executors` lists the others"))
            }
        }
    }
}

impl ChosenExecutor {
    /// Refuses an engine that says nothing before anything runs.
    pub(in crate::cli) fn demand_answer(&self, console: &Console) -> Result<(), Complaint> {
        answer::demand(&self.executor.engine, console).map_err(|reason| {
            Complaint::new(format!("executor `{}` does not answer: {reason}", self.name))
                .help("run where `sbatch`, `squeue`, `scancel` and `scontrol` work, which `flowrun executors` tells, or without `--on`")
        })
    }
}

fn without_executor(key: &str) -> Complaint {
    Complaint::new(format!("`--executor-set {key}=…` has no executor to change"))
        .help("name one with `--on`; `flowrun executors` lists them")
}

/// What may be meant by a name that nothing has, and where it was looked for.
fn meant(name: &str, known: &KnownExecutors, console: &Console) -> String {
    let names: Vec<&str> =
        [LOCAL].into_iter().chain(known.entries().map(|entry| entry.name.as_str())).collect();
    let meant = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are `{}`.", names.join("`, `")),
    };
    let places: Vec<String> = known.places(console).collect();
    format!("{meant} Looked in {}", places.join("; "))
}

/// The executor with all keys set, in their order.
fn changed(entry: &KnownExecutor, set: &[(String, String)]) -> Result<ChosenExecutor, Vec<Complaint>> {
    let KnownExecutor { name, executor, written, file } = entry;
    let mut chosen = ChosenExecutor { name: name.clone(), executor: executor.clone(), file: file.clone() };
    let (mut written, mut complaints) = (written.clone(), Vec::new());
    for (key, text) in set {
        match with(name, &written, key, text) {
            Ok((value, executor)) => {
                written = value;
                chosen.executor = executor;
            }
            Err(found) => complaints.extend(found.iter().map(|found| refused(key, text, found))),
        }
    }
    if complaints.is_empty() { Ok(chosen) } else { Err(complaints) }
}

/// The executor with one key set: as YAML reads the text, or the text itself where that is what may stand there.
fn with(name: &str, written: &Value, key: &str, text: &str) -> Result<(Value, Executor), Vec<Diagnostic>> {
    let with_value = |value: Value| {
        let mut entry = written.clone();
        if let Value::Object(keys) = &mut entry {
            keys.insert(key.to_owned(), value);
        }
        let file = SourceFile::new("--executor-set", "", text.to_owned());
        let found = config::validate_executors(
            &json!({ "executors": { name: &entry } }),
            &SpanIndex::default(),
            &file,
        );
        match serde_json::from_value(entry.clone()) {
            Ok(executor) if found.is_empty() => Ok((entry, executor)),
            _ => Err(found),
        }
    };
    let as_text = || with_value(Value::from(text));
    match read_value(text) {
        Ok(Value::String(_)) | Err(_) => as_text(),
        Ok(value) => with_value(value).or_else(|found| as_text().map_err(|_| found)),
    }
}

fn refused(key: &str, text: &str, found: &Diagnostic) -> Complaint {
    let label = found.labels.first().filter(|label| !label.text.is_empty());
    let reason = label.map(|label| format!(": {}", label.text)).unwrap_or_default();
    let message = format!("`--executor-set {key}={text}`: {}{reason}", found.message);
    Complaint { message, help: found.help.clone() }
}
