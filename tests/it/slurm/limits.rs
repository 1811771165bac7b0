//! Slurm's limits: wall time, sizes of arrays, jobs in its queue.

use std::collections::BTreeSet;

use super::cluster::{cluster, cluster_beside, ended_well, until};
use crate::project::Project;
use crate::sent::deaths::{begun, expected};
use crate::sent::rows;

/// Items that take so many seconds.
fn lasting(items: u64, seconds: &str) -> Project {
    let pipeline = format!(
        "steps:
  n: {{ read: n.jsonl }}
  w:
    from: n
    map:
      concurrency: 2
      lua: |
        exec.run({{'sh', '-c', 'echo ' .. item.n .. ' >> ran; sleep {seconds}'}})
        return {{ n = item.n, dice = math.random(1000) }}
  save: {{ from: w, write: out.jsonl }}
permissions: {{ exec: [sh] }}
"
    );
    Project::with(&pipeline).file("n.jsonl", rows(items))
}

#[test]
fn a_job_gives_its_rest_back_before_its_time_is_over() {
    let Some(cluster) = cluster_beside(&[]) else { return };
    let project = lasting(800, "0.25");
    ended_well(cluster.begin(&project, &["workers=2", "time=1m"]));
    assert_eq!(project.read("out.jsonl"), expected(800));
    assert!(begun(&project).values().all(|count| *count == 1), "no item ran twice");
    let jobs = cluster.says(&["scontrol", "show", "job", "-o"]);
    assert!(jobs.lines().count() > 2, "one job was not enough: {jobs}");
    assert!(!jobs.contains("JobState=TIMEOUT"), "{jobs}");
}

#[test]
fn an_array_is_not_larger_than_the_cluster_takes() {
    let Some(cluster) = cluster(&["MaxArraySize=5"]) else { return };
    let project = lasting(60, "0.01");
    ended_well(cluster.begin(&project, &["workers=6"]));
    assert_eq!(project.read("out.jsonl"), expected(60));
    let jobs = cluster.says(&["scontrol", "show", "job", "-o"]);
    let field = |line: &str, name: &str| {
        line.split_whitespace().find_map(|word| word.strip_prefix(name)).map(str::to_owned)
    };
    let waves: BTreeSet<String> = jobs.lines().filter_map(|line| field(line, "JobName=")).collect();
    assert_eq!(waves.len(), 3, "12 parts: {jobs}");
}

#[test]
fn a_full_queue_is_waited_for_with_smaller_waves() {
    let Some(cluster) = cluster(&["MaxJobCount=12", "MinJobAge=2"]) else { return };
    let held =
        ["sbatch", "--parsable", "--hold", "-J", "other", "--array=0-8", "-o", "/dev/null", "--wrap", "true"];
    let other = cluster.says(&held);
    let project = lasting(60, "0.01");
    let run = cluster.begin(&project, &["workers=4"]);
    // Eight parts are too many for a queue of twelve with nine in it.
    until(|| cluster.says(&["squeue", "-h", "-r", "-o", "%j"]).contains("fr-").then_some(()));
    cluster.says(&["scancel", other.trim()]);
    ended_well(run);
    assert_eq!(project.read("out.jsonl"), expected(60));
    assert!(begun(&project).values().all(|count| *count == 1), "no item ran twice");
}
