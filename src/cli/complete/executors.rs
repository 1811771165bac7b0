//! Executors are offered by their names in executors files, and those that are built in.

use clap_complete::engine::CompletionCandidate;

use super::command_line::CommandLine;
use super::offer::offer;
use crate::cli::console::Console;
use crate::cli::executors::KnownExecutors;
use crate::config::LOCAL;

/// `local`, and the names of all executors with their kinds.
pub(super) fn names(line: &CommandLine) -> Vec<CompletionCandidate> {
    let file = line.path(&["executors"]);
    let known = KnownExecutors::find(&Console::of_process(), file.as_deref()).unwrap_or_default();
    let named = known.entries().map(|entry| offer(&entry.name, entry.executor.engine.kind().name()));
    std::iter::once(offer(LOCAL, "this process")).chain(named).collect()
}
