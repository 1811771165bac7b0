//! The queue is what `squeue` prints of jobs with our names. Ids mean nothing by themselves: a controller that has lost its
//! last seconds gives them out again.

use std::collections::BTreeSet;

use crate::schedule::fleet::JobState;

/// What is asked of each job: name, id of the array, place in it, state, node, and why it waits, which holds blanks.
pub(super) const FORMAT: &str = "%j|%F|%K|%T|%N|%r";

/// Why a job waits that never starts by itself: its launch has failed, or it was put back too often.
const STUCK: [&str; 2] = ["launch failed requeued held", "JobHoldMaxRequeue"];

/// One task of an array that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QueuedTask {
    /// Name of the array.
    pub(super) name: String,
    /// Its id at this moment.
    pub(super) id: u64,
    /// Place in the array.
    pub(super) task: u32,
    pub(super) state: JobState,
}

/// All tasks in what `squeue` has printed.
pub(super) fn tasks(printed: &str) -> Vec<QueuedTask> {
    printed.lines().flat_map(of_line).collect()
}

/// The tasks of a line: more than one where it stands for a whole array.
fn of_line(line: &str) -> Vec<QueuedTask> {
    let mut fields = line.splitn(6, '|').map(str::trim);
    let mut next = || fields.next().unwrap_or_default();
    let (name, id, places, state, _node, why) = (next(), next(), next(), next(), next(), next());
    let Ok(id) = id.parse() else { return Vec::new() };
    let Some(state) = state_of(state, why) else { return Vec::new() };
    let task = |task| QueuedTask { name: name.to_owned(), id, task, state: state.clone() };
    numbers(places).into_iter().map(task).collect()
}

/// What a state means; `None`: the job has ended.
fn state_of(state: &str, why: &str) -> Option<JobState> {
    match state {
        "PENDING" | "REQUEUED" | "REQUEUE_HOLD" | "REQUEUE_FED" | "RESV_DEL_HOLD" | "SPECIAL_EXIT" => {
            let is_stuck = STUCK.iter().any(|reason| why.contains(reason));
            let why = Some(why).filter(|why| !why.is_empty() && *why != "None");
            Some(if is_stuck { JobState::Held } else { JobState::Queued(why.map(Into::into)) })
        }
        "COMPLETED" | "FAILED" | "CANCELLED" | "TIMEOUT" | "NODE_FAIL" | "PREEMPTED" | "BOOT_FAIL"
        | "DEADLINE" | "OUT_OF_MEMORY" | "REVOKED" => None,
        // Also what is being started, suspended, or about to end.
        _ => Some(JobState::Running),
    }
}

/// The numbers in `3`, or in `1,4-6%2`.
fn numbers(text: &str) -> BTreeSet<u32> {
    let places = text.split('%').next().unwrap_or_default().trim_matches(['[', ']']);
    let range = |piece: &str| {
        let (first, last) = piece.split_once('-').unwrap_or((piece, piece));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    places.split(',').filter_map(range).flatten().collect()
}

/// How tasks of an array are named: `7_3`, or `7_[1-3,5]`.
pub(super) fn named(id: u64, tasks: &BTreeSet<u32>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for task in tasks {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *task => *last = *task,
            _ => ranges.push((*task, *task)),
        }
    }
    let text = |(first, last): &(u32, u32)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    let texts: Vec<String> = ranges.iter().map(text).collect();
    if tasks.len() == 1 { format!("{id}_{}", texts.concat()) } else { format!("{id}_[{}]", texts.join(",")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_reasons_are_read() {
        let printed = "fr-a-s0-w0|24|0|RUNNING|n1|None
fr-a-s0-w0|24|1|COMPLETING|n1|None
fr-a-s0-w0|24|2|PENDING||launch failed requeued held
fr-a-s0-w0|24|3|PENDING||JobHeldUser
fr-a-s0-w0|24|4|PENDING||Nodes required for job are DOWN, DRAINED | x
fr-a-s0-w0|24|5|PENDING||None
fr-a-s0-w1|30|N/A|RUNNING|n2|None
slurm_load_jobs error: something
fr-a-s0-w2|31|2,4-5%1|PENDING||Priority
";
        let waits = |why: &str| JobState::Queued(Some(why.into()));
        let expect = [
            ("fr-a-s0-w0", 24, 0, JobState::Running),
            ("fr-a-s0-w0", 24, 1, JobState::Running),
            ("fr-a-s0-w0", 24, 2, JobState::Held),
            ("fr-a-s0-w0", 24, 3, waits("JobHeldUser")),
            ("fr-a-s0-w0", 24, 4, waits("Nodes required for job are DOWN, DRAINED | x")),
            ("fr-a-s0-w0", 24, 5, JobState::Queued(None)),
            ("fr-a-s0-w2", 31, 2, waits("Priority")),
            ("fr-a-s0-w2", 31, 4, waits("Priority")),
            ("fr-a-s0-w2", 31, 5, waits("Priority")),
        ];
        let expect =
            expect.map(|(name, id, task, state)| QueuedTask { name: name.to_owned(), id, task, state });
        assert_eq!(tasks(printed), expect);
    }

    #[test]
    fn tasks_are_named_in_ranges() {
        let name = |tasks: &[u32]| named(7, &tasks.iter().copied().collect());
        assert_eq!(name(&[3]), "7_3");
        assert_eq!(name(&[0, 1, 2, 5, 7, 8]), "7_[0-2,5,7-8]");
    }
}
