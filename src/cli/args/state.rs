//! These arguments concern kept runs: where they lie, and the commands that go on with them or look at them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::groups::{ConsoleArguments, EngineArguments, InputArguments, OutputArguments, SelectArguments};
use super::value;

/// Where a run is kept.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "State")]
pub(in crate::cli) struct StateArguments {
    /// Keep the run in this folder [default: `.flowrun` beside the pipeline file]
    #[arg(long, value_name = "D", conflicts_with = "no_state", hide_short_help = true)]
    pub(in crate::cli) state_dir: Option<PathBuf>,
    /// Keep nothing: the run cannot be resumed or shown
    #[arg(long)]
    pub(in crate::cli) no_state: bool,
}

/// Where kept runs are looked for.
#[derive(Debug, Clone, Default, Args)]
pub(in crate::cli) struct FolderArguments {
    /// The folder that keeps the runs [default: `.flowrun` in the current folder or the nearest one above]
    #[arg(long, value_name = "D", global = true)]
    pub(in crate::cli) state_dir: Option<PathBuf>,
}

/// The arguments of `flowrun resume`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ResumeArguments {
    /// Id of a run, its beginning, `latest`, or a pipeline file [default: the last run that did not succeed]
    #[arg(value_name = "RUN")]
    pub(in crate::cli) run: Option<String>,
    /// Go on with every run of the pipeline file that did not end well and was not replaced by one that did
    #[arg(long)]
    pub(in crate::cli) all: bool,
    /// Leave items failed that `flow.fail` gave up
    #[arg(long)]
    pub(in crate::cli) keep_permanent: bool,
    /// Run only items that failed; what was cut off or is new stays undone
    #[arg(long)]
    pub(in crate::cli) failed_only: bool,
    /// Where the run is kept.
    #[command(flatten)]
    pub(in crate::cli) folder: FolderArguments,
    /// What the pipeline sees, beside what the old run was given.
    #[command(flatten)]
    pub(in crate::cli) inputs: InputArguments,
    /// Which steps run.
    #[command(flatten)]
    pub(in crate::cli) select: SelectArguments,
    /// How it runs.
    #[command(flatten)]
    pub(in crate::cli) engine: EngineArguments,
    /// What is said about it.
    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,
}

/// The arguments of `flowrun executors`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ExecutorsArguments {
    /// Look into this executors file instead of the user's
    #[arg(long, value_name = "F")]
    pub(in crate::cli) executors: Option<PathBuf>,
    /// Colours.
    #[command(flatten)]
    pub(in crate::cli) console: ConsoleArguments,
}

/// The arguments of `flowrun attach`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct AttachArguments {
    /// Id of a run, its beginning, `latest`, or a pipeline file [default: the last run whose coordinator is gone]
    #[arg(value_name = "RUN")]
    pub(in crate::cli) run: Option<String>,
    /// Time that running items get after the first interrupt
    #[arg(long, value_name = "D", default_value = "5s", value_parser = value::duration)]
    pub(in crate::cli) grace: Duration,
    /// Exit with 3 when no step failed but some item did
    #[arg(long)]
    pub(in crate::cli) strict: bool,
    /// Where the run is kept.
    #[command(flatten)]
    pub(in crate::cli) folder: FolderArguments,
    /// What is said about it.
    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,
}

/// The arguments of `flowrun cancel`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct CancelArguments {
    /// Id of a run, its beginning, `latest`, or a pipeline file for its latest run
    #[arg(value_name = "RUN")]
    pub(in crate::cli) run: String,
    /// Where the run is kept.
    #[command(flatten)]
    pub(in crate::cli) folder: FolderArguments,
}

/// The arguments of `flowrun gather`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct GatherArguments {
    /// The pipeline file
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// The state folders of all shards
    #[arg(value_name = "D", required = true)]
    pub(in crate::cli) folders: Vec<PathBuf>,
    /// What the pipeline sees, beside what the shards were given.
    #[command(flatten)]
    pub(in crate::cli) inputs: InputArguments,
    /// Which steps run.
    #[command(flatten)]
    pub(in crate::cli) select: SelectArguments,
    /// How it runs.
    #[command(flatten)]
    pub(in crate::cli) engine: EngineArguments,
    /// Where it is kept.
    #[command(flatten)]
    pub(in crate::cli) state: StateArguments,
    /// What is said about it.
    #[command(flatten)]
    pub(in crate::cli) output: OutputArguments,
}

