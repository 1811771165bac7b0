//! The process edge: arguments, environment, signals, exit codes, standard output and standard error.

pub mod diagnostic;

/// Runs the command line and says how the process is to end.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
