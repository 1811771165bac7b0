//! Some groups of arguments are taken by several commands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::executor::ExecutorArguments;
use super::value;
use crate::engine::Shard;

/// What decides which values a pipeline file sees.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Inputs")]
pub(in crate::cli) struct InputArguments {
    /// Set a parameter; may be given several times
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE", value_parser = value::assignment)]
    pub(in crate::cli) params: Vec<(String, String)>,
    /// Read parameters from a YAML or JSON file that holds a map; `-p` wins over it
    #[arg(long, value_name = "F", hide_short_help = true)]
    pub(in crate::cli) params_file: Option<PathBuf>,
    /// Override one field of the file, as in `clean.concurrency=2`; may be given several times
    #[arg(long, value_name = "PATH=VALUE", value_parser = value::assignment)]
    pub(in crate::cli) set: Vec<(String, String)>,
    /// Take only the first N items of every source
    #[arg(long, value_name = "N", value_parser = value::count)]
    pub(in crate::cli) limit: Option<u64>,
    /// What this run adds to `permissions`.
    #[command(flatten)]
    pub(in crate::cli) allow: AllowArguments,
}

/// What the Lua code of one run may reach beside what the file grants.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Permissions")]
pub(in crate::cli) struct AllowArguments {
    /// Let `http` reach this host, as in `api.example.org`, `localhost:8080`, `*.example.org`; may be given several times
    #[arg(long = "allow-net", value_name = "HOST", value_parser = value::host, hide_short_help = true)]
    pub(in crate::cli) net: Vec<String>,
    /// Let `fs` read this folder or file too; may be given several times
    #[arg(long = "allow-read", value_name = "DIR", value_parser = value::filled, hide_short_help = true)]
    pub(in crate::cli) read: Vec<String>,
    /// Let `fs` write this folder or file too; may be given several times
    #[arg(long = "allow-write", value_name = "DIR", value_parser = value::filled, hide_short_help = true)]
    pub(in crate::cli) write: Vec<String>,
    /// Let `exec` run this program, by name or by path; may be given several times
    #[arg(long = "allow-exec", value_name = "PROG", value_parser = value::filled, hide_short_help = true)]
    pub(in crate::cli) exec: Vec<String>,
}

/// What decides which steps run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Steps")]
pub(in crate::cli) struct SelectArguments {
    /// Run this step and the steps it takes items from, not those in its `needs`; may be given several times
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) only: Vec<String>,
    /// Run this step and everything it depends on, `needs` included; may be given several times
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) until: Vec<String>,
}

/// Several runs for several values of parameters.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Many runs")]
pub(in crate::cli) struct EachArguments {
    /// One kept run for every value of a parameter: `2026-11-01..2026-11-30`, `1..12`, `a,b,c`, or `@F` with one on each line; given several times, for every combination
    #[arg(long, value_name = "NAME=VALUES", value_parser = value::assignment, conflicts_with = "shard")]
    pub(in crate::cli) each: Vec<(String, String)>,
    /// Runs at once [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), requires = "each", hide_short_help = true)]
    pub(in crate::cli) jobs: Option<u64>,
    /// Run values too whose last run ended well
    #[arg(long, requires = "each", hide_short_help = true)]
    pub(in crate::cli) again: bool,
    /// Begin no more runs after one that did not end well
    #[arg(long, requires = "each", hide_short_help = true)]
    pub(in crate::cli) stop: bool,
}

/// One slice of the items instead of all of them.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Shards")]
pub(in crate::cli) struct ShardArguments {
    /// Work on slice I of N of the items of all steps that read sources only; judge and write nothing. `flowrun gather` puts the runs of all shards together
    #[arg(long, value_name = "I/N", conflicts_with = "no_state", hide_short_help = true)]
    pub(in crate::cli) shard: Option<Shard>,
}

/// What concerns the terminal, the same for all commands.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(in crate::cli) struct ConsoleArguments {
    /// Colour the output for people
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        help_heading = "Output",
        hide_short_help = true
    )]
    pub(in crate::cli) color: ColorChoice,
}

/// How a pipeline runs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Running")]
pub(in crate::cli) struct EngineArguments {
    /// Seed of random numbers and jitter [default: a random one]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub(in crate::cli) seed: Option<u64>,
    /// Time that running items get after the first interrupt
    #[arg(long, value_name = "D", default_value = "5s", value_parser = value::duration, hide_short_help = true)]
    pub(in crate::cli) grace: Duration,
    /// Exit with 3 when no step failed but some item did
    #[arg(long, hide_short_help = true)]
    pub(in crate::cli) strict: bool,
    /// What to do while another run of this pipeline is going on [default: go on beside it]
    #[arg(long, value_name = "WHAT", value_enum, hide_short_help = true)]
    pub(in crate::cli) lock: Option<LockChoice>,
    /// Where items run.
    #[command(flatten)]
    pub(in crate::cli) on: ExecutorArguments,
}

/// What is said about a run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct OutputArguments {
    /// How progress is shown: a bar a step on a terminal, lines elsewhere
    #[arg(long, value_name = "HOW", value_enum, default_value_t, hide_short_help = true)]
    pub(in crate::cli) progress: ProgressChoice,
    /// What standard output gets at the end: nothing but the data of the pipeline, or the result as one JSON object
    #[arg(long, value_name = "FORM", value_enum, default_value_t)]
    pub(in crate::cli) output: OutputChoice,
    /// Write what happens to a file, or to standard output with `-`: one JSON object a line
    #[arg(long, value_name = "F|-")]
    pub(in crate::cli) events: Option<PathBuf>,
    /// Write the run as one HTML page, however it ends
    #[arg(long, value_name = "F.html")]
    pub(in crate::cli) report: Option<PathBuf>,
    /// Write the run as `JUnit` XML at its end: a suite for each step, with its verdict and its failed items
    #[arg(long, value_name = "F.xml", hide_short_help = true)]
    pub(in crate::cli) junit: Option<PathBuf>,
    /// In that file, make failures of the items that a step has tolerated; else they are skipped
    #[arg(long, requires = "junit", hide_short_help = true)]
    pub(in crate::cli) junit_strict: bool,
    /// Write what ran when, as a trace that Perfetto and Chrome open
    #[arg(long, value_name = "F.json", hide_short_help = true)]
    pub(in crate::cli) trace: Option<PathBuf>,
    /// Say only what failed
    #[arg(short, long, conflicts_with = "verbose")]
    pub(in crate::cli) quiet: bool,
    /// Say more: every log line, retry and failure
    #[arg(short, long)]
    pub(in crate::cli) verbose: bool,
    /// Colours.
    #[command(flatten)]
    pub(in crate::cli) console: ConsoleArguments,
}

/// `--lock`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum LockChoice {
    /// Wait for its end
    Wait,
    /// End with 0
    Skip,
    /// End with 2
    Fail,
}

/// `--color`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// `--progress`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum ProgressChoice {
    /// Bars on a terminal, lines elsewhere
    #[default]
    Auto,
    /// A bar for each running step; lines where there is no terminal
    Bar,
    /// A line now and then
    Lines,
    /// Nothing until a step has ended
    None,
}

/// `--output`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum OutputChoice {
    /// The summary for people, on standard error
    #[default]
    Text,
    /// That, and one JSON object on standard output
    Json,
}
