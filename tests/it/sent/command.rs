//! Executors of kind `command`: a scheduler of some lines that loses jobs or runs them twice.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Stdio};

use super::deaths::until;
use super::workers::{signal, workers};
use super::{rows, shards, step_of};
use crate::executors::with_program;
use crate::project::{Project, Ran};

const PIPELINE: &str = "secrets: { token: { file: token.txt } }
steps:
  n: { read: n.jsonl }
  w: { from: n, map: \"time.sleep(0.01) return item.n * #secrets.token\" }
  save: { from: w, write: out.jsonl }
";

fn project() -> Project {
    let executors = "version: 1
executors:
  queue:
    kind: command
    workers: 2
    send_from: 1
    submit: sh queue.sh submit {name} {log} {worker}
    status: sh queue.sh status {job}
    cancel: sh queue.sh cancel {job}
";
    Project::with(PIPELINE)
        .file("n.jsonl", rows(60))
        .file("infra/executors.yaml", executors)
        .file("token.txt", "{}")
        .file("queue.sh", include_str!("queue.sh"))
}

fn run(project: &Project, more: &[&str]) -> Ran {
    let words = ["pipeline.yaml", "--on", "queue", "--executors", "infra/executors.yaml"];
    project.run(&[&words[..], more].concat())
}

fn expected() -> String {
    (1..=60).map(|n| format!("{}\n", n * 2)).collect::<Vec<_>>().concat()
}

#[test]
fn a_scheduler_that_cannot_be_asked_for_jobs_gets_all_of_them() {
    let project = project();
    let executors =
        project.read("infra/executors.yaml").replace("    status: sh queue.sh status {job}\n", "");
    let project = project.file("infra/executors.yaml", executors);
    let ran = run(&project, &[]);
    assert_eq!((ran.code, project.read("out.jsonl")), (0, expected()), "{}", ran.stderr);
    assert!(
        project.read("names").lines().count() > 2,
        "more jobs than may run at once: {}",
        project.read("names")
    );
}

#[test]
fn a_scheduler_that_takes_commands_runs_the_items_whatever_its_mood() {
    for mood in ["", "lose", "twice", "delay"] {
        let project = project().file("mood", mood);
        let ran = run(&project, &[]);
        assert_eq!(ran.code, 0, "{mood}: {}", ran.stderr);
        assert_eq!(project.read("out.jsonl"), expected(), "{mood}: {}", ran.stderr);
        let names = project.read("names");
        assert!(names.lines().all(|name| name.starts_with("fr-") && !name.contains('+')), "{mood}: {names}");
    }
}

/// The run in the background, whose coordinator waits a second where it would wait a minute.
fn hasty(project: &Project, on: &str) -> Child {
    let words = ["pipeline.yaml", "-q", "--on", on, "--executors", "infra/executors.yaml"];
    let mut command = project.command(&words);
    let path = [project.path("bin"), std::env::var_os("PATH").expect("a search path").into()];
    let path = std::env::join_paths(path.iter().flat_map(std::env::split_paths)).expect("a search path");
    command
        .env("FLOWRUN_TEST_HASTE", "60")
        .env("PATH", path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().expect("the binary runs")
}

/// The attempts of the only run that workers have claimed.
fn attempts(project: &Project) -> BTreeSet<String> {
    let runs = fs::read_dir(project.path(".flowrun/runs")).into_iter().flatten().flatten();
    let tries = runs.map(|run| run.path().join("steps/w/remote/try"));
    let names = tries.flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    let names = names.map(|file| file.file_name().to_string_lossy().into_owned());
    names.filter_map(|name| name.strip_suffix(".zst").map(str::to_owned)).collect()
}

#[test]
fn a_worker_that_was_taken_for_dead_wakes_up_and_commits_nothing_twice() {
    let project = project();
    let executors =
        project.read("infra/executors.yaml").replace("    status: sh queue.sh status {job}\n", "");
    let slow = PIPELINE.replace("time.sleep(0.01)", "time.sleep(0.2)");
    let project = project.file("infra/executors.yaml", executors).file("pipeline.yaml", slow);
    let mut run = hasty(&project, "queue");
    let asleep = until(|| {
        let there = workers(&project.path(""));
        (attempts(&project).len() >= there.len()).then(|| there.first().copied())?
    });
    signal(asleep, "STOP");
    // Nobody can be asked: its part is given to another worker when it has said nothing for long.
    until(|| attempts(&project).iter().any(|name| name.ends_with(".2")).then_some(()));
    signal(asleep, "CONT");
    assert!(run.wait().expect("it ends").success());
    assert_eq!(project.read("out.jsonl"), expected());
    let done: u64 = shards(&project).iter().map(|shard| shard["count"].as_u64().expect("a number")).sum();
    assert_eq!(done, 60, "each item stands in one part: {:?}", shards(&project));
}

/// A Slurm that takes everything and starts nothing.
const FULL: [(&str, &str); 4] = [
    (
        "sbatch",
        "cat > /dev/null; for word; do case $word in --job-name=*) echo \"${word#*=}\" > name;; esac; done; echo 7",
    ),
    ("squeue", "echo \"$(cat name)|7|0-3%2|PENDING||PartitionConfig\""),
    ("scancel", "rm -f name"),
    ("scontrol", "echo 'Slurmctld(primary) at c1 is UP'"),
];

#[test]
fn who_waits_for_good_is_shown_with_the_reason_of_the_engine() {
    let executors = "executors: { full: { kind: slurm, workers: 2, send_from: 1 } }\n";
    let mut project = project().file("infra/executors.yaml", executors);
    for (name, script) in FULL {
        let script = script.replace(" name", &format!(" {}", project.path("name").display()));
        project = with_program(project, name, &script);
    }
    let mut run = hasty(&project, "full");
    until(|| project.has("name").then_some(()));
    let step = until(|| {
        let step = step_of(&project, "w");
        step["workers"]["why"].is_string().then_some(step)
    });
    let expect = serde_json::json!({
        "running": 0, "queued": 4, "why": "PartitionConfig", "died": 0,
        "successes": 0, "failures": 0, "skipped": 0, "retried": 0
    });
    assert_eq!(step["workers"], expect);
    let text = project.run(&["show"]).ok().stdout;
    assert!(text.contains("  workers: 0 running · 4 queued (PartitionConfig)\n"), "{text}");
    let shards = shards(&project);
    assert!(shards.len() == 4 && shards.iter().all(|shard| shard["why"] == "PartitionConfig"), "{shards:?}");
    signal(run.id(), "INT");
    assert_eq!(run.wait().expect("it ends").code(), Some(130));
}
