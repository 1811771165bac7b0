//! The arguments as clap reads them. What they mean together is the commands' business.

mod author;
mod state;
mod value;

pub(super) use author::{
    ExplainArguments, FmtArguments, GraphArguments, GraphFormat, InitArguments, PreviewArguments,
    TestArguments, TestFormat,
};
pub(super) use state::{
    CacheArguments, CacheCommand, FolderArguments, ListFormat, PruneArguments, ReportArguments,
    ResumeArguments, RunsArguments, RunsCommand, ShowArguments, ShowFormat, StateArguments,
};

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// What the process says with its end.
const EXIT_CODES: &str = "\
Exit codes:
    0  the run succeeded, tolerated failures included
    1  a step failed
    2  wrong usage or environment: flags, parameters, a missing file or variable
    3  with --strict: nothing failed but some item did
   65  the pipeline file is invalid; nothing has run
   70  internal error
  130  interrupted";

/// Run declarative map pipelines: a Lua function on every item, in parallel, under an exact policy.
#[derive(Debug, Parser)]
#[command(
    name = "flowrun",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "`flowrun FILE` is short for `flowrun run FILE`.",
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

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a pipeline
    #[command(after_long_help = EXIT_CODES)]
    Run(RunArguments),
    /// Validate without running: every error and warning of every file at once
    Check(CheckArguments),
    /// Show what would run: steps, order, counts where known, need, worst-case time, what is reused
    Plan(PlanArguments),
    /// Run a step on a few items and show input → output side by side; writes nothing
    Preview(PreviewArguments),
    /// Draw the steps and what flows between them
    Graph(GraphArguments),
    /// Make a small working pipeline with editor settings
    Init(InitArguments),
    /// Order the keys of pipeline files; comments and meaning stay
    Fmt(FmtArguments),
    /// Run the `tests:` of pipeline files, or make some from a run
    Test(TestArguments),
    /// Go on with an interrupted or failed run: finished items are reused, the others run
    Resume(ResumeArguments),
    /// List the runs, or remove old ones
    Runs(RunsArguments),
    /// Show one run or step: counters, failures, results; also while it is running
    Show(ShowArguments),
    /// Write one run as an HTML page that needs nothing else; also while it is running
    Report(ReportArguments),
    /// The memo across runs of functions with `cache: true`
    Cache(CacheArguments),
    /// Serve editors: a language server over standard input and output
    Lsp(LspArguments),
    /// Print the JSON schema of pipeline files
    Schema,
    /// Write stubs of the Lua functions for editors
    Types {
        /// The folder that gets `flowrun.lua`, and `.luarc.json` if it has none; without it, the stubs go to standard output
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Say what a finding means and what to do about it
    Explain(ExplainArguments),
    /// Print the manual page
    Man,
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

/// What decides which values a pipeline file sees.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Inputs")]
pub(super) struct InputArguments {
    /// Set a parameter of the pipeline; may be given several times
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE", value_parser = value::assignment)]
    pub(super) params: Vec<(String, String)>,
    /// Read parameters from a YAML or JSON file that holds a map; `-p` wins over it
    #[arg(long, value_name = "F")]
    pub(super) params_file: Option<PathBuf>,
    /// Override one field of the file, as in `clean.concurrency=2`; may be given several times
    #[arg(long, value_name = "PATH=VALUE", value_parser = value::assignment)]
    pub(super) set: Vec<(String, String)>,
    /// Take only the first N items of every source
    #[arg(long, value_name = "N", value_parser = value::count)]
    pub(super) limit: Option<u64>,
    /// What this run adds to `permissions`.
    #[command(flatten)]
    pub(super) allow: AllowArguments,
}

/// What the Lua code of one run may reach beside what the file grants.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Permissions")]
pub(super) struct AllowArguments {
    /// Let `http` reach this host, as in `api.example.org`, `localhost:8080`, `*.example.org`; may be given several times
    #[arg(long = "allow-net", value_name = "HOST", value_parser = value::host)]
    pub(super) net: Vec<String>,
    /// Let `fs` read this folder or file too; may be given several times
    #[arg(long = "allow-read", value_name = "DIR", value_parser = value::filled)]
    pub(super) read: Vec<String>,
    /// Let `fs` write this folder or file too; may be given several times
    #[arg(long = "allow-write", value_name = "DIR", value_parser = value::filled)]
    pub(super) write: Vec<String>,
    /// Let `exec` run this program, by name or by path; may be given several times
    #[arg(long = "allow-exec", value_name = "PROG", value_parser = value::filled)]
    pub(super) exec: Vec<String>,
}

/// What decides which steps run.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Steps")]
pub(super) struct SelectArguments {
    /// Run this step and the steps it takes items from, not those in its `needs`; may be given several times
    #[arg(long, value_name = "ID")]
    pub(super) only: Vec<String>,
    /// Run this step and everything it depends on, `needs` included; may be given several times
    #[arg(long, value_name = "ID")]
    pub(super) until: Vec<String>,
}

/// What concerns the terminal, the same for all commands.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct ConsoleArguments {
    /// Colour the output for people
    #[arg(long, value_name = "WHEN", value_enum, default_value_t, help_heading = "Output")]
    pub(super) color: ColorChoice,
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

/// How a pipeline runs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Running")]
pub(super) struct EngineArguments {
    /// Seed of random numbers and jitter [default: a random one]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Time that running items get after the first interrupt
    #[arg(long, value_name = "D", default_value = "5s", value_parser = value::duration)]
    pub(super) grace: Duration,
    /// Exit with 3 when no step failed but some item did
    #[arg(long)]
    pub(super) strict: bool,
}

/// What is said about a run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArguments {
    /// How progress is shown: a bar a step on a terminal, lines elsewhere
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    pub(super) progress: ProgressChoice,
    /// What standard output gets at the end: nothing but the data of the pipeline, or the result as one JSON object
    #[arg(long, value_name = "FORM", value_enum, default_value_t)]
    pub(super) output: OutputChoice,
    /// Write what happens to a file, or to standard output with `-`: one JSON object a line
    #[arg(long, value_name = "F|-")]
    pub(super) events: Option<PathBuf>,
    /// Write the run as one HTML page at its end, however it ends
    #[arg(long, value_name = "F.html")]
    pub(super) report: Option<PathBuf>,
    /// Write the run as `JUnit` XML at its end: a suite for each step, with its verdict and its failed items
    #[arg(long, value_name = "F.xml")]
    pub(super) junit: Option<PathBuf>,
    /// Write what ran when, as a trace that Perfetto and Chrome open
    #[arg(long, value_name = "F.json")]
    pub(super) trace: Option<PathBuf>,
    /// Say only what failed
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more: every log line, retry and failure
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// Colours.
    #[command(flatten)]
    pub(super) console: ConsoleArguments,
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
    /// Say also what Lua code may reach, and what keeps it from the rest
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// What the pipeline sees.
    #[command(flatten)]
    pub(super) inputs: InputArguments,
    /// Which steps run.
    #[command(flatten)]
    pub(super) select: SelectArguments,
    /// Where earlier runs were kept.
    #[command(flatten)]
    pub(super) state: StateArguments,
    /// Colours.
    #[command(flatten)]
    pub(super) console: ConsoleArguments,
}

/// `--color`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum ColorChoice {
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
pub(super) enum ProgressChoice {
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
pub(super) enum OutputChoice {
    /// The summary for people, on standard error
    #[default]
    Text,
    /// That, and one JSON object on standard output
    Json,
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
