//! A stop says why a step ends before all its items have ended. The scheduler and the engine decide what is done
//! about it.

/// What made a step start nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// An item failed for good under `fail_fast`.
    FailFast,
    /// More items than `max_failures` failed.
    MaxFailures,
    /// `min_success_ratio` is out of reach, under `stop_early`.
    StopEarly,
    /// The step's deadline passed.
    Deadline,
    /// SIGINT or SIGTERM.
    Interrupted,
    /// What the step was reading from failed.
    SourceFailed,
    /// The program that is the step's function is of no use.
    Program,
    /// There are as many results as anybody wants.
    Enough,
}

impl StopReason {
    /// The policy key, or the word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::FailFast => "fail_fast",
            Self::MaxFailures => "max_failures",
            Self::StopEarly => "stop_early",
            Self::Deadline => "deadline",
            Self::Interrupted => "interrupted",
            Self::SourceFailed => "source failed",
            Self::Program => "program",
            Self::Enough => "enough results",
        }
    }
}

/// A step that is stopping: nothing more starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// The first reason there was.
    pub reason: StopReason,
    /// Whether running attempts are to be interrupted; otherwise they finish.
    pub interrupt: bool,
}
