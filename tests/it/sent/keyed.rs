//! Items that are known by `key:` are found in the old run before anything is sent.

use super::deaths::{begun, spawn, until};
use super::{ON, rows, set, shards, step_of};
use crate::project::Project;

/// Every seventh item fails until a file is there. The value of an item may change, its key does not.
const KEYED: &str = "steps:
  n: { read: n.jsonl }
  w:
    from: n
    map:
      key: if item.n == 13 then error('no key') end return 'k' .. item.n
      min_success_ratio: 0
      lua: |
        exec.run({'sh', '-c', 'echo ' .. item.n .. ' >> ran'})
        if item.n % 7 == 0 and not fs.exists('mended') then error('seven') end
        return { n = item.n, key = ctx.key }
  save: { from: w, write: out.jsonl }
  bad: { from: w.failed, write: bad.jsonl }
permissions: { exec: [sh], read: [.] }
";

#[test]
fn only_what_the_old_run_does_not_know_is_sent() {
    let project = Project::with(KEYED).file("n.jsonl", rows(200));
    let on = [&ON[..], &set(&["workers=2"])].concat();
    project.run(&[&["pipeline.yaml", "-q"], &on[..]].concat()).ok();
    assert_eq!(begun(&project).len(), 199, "one has no key");
    // The rows come in another order, and some are new.
    let turned: Vec<String> = (1..=210).rev().map(|n| format!("{{\"n\":{n}}}\n")).collect();
    let project = project.file("n.jsonl", turned.concat()).file("mended", "").file("ran", "");
    let resumed = project.run(&[&["resume", "latest"], &on[..]].concat()).ok();
    assert!(!shards(&project).is_empty(), "it was sent: {}", resumed.stderr);
    let expect: Vec<u64> = (1..=210).filter(|n| n % 7 == 0 || *n > 200).collect();
    let ran: Vec<u64> = begun(&project).into_keys().collect();
    assert_eq!(ran, expect, "{}", resumed.stderr);
    let reuse = &step_of(&project, "w")["reuse"];
    assert_eq!(reuse["reused"], 200 - 28 - 1, "{reuse}");
    let out: Vec<String> =
        (1..=210).rev().filter(|n| *n != 13).map(|n| format!("{{\"n\":{n},\"key\":\"k{n}\"}}\n")).collect();
    assert_eq!(project.read("out.jsonl"), out.concat());
    assert!(project.read("bad.jsonl").contains("`key` failed"), "{}", project.read("bad.jsonl"));
    assert_eq!(project.read("bad.jsonl").lines().count(), 1);
    // What was sent is known by its key the next time.
    let project = project.file("ran", "");
    project.run(&[&["resume", "latest", "-q"], &on[..]].concat()).ok();
    assert_eq!(project.read("ran"), "");
}

#[test]
fn a_new_coordinator_of_a_resumed_run_counts_what_was_reused() {
    let slow = KEYED.replace("echo ' .. item.n .. ' >> ran", "echo ' .. item.n .. ' >> ran; sleep 0.02");
    let project = Project::with(&slow).file("n.jsonl", rows(100));
    let on = [&ON[..], &set(&["workers=2"])].concat();
    project.run(&[&["pipeline.yaml", "-q"], &on[..]].concat()).ok();
    let project = project.file("n.jsonl", rows(200)).file("mended", "").file("ran", "");
    let mut run = spawn(&project, &[&["resume", "latest"], &on[..]].concat());
    until(|| (project.read("ran").lines().count() > 30).then_some(()));
    run.kill().expect("it runs");
    run.wait().expect("a child");
    let attached = project.run(&["attach"]).ok();
    assert_eq!(begun(&project).len(), 114, "{}", attached.stderr);
    let reuse = &step_of(&project, "w")["reuse"];
    let counts = ["reused", "redone", "dropped"].map(|key| reuse[key].as_u64());
    assert_eq!(counts, [Some(85), Some(115), Some(0)], "one has no key: {reuse} {}", attached.stderr);
}

#[test]
fn keys_that_cannot_be_made_fail_the_step_before_anything_is_sent() {
    let project = Project::with(KEYED).file("n.jsonl", rows(50));
    let on = [&ON[..], &set(&["workers=2"])].concat();
    project.run(&[&["pipeline.yaml", "-q"], &on[..]].concat()).ok();
    let broken = KEYED.replace("      min_success", "      setup: error('no model')\n      min_success");
    let project = project.file("pipeline.yaml", broken);
    let resumed = project.run(&[&["resume", "latest"], &on[..]].concat());
    assert_eq!(resumed.code, 1, "{}", resumed.stderr);
    assert!(resumed.stderr.contains("no model"), "{}", resumed.stderr);
}

#[test]
fn items_from_the_cache_keep_their_keys() {
    let cached = KEYED.replace("      min_success", "      cache: true\n      min_success");
    let project = Project::with(&cached).file("n.jsonl", rows(100));
    let on = [&ON[..], &set(&["workers=2"])].concat();
    project.run(&[&["pipeline.yaml", "-q"], &on[..]].concat()).ok();
    let project = project.file("mended", "").file("ran", "");
    project.run(&[&["pipeline.yaml", "-q"], &on[..]].concat()).ok();
    assert_eq!(begun(&project).len(), 14, "the others are in the cache");
    // A run after it finds all of them by their keys, with other contents.
    let changed: Vec<String> = (1..=100).map(|n| format!("{{\"n\":{n},\"more\":1}}\n")).collect();
    let uncached = project.file("pipeline.yaml", KEYED).file("ran", "");
    let resumed = uncached.run(&[&["resume", "latest"], &on[..]].concat()).ok();
    assert_eq!(uncached.read("ran"), "", "{}", resumed.stderr);
    let changed = uncached.file("n.jsonl", changed.concat());
    let resumed = changed.run(&[&["resume", "latest"], &on[..]].concat()).ok();
    assert!(
        resumed.stderr.contains("item changed"),
        "known by key, with another content: {}",
        resumed.stderr
    );
}
