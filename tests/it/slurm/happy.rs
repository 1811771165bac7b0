//! Everybody is healthy.

use super::cluster::cluster;
use crate::book::{marked, saved};
use crate::project::{Project, Ran};
use crate::sent::{OUTPUTS, project, shards};

#[test]
fn what_slurm_runs_comes_out_as_from_one_process() {
    let Some(cluster) = cluster(&[]) else { return };
    let local = project(60);
    local.run(&["pipeline.yaml", "--seed", "3"]).ok();
    let there = project(60);
    cluster.run(&there, &["workers=3"]).ok();
    for output in OUTPUTS {
        let output = format!("out/{output}");
        assert_eq!(there.read(&output), local.read(&output), "{output}");
    }
    assert_eq!(cluster.says(&["squeue", "-h"]), "", "nobody is left");
    let shards = shards(&there);
    let is_task = |job: &str| job.split('_').filter(|part| part.parse::<u32>().is_ok()).count() == 2;
    assert!(!shards.is_empty());
    for shard in shards {
        assert!(shard["job"].as_str().is_some_and(is_task), "a task as Slurm calls it: {shard}");
    }
}

#[test]
fn the_command_of_the_guide_runs_on_slurm() {
    let Some(cluster) = cluster(&[]) else { return };
    let pipeline = saved("docs/guide/on-a-cluster.md", "clean.yaml");
    let docs: Vec<String> =
        (1..=2000).map(|id| format!("{{\"id\":{id},\"text\":\"On a Cluster\"}}\n")).collect();
    let project = Project::new().file("clean.yaml", pipeline).file("docs.jsonl", docs.concat());
    for block in marked("the_command_of_the_guide_runs_on_slurm") {
        // The partition of this cluster has another name.
        let line = block.trim().replace("partition=batch", "partition=main");
        let words: Vec<&str> = line.strip_prefix("$ flowrun ").expect("a command").split(' ').collect();
        Ran::from(cluster.command(&project, &words).output().expect("the binary runs")).ok();
    }
    assert_eq!(project.read("clean.jsonl").lines().count(), 2000);
}

#[test]
fn what_slurm_refuses_for_good_fails_the_step_with_its_words() {
    let Some(cluster) = cluster(&[]) else { return };
    let project = Project::with(
        "steps:\n  n: { items: [1] }\n  w: { from: n, map: return item }\n  save: { from: w, write: out.jsonl }\n",
    );
    let ran = cluster.run(&project, &["partition=nowhere"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("invalid partition specified: nowhere"), "{}", ran.stderr);
}
