//! The exits of jobs stand in `scontrol show job` for a while, also where no accounting is kept. They are hints: without one a
//! job is judged by what it left.

use std::collections::BTreeMap;

use crate::schedule::fleet::Exit;

/// What is known of a task that is not in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Ended(Exit),
    /// It is about to come back: it was put back into the queue in this moment.
    Alive,
}

/// The tasks in what `scontrol show job ID -o` has printed, of the array with this name.
pub(super) fn of_array(printed: &str, name: &str) -> BTreeMap<u32, Known> {
    let of_line = |line: &str| {
        let field =
            |key: &str| line.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        // The id may be another job's by now.
        field("JobName").filter(|found| *found == name)?;
        let task = field("ArrayTaskId")?.parse().ok()?;
        Some((task, known(field("JobState")?, field("ExitCode")?)))
    };
    printed.lines().filter_map(of_line).collect()
}

fn known(state: &str, code: &str) -> Known {
    let (status, signal) = code.split_once(':').unwrap_or((code, "0"));
    Known::Ended(match state {
        "COMPLETED" => Exit::Code(0),
        // What was killed has a signal, and what could not be started at all has a number that is none.
        "FAILED" if signal != "0" => Exit::Killed,
        "FAILED" => status.parse().map_or(Exit::Unknown, Exit::Code),
        "OUT_OF_MEMORY" => Exit::Killed,
        "CANCELLED" | "TIMEOUT" | "NODE_FAIL" | "PREEMPTED" | "BOOT_FAIL" | "DEADLINE" | "REVOKED" => {
            Exit::Lost
        }
        _ => return Known::Alive,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exits_are_those_of_the_named_array() {
        let line = |task: &str, name: &str, state: &str, code: &str| {
            format!(
                "JobId=9 ArrayJobId=7 ArrayTaskId={task} JobName={name} UserId=me(1000) JobState={state} Reason=None ExitCode={code} NodeList=n1\n"
            )
        };
        let printed = [
            line("0", "fr-a", "COMPLETED", "0:0"),
            line("1", "fr-a", "FAILED", "75:0"),
            line("2", "fr-a", "FAILED", "0:9"),
            line("3", "fr-a", "NODE_FAIL", "1:0"),
            line("4", "fr-a", "OUT_OF_MEMORY", "0:125"),
            line("5", "fr-a", "PENDING", "0:0"),
            line("6", "fr-b", "COMPLETED", "0:0"),
            line("7-9", "fr-a", "PENDING", "0:0"),
        ];
        let exits = of_array(&printed.concat(), "fr-a");
        let expect = [
            (0, Known::Ended(Exit::Code(0))),
            (1, Known::Ended(Exit::Code(75))),
            (2, Known::Ended(Exit::Killed)),
            (3, Known::Ended(Exit::Lost)),
            (4, Known::Ended(Exit::Killed)),
            (5, Known::Alive),
        ];
        assert_eq!(exits, expect.into_iter().collect());
    }
}
