//! This module judges executors for what is allowed by their schema and cannot work, or hardly can.

use std::sync::Arc;
use std::time::Duration;

use super::document::{SpanIndex, escape_key};
use super::executor::Executor;
use super::executor_engine::ExecutorEngine;
use super::executors::decode_executors;
use super::load::Loaded;
use crate::source::{Diagnostic, SourceFile};
use crate::value::duration;

/// Wall time in which a job does more than start.
const SHORTEST_TIME: Duration = Duration::from_secs(300);

/// Judges all executors of a file, if nothing else is wrong with it.
pub fn judge_executors(loaded: &Loaded) -> Vec<Diagnostic> {
    let Some(document) = loaded.document.as_ref().filter(|_| loaded.is_valid()) else { return Vec::new() };
    let Ok(file) = decode_executors(&document.value) else { return Vec::new() };
    let judge = |(name, executor): (&String, &Executor)| {
        judge_executor(name, executor, &document.spans, &document.file)
    };
    file.executors.iter().flat_map(judge).collect()
}

/// Judges one executor, which has this name in the file.
pub fn judge_executor(
    name: &str,
    executor: &Executor,
    spans: &SpanIndex,
    file: &Arc<SourceFile>,
) -> Vec<Diagnostic> {
    let judged = JudgedExecutor { name, executor, spans, file };
    let ExecutorEngine::Kubernetes(kubernetes) = &executor.engine else {
        return judged.short_time().into_iter().collect();
    };
    let no_image = kubernetes.image.is_none().then(|| {
        let help =
            "any Linux image will do, because the worker is the run's own copy: `image: debian:12-slim`";
        judged.lacks("flowrun::no_image", "image", "in which image do workers run?", help)
    });
    let no_volume = kubernetes.volume.is_none().then(|| {
        let help = "name the claim that holds pipeline and state folder, and where it is mounted, here as there: \
                    `volume: { claim: shared-rwx, at: /shared }`";
        judged.lacks("flowrun::no_volume", "volume", "where do workers find the run?", help)
    });
    no_image.into_iter().chain(no_volume).chain(judged.short_time()).collect()
}

/// That `--on` names none of the executors, with what is to be said of those that there are. `file`: one of those that were looked
/// into.
pub fn no_executor(name: &str, help: String, (spans, file): (&SpanIndex, &Arc<SourceFile>)) -> Diagnostic {
    let found = Diagnostic::error("flowrun::no_executor", file, format!("there is no executor `{name}`"));
    let entries = "/executors";
    let found =
        if spans.get(entries).is_none() { found } else { found.label(spans.key(entries), "none of these") };
    found.help(help)
}

struct JudgedExecutor<'a> {
    name: &'a str,
    executor: &'a Executor,
    spans: &'a SpanIndex,
    file: &'a Arc<SourceFile>,
}

impl JudgedExecutor<'_> {
    /// Places of built-in executors and of what the command line sets are unknown.
    fn placed(&self, found: Diagnostic, key: &str, label: &str) -> Diagnostic {
        let entry = format!("/executors/{}", escape_key(self.name));
        let pointer = format!("{entry}{key}");
        if self.spans.get(&entry).is_none() { found } else { found.label(self.spans.key(&pointer), label) }
    }

    fn lacks(&self, code: &'static str, key: &str, label: &str, help: &str) -> Diagnostic {
        let message = format!("executor `{}` has no `{key}`", self.name);
        self.placed(Diagnostic::error(code, self.file, message), "", label).help(help)
    }

    /// Jobs that end before they have done much.
    fn short_time(&self) -> Option<Diagnostic> {
        let (time, commit) = (self.executor.time?, self.executor.commit);
        let reason = if time < SHORTEST_TIME {
            "jobs spend it on waiting and starting"
        } else if time < commit * 2 {
            "a worker commits once or never before the end of its job"
        } else {
            return None;
        };
        let message = format!(
            "the jobs of executor `{}` have {}, and commit every {}",
            self.name,
            duration::format(time),
            duration::format(commit)
        );
        let found = Diagnostic::warning("flowrun::executor_time", self.file, message);
        Some(self.placed(found, "/time", reason).help("`time` is at least 5m, and twice `commit`"))
    }
}
