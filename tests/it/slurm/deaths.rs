//! Workers, daemons of nodes and the controller are killed, jobs are preempted, items kill their worker: each item is committed
//! once.

use std::process::Stdio;
use std::time::Duration;

use super::cluster::{Cluster, cluster, ended_well, until};
use crate::project::Project;
use crate::sent::deaths::{POISONED, SLOW, begun, expected};
use crate::sent::rows;
use crate::sent::workers::{shown, signal, workers};

fn slow(items: u64) -> Project {
    Project::with(SLOW).file("n.jsonl", rows(items))
}

fn has_begun(project: &Project, items: usize) {
    until(|| (project.has("ran") && project.read("ran").lines().count() > items).then_some(()));
}

fn repeated(project: &Project) -> u64 {
    begun(project).values().map(|count| count - 1).sum()
}

#[test]
fn killed_workers_cost_little() {
    let Some(cluster) = cluster(&[]) else { return };
    let project = slow(900);
    let run = cluster.begin(&project, &["workers=3", "commit=1s"]);
    has_begun(&project, 100);
    let victims = until(|| Some(workers(&project.path(""))).filter(|there| there.len() >= 2));
    signal(victims[0], "KILL");
    signal(victims[1], "KILL");
    ended_well(run);
    assert_eq!(project.read("out.jsonl"), expected(900));
    let repeated = repeated(&project);
    assert!(repeated <= 160, "{repeated} items ran again");
}

#[test]
fn zombies_of_a_lost_node_commit_nothing_twice() {
    let Some(cluster) = cluster(&[]) else { return };
    let project = slow(2500);
    // Three cores: one worker a node.
    let run = cluster.begin(&project, &["workers=3", "cores=3", "commit=2s"]);
    has_begun(&project, 50);
    until(|| cluster.says(&["squeue", "-h", "-t", "R", "-o", "%N"]).contains("n2").then_some(()));
    cluster.control(&["node", "n2", "kill"]);
    until(|| cluster.says(&["sinfo", "-h", "-N", "-n", "n2", "-o", "%T"]).contains("down").then_some(()));
    cluster.control(&["node", "n2", "start"]);
    ended_well(run);
    assert_eq!(project.read("out.jsonl"), expected(2500));
}

#[test]
fn a_controller_that_is_down_is_waited_for_whatever_it_forgets() {
    let Some(cluster) = cluster(&[]) else { return };
    let project = slow(900);
    let run = cluster.begin(&project, &["workers=3", "commit=1s"]);
    // It has not yet written down what was submitted.
    has_begun(&project, 1);
    cluster.control(&["controller", "kill"]);
    std::thread::sleep(Duration::from_secs(1));
    cluster.control(&["controller", "start"]);
    ended_well(run);
    assert_eq!(project.read("out.jsonl"), expected(900));
}

#[test]
fn the_jobs_of_a_killed_coordinator_get_a_new_one() {
    let Some(cluster) = cluster(&[]) else { return };
    let project = slow(900);
    let mut run = cluster.begin(&project, &["workers=3", "commit=2s"]);
    has_begun(&project, 60);
    run.kill().expect("a child");
    run.wait().expect("a child");
    // The jobs go on meanwhile.
    has_begun(&project, 120);
    let mut attach = cluster.command(&project, &["attach", "-q"]);
    let attached = attach.output().expect("the binary runs");
    assert_eq!(attached.status.code(), Some(0), "{}", String::from_utf8_lossy(&attached.stderr));
    assert_eq!(project.read("out.jsonl"), expected(900));
    assert_eq!(repeated(&project), 0, "everybody is healthy");
    assert_eq!(cluster.says(&["squeue", "-h"]), "", "nobody is left");
}

#[test]
fn cancel_ends_the_jobs_of_a_killed_coordinator_those_too_that_wait() {
    let Some(cluster) = cluster(&[]) else { return };
    let project = slow(900);
    let mut run = cluster.begin(&project, &["workers=1", "commit=1s"]);
    has_begun(&project, 60);
    run.kill().expect("a child");
    run.wait().expect("a child");
    assert!(cluster.says(&["squeue", "-h", "-t", "PD"]).contains("fr-"), "parts wait for the one worker");
    let mut cancel = cluster.command(&project, &["cancel", "latest"]);
    let cancelled = cancel.output().expect("the binary runs");
    let said = String::from_utf8_lossy(&cancelled.stderr).into_owned();
    assert!(cancelled.status.success() && !said.contains("warning"), "{said}");
    until(|| cluster.says(&["squeue", "-h"]).is_empty().then_some(()));
    let mut resume = cluster.command(&project, &["resume", "-q"]);
    assert!(resume.status().expect("the binary runs").success());
    assert_eq!(project.read("out.jsonl"), expected(900));
    assert_eq!(repeated(&project), 0, "what was finished is kept");
}

