//! Whatever a step on worker processes is made of is killed, stopped or asked to end at random moments, and again after that. A seed says
//! which and when.

use std::time::Duration;

use serde_json::Value;

use super::deaths::{begun, spawn, until};
use super::workers::{signal, workers};
use super::{ON, rows, set, step_of};
use crate::project::Project;

/// Some items always fail, some once, and each says that it runs; a second step reads what the first has given.
const PIPELINE: &str = "steps:
  n: { read: n.jsonl }
  w:
    from: n
    map:
      concurrency: 2
      min_success_ratio: 0.9
      retries: { max: 2, delay: 5ms }
      lua: |
        if item.n % 97 == 0 then error('never') end
        if item.n % 31 == 0 and ctx.attempt == 1 then flow.retry('once more') end
        exec.run({'sh', '-c', 'echo ' .. item.n .. ' >> ran; sleep 0.01'})
        return { n = item.n, dice = math.random(1000) }
  even: { from: w, filter: return item.n % 2 == 0 }
  save: { from: even, write: out.jsonl }
  lost: { from: w.failed, write: lost.jsonl }
permissions: { exec: [sh] }
";
const ITEMS: u64 = 400;
/// An item that its workers did not survive twice alone has failed, by the pages: nobody kills one that has begun so often.
const BEGUN_MAX: u64 = 3;
/// Acts of one world; then nobody is disturbed any more.
const ACTS: usize = 10;
/// How many seeds there are unless the variable `FLOWRUN_CHAOS_SEEDS` says so.
const SEEDS: u64 = 5;

/// Numbers that follow from a seed.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn project() -> Project {
    Project::with(PIPELINE).file("n.jsonl", rows(ITEMS))
}

/// Outputs, what is told of each failed item, and the counters of the first step.
fn told(project: &Project) -> (String, Vec<Value>, Value) {
    let step = step_of(project, "w");
    let counters =
        ["successes", "failures", "skipped", "cancelled", "retried"].map(|name| step[name].clone());
    let lost = project.read("lost.jsonl");
    let lost = lost.lines().map(|line| {
        let item: Value = serde_json::from_str(line).expect("an object");
        Value::from(vec![item["index"].clone(), item["attempts"].clone(), item["error"]["message"].clone()])
    });
    (project.read("out.jsonl"), lost.collect(), Value::from(counters.to_vec()))
}

/// One act; `false`: there was nobody to do it to.
fn act(what: u64, (run, there): (u32, &[u32]), dice: &mut Dice, stopped: &mut Vec<u32>) -> bool {
    let worker = (!there.is_empty()).then(|| there[dice.below(there.len() as u64) as usize]);
    match (what, worker) {
        (0, _) => signal(run, "KILL"),
        (1, _) => signal(run, "HUP"),
        (2, Some(worker)) => signal(worker, "KILL"),
        (3, Some(worker)) => signal(worker, "TERM"),
        (4, Some(worker)) => {
            signal(worker, "STOP");
            stopped.push(worker);
        }
        _ => return false,
    }
    true
}

/// Runs a world to its end, and says how many workers were killed or stopped.
fn world(project: &Project, seed: u64) -> u64 {
    let settings = set(&["workers=3", "commit=1s", "attempts=1000"]);
    let words = [&["pipeline.yaml", "-q", "--seed", "3"], &ON[..], &settings].concat();
    let mut run = spawn(project, &words);
    let (mut dice, mut stopped, mut acts, mut violent) = (Dice(seed), Vec::new(), 0, 0);
    until(|| project.has("ran").then_some(()));
    loop {
        if let Some(status) = run.try_wait().expect("a child") {
            // By a signal, or because its terminal is gone.
            if !matches!(status.code(), None | Some(129)) {
                break;
            }
            run = spawn(project, &["attach", "-q"]);
        }
        std::thread::sleep(Duration::from_millis(20 + dice.below(300)));
        stopped.drain(..).for_each(|worker| signal(worker, "CONT"));
        if acts < ACTS {
            let what = dice.below(5);
            let is_violent = matches!(what, 2 | 4);
            let is_spared = is_violent && begun(project).values().any(|count| *count >= BEGUN_MAX);
            let done =
                !is_spared && act(what, (run.id(), &workers(&project.path(""))), &mut dice, &mut stopped);
            // Who spares an item has had its turn: near its end a run is left alone.
            acts += usize::from(done || is_spared);
            violent += u64::from(done && is_violent);
        }
    }
    let output = run.wait_with_output().expect("a child");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "seed {seed}: {said}");
    violent
}

#[test]
fn whoever_dies_and_when_each_item_is_committed_once() {
    let here = project();
    here.run(&["pipeline.yaml", "-q", "--seed", "3"]).ok();
    let expect = told(&here);
    let seeds = std::env::var("FLOWRUN_CHAOS_SEEDS").map_or(SEEDS, |seeds| seeds.parse().expect("a number"));
    for seed in 1..=seeds {
        let project = project();
        let violent = world(&project, seed);
        assert_eq!(told(&project), expect, "seed {seed}");
        assert_eq!(workers(&project.path("")), [] as [u32; 0], "seed {seed}: somebody is left");
        // What always fails never gets that far.
        let again: u64 = begun(&project).values().map(|count| count - 1).sum();
        assert!(again <= violent * 80, "seed {seed}: {again} items ran again after {violent} deaths");
    }
}

#[test]
fn workers_whose_disk_is_full_stop_the_run_and_nothing_is_lost() {
    let pipeline = "steps:
  n: { read: n.jsonl }
  w:
    from: n
    map:
      lua: |
        local s = {}
        for i = 1, 40 do s[i] = hash.sha256(item.n .. '-' .. i) end
        return { n = item.n, s = s }
  save: { from: w, write: out.jsonl }
";
    let input = rows(2000);
    let here = Project::with(pipeline).file("n.jsonl", input.clone());
    here.run(&["pipeline.yaml", "-q", "--seed", "3"]).ok();
    let project = Project::with(pipeline).file("n.jsonl", input);
    let words = ["pipeline.yaml", "--seed", "3"];
    let ran = crate::disk::limited(&project, 400, &[&words[..], &ON].concat());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("cannot be kept"), "{}", ran.stderr);
    assert!(!project.has("out.jsonl"));
    assert_eq!(workers(&project.path("")), [] as [u32; 0]);
    // There is room again.
    let ran = project.run(&["resume", "latest"]).ok();
    assert!(ran.stderr.contains("reused"), "{}", ran.stderr);
    assert_eq!(project.read("out.jsonl"), here.read("out.jsonl"));
}

#[test]
fn a_part_whose_workers_die_before_its_first_item_fails_the_step() {
    let pipeline = "steps:
  n: { read: n.jsonl }
  w:
    from: n
    map:
      setup: \"exec.run({'sh', '-c', 'echo no room for the model >&2; kill -9 $PPID'})\"
      lua: return item.n
  save: { from: w, write: out.jsonl }
permissions: { exec: [sh] }
";
    let project = Project::with(pipeline).file("n.jsonl", rows(100));
    let ran = project.run(&[&["pipeline.yaml", "--executor-set", "workers=1"], &ON[..]].concat());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("died 3 times"), "{}", ran.stderr);
    assert!(!project.has("out.jsonl"));
}
