//! These tests cover runs that are killed at random moments, resumed, and killed again: nothing that was committed
//! runs twice, and the output is that of a run which nobody disturbed.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::project::Project;

/// Two steps, a few milliseconds an item, retries and skips among them; the calls are printed.
const PIPELINE: &str = "steps:
  docs:
    read: in.jsonl
  work:
    from: docs
    map:
      concurrency: 4
      retries: 1
      lua: |
        print('call')
        time.sleep(0.004)
        if item.id % 10 == 0 then flow.skip('tens') end
        if item.id % 7 == 0 and ctx.attempt == 1 then error('flaky') end
        return { id = item.id, square = item.id * item.id }
  odd:
    from: work
    filter: item.id % 2 == 1
  save:
    from: odd
    write: out.jsonl
";

const ITEMS: u64 = 150;
/// Projects that run side by side, and kills in each of them.
const PROJECTS: u64 = 2;
const KILLS: u64 = 25;
/// Milliseconds within which a run is killed; it takes some 300 when nobody disturbs it.
const WITHIN: u64 = 450;

/// Numbers without a pattern: Knuth's generator.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn start(project: &Project, args: &[&str]) -> Child {
    let mut all = args.to_vec();
    all.extend(["--events", "events.jsonl", "-q"]);
    project
        .command(&all)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs")
}

/// Ids of all runs, the oldest first.
fn runs(project: &Project) -> Vec<String> {
    if !project.has(".flowrun") {
        return Vec::new();
    }
    let ran = project.run(&["runs", "--format", "json"]).ok();
    let list: Vec<Value> = serde_json::from_str(&ran.stdout).expect("a list");
    list.iter().rev().filter_map(|run| run["run"].as_str().map(str::to_owned)).collect()
}

/// Items whose results the run has committed, by their indices.
fn committed(project: &Project, run: &str) -> BTreeSet<u64> {
    let shown = project.run(&["show", run, "work", "--results", "--format", "jsonl"]);
    let number = |line: &str| serde_json::from_str::<Value>(line).ok()?["index"].as_u64();
    shown.stdout.lines().filter_map(number).collect()
}

/// Items that the last run has called the function for; a killed run may have called a few more.
fn called(project: &Project) -> BTreeSet<u64> {
    if !project.has("events.jsonl") {
        return BTreeSet::new();
    }
    let call = |line: &str| {
        let event: Value = serde_json::from_str(line).ok()?;
        if event["event"] == "log" { event["index"].as_u64() } else { None }
    };
    project.read("events.jsonl").lines().filter_map(call).collect()
}

/// Kills runs of one project, one after the other, until all kills are spent. Says how many came in time.
fn torment(seed: u64, expect: &str) -> u64 {
    let mut dice = Dice(seed);
    let mut project = Project::with(PIPELINE).ids("in.jsonl", ITEMS);
    let (mut done, mut kept, mut hits) = (BTreeSet::new(), 0, 0);
    for _ in 0..KILLS {
        let last = runs(&project).pop();
        let args: Vec<&str> = last.as_deref().map_or(vec!["pipeline.yaml"], |run| vec!["resume", run]);
        let _ = std::fs::remove_file(project.path("events.jsonl"));
        let mut child = start(&project, &args);
        std::thread::sleep(Duration::from_millis(dice.below(WITHIN)));
        let was_running = child.try_wait().expect("it can be asked").is_none();
        // SIGKILL, of which the process hears nothing.
        let _ = child.kill();
        let output = child.wait_with_output().expect("it ends");
        hits += u64::from(was_running);
        assert!(
            was_running || output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let twice: Vec<u64> = called(&project).intersection(&done).copied().collect();
        assert!(twice.is_empty(), "{twice:?} were committed and have run again");
        if let Some(run) = runs(&project).pop() {
            done.extend(committed(&project, &run));
            kept = kept.max(done.len());
        }
        if !was_running {
            assert_eq!(project.read("out.jsonl"), expect);
            (project, done) = (Project::with(PIPELINE).ids("in.jsonl", ITEMS), BTreeSet::new());
        }
    }
    let last = runs(&project).pop();
    let args: Vec<&str> = last.as_deref().map_or(vec!["pipeline.yaml"], |run| vec!["resume", run]);
    let _ = std::fs::remove_file(project.path("events.jsonl"));
    let output = start(&project, &args).wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(called(&project).intersection(&done).count(), 0);
    assert_eq!(project.read("out.jsonl"), expect, "byte by byte");
    assert!(kept > 0, "no run came to a commit, so nothing was proved");
    hits
}

#[test]
fn killed_runs_lose_nothing_and_do_nothing_twice() {
    let undisturbed = Project::with(PIPELINE).ids("in.jsonl", ITEMS);
    undisturbed.run(&["pipeline.yaml", "--no-state"]).ok();
    let expect = undisturbed.read("out.jsonl");
    let hits: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..PROJECTS)
            .map(|seed| {
                let expect = &expect;
                scope.spawn(move || torment(seed + 1, expect))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a project is in order")).sum()
    });
    assert!(hits * 2 > PROJECTS * KILLS, "most kills came too late: {hits}");
}
