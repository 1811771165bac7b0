//! People choose how much they are told, and how progress is shown to them.

use indicatif::ProgressDrawTarget;

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Steps that failed and the failures.
    Quiet,
    /// That, the steps, and the first warnings of each.
    Normal,
    /// That, every line of every log, every retry and every failure's message.
    Verbose,
}

/// How progress is shown while a step runs.
#[derive(Debug)]
pub enum Live {
    /// One line a step that is drawn again and again, on a terminal of so many columns.
    Bars(ProgressDrawTarget, fn() -> usize),
    /// A line when a step starts, and then every ten seconds, every minute after a minute, every ten after ten.
    Lines,
    /// Not at all.
    None,
}