#[test]
fn jobs_that_are_preempted_go_on_later() {
    let Some(cluster) = cluster(&[]) else { return };
    let project = slow(900);
    let run = cluster.begin(&project, &["workers=3", "cores=3", "commit=20s"]);
    has_begun(&project, 100);
    let urgent = ["sbatch", "-p", "high", "-N3", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 2"];
    cluster.says(&urgent);
    until(|| workers(&project.path("")).is_empty().then_some(()));
    ended_well(run);
    assert_eq!(project.read("out.jsonl"), expected(900));
    assert_eq!(repeated(&project), 0, "they gave back what they had not done");
}

#[test]
fn an_item_that_kills_its_worker_fails_alone() {
    let Some(cluster) = cluster(&[]) else { return };
    let project = Project::with(POISONED).file("n.jsonl", rows(60));
    cluster.run(&project, &["workers=2"]).ok();
    assert_eq!(project.read("out.jsonl").lines().count(), 59);
    let bad: serde_json::Value = serde_json::from_str(&project.read("bad.jsonl")).expect("one item");
    assert_eq!((&bad["index"], &bad["error"]["kind"]), (&31.into(), &"worker_died".into()), "{bad}");
}

#[test]
fn an_interrupt_leaves_nothing_in_the_queue() {
    let Some(cluster) = cluster(&[]) else { return };
    let project = slow(900);
    let run = cluster.begin(&project, &["workers=2"]);
    has_begun(&project, 50);
    signal(run.id(), "INT");
    let output = run.wait_with_output().expect("a child");
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(cluster.says(&["squeue", "-h"]), "");
    assert_eq!(workers(&project.path("")), [] as [u32; 0]);
    let words = ["resume", "-q", "--on", "slurm", "--executor-set", "send_from=1"];
    let resumed = cluster.command(&project, &words).output().expect("the binary runs");
    assert_eq!(resumed.status.code(), Some(0), "{}", String::from_utf8_lossy(&resumed.stderr));
    assert_eq!(project.read("out.jsonl"), expected(900));
    assert_eq!(repeated(&project), 0);
}

/// Files below these folders that hold a text.
fn holders(cluster: &Cluster, project: &Project, text: &str) -> Vec<String> {
    let mut grep = std::process::Command::new("grep");
    grep.args(["-rlaD", "skip", text]).arg(cluster.path("")).arg(project.path("")).stderr(Stdio::null());
    let found = grep.output().expect("grep is there").stdout;
    String::from_utf8_lossy(&found).lines().map(str::to_owned).collect()
}

#[test]
fn secrets_stand_in_one_file_and_only_while_the_step_runs() {
    let Some(cluster) = cluster(&[]) else { return };
    let pipeline = "secrets: { token: { env: SENT_TOKEN } }
steps:
  n: { read: n.jsonl }
  w: { from: n, map: \"time.sleep(item.n == 1 and 2 or 0) return #secrets.token + item.n\" }
  save: { from: w, write: out.jsonl }
";
    let project = Project::with(pipeline).file("n.jsonl", rows(40));
    let value = "hush-5f2c9ad1";
    let words = ["pipeline.yaml", "--on", "slurm", "--executor-set", "send_from=1"];
    let mut command = cluster.command(&project, &words);
    command.env("SENT_TOKEN", value).stdout(Stdio::null()).stderr(Stdio::piped());
    let run = command.spawn().expect("the binary runs");
    let pid = until(|| workers(&project.path("")).first().copied());
    assert!(!shown(pid).contains(value), "{}", shown(pid));
    let there = holders(&cluster, &project, value);
    assert!(there.len() == 1 && there[0].ends_with("/steps/w/remote/secrets"), "{there:?}");
    ended_well(run);
    assert!(project.read("out.jsonl").starts_with(&format!("{}\n", value.len() + 1)));
    assert_eq!(holders(&cluster, &project, value), [""; 0]);
}
