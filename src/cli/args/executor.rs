//! These arguments say where the items of steps run: here, or on an executor of an executors file.

use std::path::PathBuf;

use clap::Args;

use super::value;

/// Where the items of steps run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Executor")]
pub(in crate::cli) struct ExecutorArguments {
    /// The executor that steps of many items are sent to; `flowrun executors` lists them [default: local]
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub(in crate::cli) on: Option<String>,
    /// Look for it in this executors file instead of the user's
    #[arg(long, value_name = "F", hide_short_help = true)]
    pub(in crate::cli) executors: Option<PathBuf>,
    /// Set one key of the executor, as in `workers=20`; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = value::assignment, hide_short_help = true)]
    pub(in crate::cli) executor_set: Vec<(String, String)>,
}
