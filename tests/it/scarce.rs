//! These tests cover systems that give no threads or no open files: a run that cannot begin says so, and one that has
//! begun ends in order.
#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use crate::project::{Project, Ran};

const PIPELINE: &str = "permissions: { exec: [echo] }
steps:
  rows: { items: { lua: 'return { 1, 2, 3 }' } }
  work: { from: rows, map: { concurrency: 4, lua: 'time.sleep(0.001) return item' } }
  call: { from: work, map: { min_success_ratio: 0, lua: 'return exec.run({ \"echo\", item }).stdout' } }
  sort: { from: call, sort: item }
  save: { from: sort, write: out.jsonl }
";

/// Runs `flowrun ARGS` under these commands, each of which runs the rest of its words.
fn under(project: &Project, words: &[&str], args: &[&str]) -> Ran {
    // What waits for ever ends as 124.
    let mut command = Command::new("timeout");
    command.arg("60").args(words).arg(crate::project::binary()).args(args);
    command.current_dir(project.path(".")).stdin(Stdio::null());
    Ran::from(command.output().expect("timeout is there"))
}

#[track_caller]
fn check(ran: &Ran, what: &str) {
    assert!([0, 1, 2].contains(&ran.code), "{what}: {}: {}", ran.code, ran.stderr);
    assert!(
        ran.code == 0 || ran.stderr.contains("cannot ") || ran.stderr.contains("failed"),
        "{what}: {}",
        ran.stderr
    );
    assert!(
        !ran.stderr.contains("panic") && !ran.stderr.contains("internal error"),
        "{what}: {}",
        ran.stderr
    );
}

#[test]
fn a_run_without_open_files_ends_before_it_begins() {
    let project = Project::with(PIPELINE);
    for files in (8..=64).step_by(4) {
        for args in [&["pipeline.yaml"][..], &["pipeline.yaml", "--no-state"]] {
            let ran = under(&project, &["prlimit", &format!("--nofile={files}:{files}")], args);
            check(&ran, &format!("{files} files, {args:?}"));
            if files < 20 {
                assert_eq!(ran.code, 2, "{files}: {}", ran.stderr);
                assert!(ran.stderr.contains("`ulimit -n`"), "{files}: {}", ran.stderr);
                assert!(!project.has(".flowrun/runs"), "something was made");
            }
        }
        let _ = std::fs::remove_dir_all(project.path(".flowrun"));
    }
}

#[test]
fn a_run_without_threads_ends_in_order() {
    let project = Project::with(PIPELINE);
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(project.path("."), all).expect("it is ours");
    // The limit is on all processes of a user, and none for root: somebody who has none is needed.
    let somebody = ["setpriv", "--reuid=61234", "--clear-groups"];
    if !under(&project, &somebody, &["--version"]).stdout.contains("flowrun") {
        return;
    }
    for threads in 1..=16 {
        let _ = std::fs::remove_dir_all(project.path(".flowrun"));
        for args in [&["pipeline.yaml"][..], &["pipeline.yaml", "--no-state"]] {
            let limit = format!("--nproc={threads}:{threads}");
            let words = [&somebody[..], &["prlimit", &limit]].concat();
            let ran = under(&project, &words, args);
            check(&ran, &format!("{threads} threads, {args:?}"));
            assert!(!ran.stderr.contains("operation is lost"), "{threads}: {}", ran.stderr);
            if ran.code == 2 {
                let runs = std::fs::read_dir(project.path(".flowrun/runs"));
                assert_eq!(runs.map_or(0, Iterator::count), 0, "{threads}: a run that has not begun is kept");
            }
            if threads == 1 {
                assert_eq!(ran.code, 2, "{}", ran.stderr);
                assert!(ran.stderr.contains("`ulimit -u`"), "{}", ran.stderr);
            }
        }
    }
}
