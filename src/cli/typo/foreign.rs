//! Options of other programs, with what does so here.

use clap::error::{ContextKind, ContextValue};

use crate::cli::exit::Complaint;

/// Options that are none here, and what to say.
const OPTIONS: &[(&str, &str)] = &[
    (
        "-n --dry-run --dryrun --check --noop",
        "`flowrun plan FILE` says what would run, `flowrun check FILE` validates, `--limit N` takes the first N items",
    ),
    (
        "-j --workers --concurrency --threads --parallel --max-workers --jobs",
        "a step runs as many items at once as its `concurrency` says: `--set STEP.concurrency=N`",
    ),
    ("--retries", "a policy stands in the file: `--set STEP.retries=N`"),
    ("--timeout", "a policy stands in the file: `--set STEP.timeout=30s`"),
    ("--resume --continue", "`flowrun resume` goes on with a run"),
    ("-f --file", "the file is named alone: `flowrun FILE`"),
    (
        "-o",
        "`--output json` prints the result; where data goes stands in the file, and `--set STEP.path=FILE` changes it",
    ),
    ("--param-file --params --values --vars-file", "`--params-file F` reads parameters from a file"),
    ("-e --var --env -P --arg", "parameters are given by `-p NAME=VALUE`"),
    ("--log-level --debug -vv --trace-level", "`-v` says more"),
    ("--silent", "`-q` says less"),
    ("--no-color", "`--color never`"),
    ("--step --steps --target", "`--only STEP` runs a step alone, `--until STEP` all up to it"),
    (
        "--no-cache --force --rerun",
        "every run is new; `cache: true` of a step is off with `--set STEP.cache=false`, and `--each` has `--again`",
    ),
];

/// The complaint about an option that other programs have.
pub(in crate::cli) fn foreign(error: &clap::Error) -> Option<Complaint> {
    if error.kind() != clap::error::ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else { return None };
    let name = option.split('=').next().unwrap_or(option);
    let found = OPTIONS.iter().find(|(names, _)| names.split(' ').any(|known| known == name));
    found.map(|(_, help)| Complaint::new(format!("there is no option `{name}` here")).help(*help))
}
