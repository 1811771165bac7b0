//! The overview shows a kept run in the words of the reporter for people: steps as lines, failures in groups. The
//! caller reads the run.

use super::figures;
use super::groups::FailureGroups;
use super::human::columns::ColumnWidths;
use super::human::failures::{self, SHOWN};
use super::human::line::{StyledLine, TextStyle};
use crate::event::{StepInfo, StepResult, Tally};
use std::time::Duration;

/// Lines about the steps of one run.
#[derive(Debug)]
pub struct Overview {
    columns: ColumnWidths,
    color: bool,
}

impl Overview {
    /// For these steps.
    pub fn new(steps: &[StepInfo], color: bool) -> Self {
        Self { columns: ColumnWidths::of(steps), color }
    }

    /// A step that has ended, with the reason on a second line when it did not succeed.
    pub fn ended(&self, info: &StepInfo, result: &StepResult) -> String {
        self.columns.finished(info, result, self.color)
    }

    /// A step that has not begun, or is running. Counts that are partly hearsay have a `~` before them.
    pub fn open(
        &self,
        info: &StepInfo,
        (status, time): (&str, Option<Duration>),
        (tally, is_said): (Tally, bool),
    ) -> String {
        let mut line = self.columns.head(info, self.color);
        line.push(TextStyle::Warn, status);
        for ending in figures::endings(&tally, figures::about(is_said)) {
            line.push(TextStyle::Plain, &format!(" · {ending}"));
        }
        if let Some(time) = time {
            line.push(TextStyle::Plain, &format!(" · for {}", figures::duration(time)));
        }
        line.into_text()
    }

    /// How many workers a step has, for the line below it.
    pub fn jobs(&self, running: u64, queued: (u64, Option<&str>), died: u64) -> String {
        self.below(&format!("workers: {}", figures::jobs(running, queued, died)))
    }

    /// Further words on a step that is running, for the line below it.
    pub fn below(&self, words: &str) -> String {
        self.columns.below(TextStyle::Dim, words, self.color)
    }

    /// The failures of a step in groups, unless nothing failed; `all`: however many groups there are.
    pub fn groups(&self, failures: &FailureGroups, step: &str, all: bool) -> Option<String> {
        let shown = if all { usize::MAX } else { SHOWN };
        failures::block(failures, step, shown, None, self.color)
    }
}

/// Durations as people read them.
pub fn duration(time: Duration) -> String {
    figures::duration(time)
}

/// A heading, or a name to look for.
pub fn strong(text: &str, color: bool) -> String {
    let mut line = StyledLine::new(color);
    line.push(TextStyle::Strong, text);
    line.into_text()
}
