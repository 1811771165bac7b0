//! These types are the arguments as clap reads them. The commands say what they mean together.

mod author;
mod executor;
mod groups;
mod state;
mod value;

pub(super) use author::{
    ExplainArguments, FmtArguments, GraphArguments, GraphFormat, InitArguments, PreviewArguments,
    ProgramCheckArguments, ProgramVerb, TestArguments, TestFormat,
};
pub(super) use executor::ExecutorArguments;
pub(super) use groups::{
    AllowArguments, ColorChoice, ConsoleArguments, EachArguments, EngineArguments, InputArguments,
    LockChoice, OutputArguments, OutputChoice, ProgressChoice, SelectArguments, ShardArguments,
};
pub(super) use state::{
    AttachArguments, CacheArguments, CacheCommand, CancelArguments, ExecutorsArguments, FolderArguments,
    GatherArguments, ListFormat, PruneArguments, ReportArguments, ResumeArguments, RunsArguments,
    RunsCommand, ShowArguments, ShowFormat, StateArguments,
};

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

/// What the process says with its end.
const EXIT_CODES: &str = "\
Exit codes:
    0  the run succeeded, tolerated failures included
    1  a step failed
    2  wrong usage or environment: flags, parameters, a missing file or variable
    3  with --strict: nothing failed but some item did
   65  the pipeline file is invalid; nothing has run
   70  internal error
  130  interrupted (129: the terminal is gone, and workers of `--on` go on)";

/// Run map pipelines: a function on every item, in parallel, under a policy.
#[derive(Debug, Parser)]
#[command(
    name = "flowrun",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "`flowrun FILE` is `flowrun run FILE`; `flowrun run -h` lists its options.",
    after_long_help = EXIT_CODES,
    override_usage = "flowrun [OPTIONS] <FILE>\n       flowrun <COMMAND>"
)]
pub(super) struct Arguments {
    /// What to do; without a command, the file is run.
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// The arguments of `run`, which need not be named.
    #[command(flatten)]
    pub(super) run: RunArguments,
}