/// The arguments of `flowrun show`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ShowArguments {
    /// Id of a run, its beginning, `latest`, or a pipeline file for its latest run [default: latest]
    #[arg(value_name = "RUN")]
    pub(in crate::cli) run: Option<String>,
    /// Only this step
    #[arg(value_name = "STEP")]
    pub(in crate::cli) step: Option<String>,
    /// The items that failed: by message, and each with its attempts, traceback and log
    #[arg(long)]
    pub(in crate::cli) failed: bool,
    /// The results of the step's items
    #[arg(long, conflicts_with = "failed")]
    pub(in crate::cli) results: bool,
    /// The shards of steps that were sent to workers: state, items, attempts, node, job and log of each
    #[arg(long, conflicts_with_all = ["failed", "results"])]
    pub(in crate::cli) shards: bool,
    /// How it is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(in crate::cli) format: ShowFormat,
    /// Where the run is kept.
    #[command(flatten)]
    pub(in crate::cli) folder: FolderArguments,
    /// Colours.
    #[command(flatten)]
    pub(in crate::cli) console: ConsoleArguments,
}

/// The arguments of `flowrun report`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ReportArguments {
    /// Id of a run, its beginning, `latest`, or a pipeline file for its latest run [default: latest]
    #[arg(value_name = "RUN")]
    pub(in crate::cli) run: Option<String>,
    /// Write the page to this file [default: standard output]
    #[arg(short, long, value_name = "F.html")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Where the run is kept.
    #[command(flatten)]
    pub(in crate::cli) folder: FolderArguments,
    /// Colours.
    #[command(flatten)]
    pub(in crate::cli) console: ConsoleArguments,
}

/// The arguments of `flowrun runs`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct RunsArguments {
    /// What to do with them; without a command, they are listed.
    #[command(subcommand)]
    pub(in crate::cli) command: Option<RunsCommand>,
    /// Only runs that ended so
    #[arg(long, value_name = "STATUS", value_enum)]
    pub(in crate::cli) status: Option<StatusChoice>,
    /// How the list is written
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(in crate::cli) format: ListFormat,
    /// Where the runs are kept.
    #[command(flatten)]
    pub(in crate::cli) folder: FolderArguments,
    /// Colours.
    #[command(flatten)]
    pub(in crate::cli) console: ConsoleArguments,
}

/// The commands of `flowrun runs`.
#[derive(Debug, Clone, Subcommand)]
pub(in crate::cli) enum RunsCommand {
    /// Remove old runs; with both options, only those that both allow to go
    Prune(PruneArguments),
}

/// The arguments of `flowrun runs prune`.
#[derive(Debug, Clone, Args)]
#[command(group(clap::ArgGroup::new("bound").required(true).multiple(true).args(["keep", "older_than"])))]
pub(in crate::cli) struct PruneArguments {
    /// Keep the newest N runs
    #[arg(long, value_name = "N")]
    pub(in crate::cli) keep: Option<usize>,
    /// Remove only what began longer ago, as in `30d` or `12h`
    #[arg(long, value_name = "D", value_parser = value::duration)]
    pub(in crate::cli) older_than: Option<Duration>,
    /// Only say what would be removed
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

/// The arguments of `flowrun cache`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct CacheArguments {
    /// What to do with it.
    #[command(subcommand)]
    pub(in crate::cli) command: CacheCommand,
    /// Where it is kept.
    #[command(flatten)]
    pub(in crate::cli) folder: FolderArguments,
    /// Colours.
    #[command(flatten)]
    pub(in crate::cli) console: ConsoleArguments,
}

/// The commands of `flowrun cache`.
#[derive(Debug, Clone, Subcommand)]
pub(in crate::cli) enum CacheCommand {
    /// Say how much is remembered
    Stats {
        /// How it is written
        #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
        format: ListFormat,
    },
    /// Forget what is older than an age, or everything
    Prune {
        /// Forget only what was remembered longer ago, as in `30d` or `12h`
        #[arg(long, value_name = "D", value_parser = value::duration)]
        older_than: Option<Duration>,
    },
}

/// `--format` of `show`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum ShowFormat {
    /// For people
    #[default]
    Text,
    /// One object
    Json,
    /// One object a line: a step, a failure or a result
    Jsonl,
    /// A table with a line of names
    Csv,
}

/// `--format` of `runs` and `cache stats`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum ListFormat {
    /// For people
    #[default]
    Text,
    /// JSON
    Json,
}

/// `--status`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum StatusChoice {
    /// Still going on
    Running,
    /// No step failed
    Succeeded,
    /// A step failed
    Failed,
    /// Stopped by a signal, or gone without a word
    Interrupted,
}

impl StatusChoice {
    /// The name in the store.
    pub(in crate::cli) fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}
