//! These are the arguments of the commands for those who write pipelines: none of these commands runs a pipeline for
//! its results.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::groups::{ConsoleArguments, InputArguments};
use super::state::FolderArguments;
use super::value;

/// The arguments of `flowrun explain`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ExplainArguments {
    /// Code of a finding, with or without `flowrun::`; without it, all codes are listed
    #[arg(value_name = "CODE")]
    pub(in crate::cli) code: Option<String>,
}

/// The arguments of `flowrun test`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct TestArguments {
    /// Pipeline files with `tests:`, or folders with some; with `--record`, a run instead: its id, the beginning of it, or `latest`
    #[arg(value_name = "FILE|DIR", required_unless_present = "record")]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// How results are written: `text` to standard error, the others to standard output
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(in crate::cli) format: TestFormat,
    /// Let functions start programs, send requests other than GET and HEAD, and write files and databases; otherwise files go to a copy
    /// that is shown, and the rest is refused
    #[arg(long)]
    pub(in crate::cli) allow_effects: bool,
    /// Leave files aside that are no pipelines
    #[arg(long, conflicts_with = "record")]
    pub(in crate::cli) skip_others: bool,
    /// Print tests of this step instead, made from what its items came to in a run
    #[arg(long, value_name = "STEP", help_heading = "Recording")]
    pub(in crate::cli) record: Option<String>,
    /// How many items to make tests of
    #[arg(long, value_name = "N", default_value = "3", requires = "record", value_parser = value::count, help_heading = "Recording")]
    pub(in crate::cli) items: u64,
    /// Where the run is kept.
    #[command(flatten)]
    pub(in crate::cli) folder: FolderArguments,
    /// Set a parameter; may be given several times
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE", value_parser = value::assignment, help_heading = "Inputs")]
    pub(in crate::cli) params: Vec<(String, String)>,
    /// Read parameters from a YAML or JSON file that holds a map; `-p` wins over it
    #[arg(long, value_name = "F", help_heading = "Inputs")]
    pub(in crate::cli) params_file: Option<PathBuf>,
    /// Colours.
    #[command(flatten)]
    pub(in crate::cli) console: ConsoleArguments,
}

impl TestArguments {
    /// What the pipelines see.
    pub(in crate::cli) fn inputs(&self) -> InputArguments {
        InputArguments {
            params: self.params.clone(),
            params_file: self.params_file.clone(),
            ..InputArguments::default()
        }
    }
}

/// `--format` of `test`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum TestFormat {
    /// For people
    #[default]
    Text,
    /// One object, `{"tests": […]}`
    Json,
    /// `JUnit` XML
    Junit,
}

/// The arguments of `flowrun preview`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct PreviewArguments {
    /// The pipeline file
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// The step to run; of a step without a function, its items are shown
    #[arg(value_name = "STEP")]
    pub(in crate::cli) step: String,
    /// How many items
    #[arg(long, value_name = "N", default_value = "5", value_parser = value::count)]
    pub(in crate::cli) items: u64,
    /// Take any items, not the first ones; all items are read for that
    #[arg(long)]
    pub(in crate::cli) shuffle: bool,
    /// Take this one instead, by its number from 1, as in messages of a run; several with commas
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = value::count, conflicts_with_all = ["items", "shuffle"])]
    pub(in crate::cli) item: Vec<u64>,
    /// Seed of random numbers: the same seed takes the same items [default: a random one]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) seed: Option<u64>,
    /// Let functions start programs, send requests other than GET and HEAD, and write files and databases; otherwise files go to a copy
    /// that is shown, and the rest is refused
    #[arg(long)]
    pub(in crate::cli) allow_effects: bool,
    /// What the pipeline sees.
    #[command(flatten)]
    pub(in crate::cli) inputs: InputArguments,
    /// Colours.
    #[command(flatten)]
    pub(in crate::cli) console: ConsoleArguments,
}

/// The arguments of `flowrun graph`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct GraphArguments {
    /// The pipeline file
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// How it is drawn
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub(in crate::cli) format: GraphFormat,
    /// Colours.
    #[command(flatten)]
    pub(in crate::cli) console: ConsoleArguments,
}

/// `--format` of `graph`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum GraphFormat {
    /// Lines for a terminal
    #[default]
    Text,
    /// A Mermaid flowchart
    Mermaid,
    /// For Graphviz
    Dot,
    /// A picture
    Svg,
}

/// The arguments of `flowrun init`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct InitArguments {
    /// The folder; it is made when it is missing [default: the current folder]
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub(in crate::cli) dir: PathBuf,
}

/// The arguments of `flowrun fmt`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct FmtArguments {
    /// Pipeline files, or folders with some; `-` formats standard input onto standard output
    #[arg(value_name = "FILE|DIR", required = true)]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// Change nothing; exit with 1 when something would change
    #[arg(long)]
    pub(in crate::cli) check: bool,
    /// Leave files aside that are neither pipelines nor like what they include, as a search of folders does
    #[arg(long)]
    pub(in crate::cli) skip_others: bool,
    /// Colours.
    #[command(flatten)]
    pub(in crate::cli) console: ConsoleArguments,
}

/// The arguments of `flowrun program-check`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ProgramCheckArguments {
    /// The program and its arguments, behind `--`; paths are relative to the current folder
    #[arg(value_name = "PROGRAM", required = true, num_args = 1.., last = true)]
    pub(in crate::cli) program: Vec<String>,
    /// An item of your own, as JSON; may be given several times
    #[arg(long = "item", value_name = "JSON")]
    pub(in crate::cli) items: Vec<String>,
    /// A variable that it gets beside `PATH`, `HOME` and `LANG`, as `env` of a step gives it; without a value, the one that is
    /// set here; may be given several times
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = value::variable)]
    pub(in crate::cli) env: Vec<(String, String)>,
    /// The verb that it is to be the function of
    #[arg(long = "as", value_name = "VERB", value_enum, default_value_t)]
    pub(in crate::cli) verb: ProgramVerb,
    /// How long a process may take to its first answer
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = value::duration)]
    pub(in crate::cli) ready: std::time::Duration,
    /// How long an answer may take
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = value::duration)]
    pub(in crate::cli) timeout: std::time::Duration,
}

/// What a program may be the function of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ProgramVerb {
    /// It answers with `value`
    #[default]
    Map,
    /// It answers with `values`, a list
    #[value(name = "flat_map")]
    FlatMap,
    /// It answers with a `value` that is true or false
    Filter,
}