impl Arguments {
    /// Reads a command line. The short help lists the commands; the options of a run are in that of `run`.
    pub(super) fn read(words: Vec<OsString>) -> Result<Self, clap::Error> {
        let hidden = |argument: clap::Arg| {
            let is_option = !argument.is_positional();
            argument.hide_short_help(is_option)
        };
        let mut command = Self::command().mut_args(hidden);
        let matches = command.try_get_matches_from_mut(words)?;
        Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a pipeline
    #[command(after_long_help = EXIT_CODES)]
    Run(RunArguments),
    /// Validate without running: all errors and warnings of all files
    Check(CheckArguments),
    /// Show what would run: steps, order, counts, worst-case time
    Plan(PlanArguments),
    /// Show input → output of a step on a few items; writes nothing
    Preview(PreviewArguments),
    /// Draw the steps and what flows between them
    Graph(GraphArguments),
    /// Make a small working pipeline with editor settings
    Init(InitArguments),
    /// Order the keys of pipeline files; comments and meaning stay
    Fmt(FmtArguments),
    /// Run the `tests:` of pipeline files, or make some from a run
    Test(TestArguments),
    /// Go on with a run: finished items are reused, the others run
    Resume(ResumeArguments),
    /// Make one run out of those of all shards, and run what is left
    Gather(GatherArguments),
    /// List what `--on` can name, and whether the engines answer
    Executors(ExecutorsArguments),
    /// List the runs, or remove old ones
    Runs(RunsArguments),
    /// Show a run or step, also while it runs: counters, failures
    Show(ShowArguments),
    /// Write a run as one HTML page, also while it runs
    Report(ReportArguments),
    /// The cache across runs of functions with `cache: true`
    Cache(CacheArguments),
    /// Serve editors: a language server on standard input and output
    Lsp(LspArguments),
    /// Print the JSON schema of pipeline, included or executors files
    Schema {
        /// The schema of files that pipelines include
        #[arg(long)]
        include: bool,
        /// The schema of executors files
        #[arg(long, conflicts_with = "include")]
        executors: bool,
    },
    /// Try a program as an item function: send it odd items
    ProgramCheck(ProgramCheckArguments),
    /// Go on with a run whose coordinator is gone
    Attach(AttachArguments),
    /// End the workers of a run whose coordinator is gone
    Cancel(CancelArguments),
    /// What engines start: work on one shard of a step
    #[command(hide = true)]
    Worker(WorkerArguments),
    /// Write stubs of the Lua functions for editors
    Types {
        /// The folder that gets `flowrun.lua`, and `.luarc.json` if it has none; without it, the stubs go to standard output
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Print what a shell reads to complete commands and names
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Say what a finding means and what to do about it
    Explain(ExplainArguments),
    /// Print the manual page
    Man,
}

/// `flowrun worker`
#[derive(Debug, Clone, Args)]
pub(super) struct WorkerArguments {
    /// The folder that the coordinator of the step shares with its workers
    pub(super) remote: PathBuf,
    /// Number of the wave
    pub(super) wave: u32,
    /// Place in the wave
    pub(super) task: u32,
}

/// `flowrun lsp`
#[derive(Debug, Clone, Args)]
pub(super) struct LspArguments {
    /// What editors say to servers that could do otherwise; there is no other way.
    #[arg(long, hide = true)]
    pub(super) stdio: bool,
    /// The editor's process, which some clients name; the server ends with its input.
    #[arg(long = "clientProcessId", value_name = "PID", hide = true)]
    pub(super) client: Option<u64>,
}

/// The arguments of `flowrun FILE` and `flowrun run FILE`.
#[derive(Debug, Clone, Args)]
pub(super) struct RunArguments {
    /// The pipeline file; absent only where there is a command instead.
    #[arg(value_name = "FILE", required = true, help = "The pipeline file")]
    pub(super) file: Option<PathBuf>,
    /// Anything after the file: taken so that the complaint can be a good one.
    #[arg(value_name = "EXTRA", hide = true)]
    pub(super) extra: Vec<String>,
    /// What the pipeline sees.
    #[command(flatten)]
    pub(super) inputs: InputArguments,
    /// Which steps run.
    #[command(flatten)]
    pub(super) select: SelectArguments,
    /// How many there are.
    #[command(flatten)]
    pub(super) each: EachArguments,
    /// Which slice of the items.
    #[command(flatten)]
    pub(super) shard: ShardArguments,
    /// How it runs.
    #[command(flatten)]
    pub(super) engine: EngineArguments,
    /// Where it is kept.
    #[command(flatten)]
    pub(super) state: StateArguments,
    /// What is said about it.
    #[command(flatten)]
    pub(super) output: OutputArguments,
}

/// The arguments of `flowrun check`.
#[derive(Debug, Clone, Args)]
pub(super) struct CheckArguments {
    /// Pipeline files, and folders to search for them
    #[arg(value_name = "FILE|DIR", required = true)]
    pub(super) paths: Vec<PathBuf>,
    /// How findings are written: `text` to standard error, the others to standard output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(super) format: FormatChoice,
    /// Treat warnings as errors
    #[arg(long)]
    pub(super) deny_warnings: bool,
    /// Leave files aside that are neither pipelines nor like what they include, as a search of folders does
    #[arg(long)]
    pub(super) skip_others: bool,
    /// Where steps are to be sent.
    #[command(flatten)]
    pub(super) executor: ExecutorArguments,
    /// Colours.
    #[command(flatten)]
    pub(super) console: ConsoleArguments,
}

/// The arguments of `flowrun plan`.
#[derive(Debug, Clone, Args)]
pub(super) struct PlanArguments {
    /// The pipeline file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Say also in which way items go through functions, what Lua code may reach, and what keeps it from the rest
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// What the pipeline sees.
    #[command(flatten)]
    pub(super) inputs: InputArguments,
    /// Which steps run.
    #[command(flatten)]
    pub(super) select: SelectArguments,
    /// Which slice of the items.
    #[command(flatten)]
    pub(super) shard: ShardArguments,
    /// Where steps are to be sent.
    #[command(flatten)]
    pub(super) executor: ExecutorArguments,
    /// Where earlier runs were kept.
    #[command(flatten)]
    pub(super) state: StateArguments,
    /// Colours.
    #[command(flatten)]
    pub(super) console: ConsoleArguments,
}

/// `--format` of `check`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum FormatChoice {
    /// For people
    #[default]
    Text,
    /// One object, `{"diagnostics": […]}`
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
    /// `JUnit` XML: a case for each file and each finding
    Junit,
}
