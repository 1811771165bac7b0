//! `flowrun executors` lists what `--on` can name, from which file it is, and whether its engine answers.

mod answer;
mod chosen;
mod known;

pub(super) use answer::array_size;
pub(super) use chosen::ChosenExecutor;
pub(super) use known::{KnownExecutors, from_file};

use super::args::ExecutorsArguments;
use super::console::{Console, put};
use super::exit::{Exit, Fault};
use super::{load, table};
use crate::config::{Executor, LOCAL};
use crate::value::{duration, printable, size};

/// Prints a line for each.
pub(super) fn command(console: &Console, arguments: &ExecutorsArguments) -> Result<Exit, Fault> {
    let known = KnownExecutors::find(console, arguments.executors.as_deref())?;
    let cores = load::cores();
    let heads = ["name", "kind", "workers", "for each", "from", "engine"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    rows.push([LOCAL, "-", "-", "-", "built in", "this process"].map(str::to_owned).to_vec());
    for entry in known.entries() {
        let executor = &entry.executor;
        rows.push(vec![
            entry.name.clone(),
            executor.engine.kind().name().to_owned(),
            executor.workers(cores).to_string(),
            each(executor),
            from_file(entry.file.as_deref(), console),
            printable(&answer::of(&executor.engine, console)).into_owned(),
        ]);
    }
    let mut lines = table::lines(&rows, &[2]);
    lines.push(String::new());
    lines.extend(known.places(console).map(|place| format!("looked in {place}")));
    lines.push(String::new());
    put(lines.join("\n").as_bytes())?;
    Ok(Exit::Success)
}

/// `4 cores 4GB 1h`
pub(super) fn each(executor: &Executor) -> String {
    let cores = format!("{} core{}", executor.cores, if executor.cores == 1 { "" } else { "s" });
    let time = executor.time.map(|limit| format!(" {}", duration::format(limit)));
    format!("{cores} {}{}", size::format(executor.memory), time.unwrap_or_default())
}
