//! These tests cover runs that lose their terminal, are killed or stopped: what stays behind, and what goes on.
#![cfg(unix)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::project::{Project, Ran};

/// A writer that is fed for as long as an item takes.
const SLOW: &str = "steps:
  rows: { items: { lua: 'local t = {} for i = 1, 100 do t[i] = i end return t' } }
  work: { from: rows, map: 'time.sleep(item > 4 and 60 or 0.001) return item' }
  save: { from: work, write: out/x.jsonl }
";

fn quick(project: Project) -> Project {
    project.file("pipeline.yaml", SLOW.replace("item > 4 and 60 or 0.001", "0"))
}

fn start(project: &Project, temp: &Path, args: &[&str]) -> Child {
    let mut command = project.command(args);
    command.env("TMPDIR", temp).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("the binary runs")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Temporary outputs and folders that are there now.
fn unfinished(project: &Project, temp: &Path) -> (Vec<String>, Vec<String>) {
    let of = |folder: &Path, end: &str| {
        let is_ours =
            |name: &String| name.trim_start_matches('.').starts_with("flowrun-") && name.ends_with(end);
        names(folder).into_iter().filter(is_ours).collect()
    };
    (of(&project.path("out"), ".tmp"), of(temp, ""))
}

/// Waits until so many runs have their temporary files.
fn wait_for(project: &Project, temp: &Path, runs: usize) {
    let begun = Instant::now();
    loop {
        let (outputs, folders) = unfinished(project, temp);
        if outputs.len() == runs && folders.len() == runs {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{outputs:?} {folders:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}

fn end(child: Child) -> Ran {
    Ran::from(child.wait_with_output().expect("it ends"))
}

#[test]
fn a_terminal_that_goes_away_ends_the_run_in_order() {
    let (project, temp) = (Project::with(SLOW), tempfile::tempdir().expect("a folder"));
    let child = start(&project, temp.path(), &["pipeline.yaml", "--grace", "50ms"]);
    wait_for(&project, temp.path(), 1);
    signal(&child, "HUP");
    let ran = end(child);
    assert_eq!(ran.code, 130, "{}", ran.stderr);
    assert_eq!(unfinished(&project, temp.path()), (Vec::new(), Vec::new()));
    let listed = project.run(&["runs", "--format", "json"]).ok().stdout;
    assert!(listed.contains("\"status\":\"interrupted\""), "{listed}");
    let project = quick(project);
    project.run(&["resume"]).ok();
    assert_eq!(names(&project.path("out")), ["x.jsonl"]);
}

#[test]
fn a_second_hangup_waits_for_no_grace() {
    let (project, temp) = (Project::with(SLOW), tempfile::tempdir().expect("a folder"));
    let child = start(&project, temp.path(), &["pipeline.yaml", "--grace", "10m"]);
    wait_for(&project, temp.path(), 1);
    signal(&child, "HUP");
    signal(&child, "TERM");
    assert_eq!(end(child).code, 130);
    assert_eq!(unfinished(&project, temp.path()), (Vec::new(), Vec::new()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_shall_outlive_its_terminal_does() {
    let brief = SLOW.replace("1, 100", "1, 6").replace("and 60", "and 0.5");
    let (project, temp) = (Project::with(&brief), tempfile::tempdir().expect("a folder"));
    let mut command = Command::new("sh");
    let ignoring = "trap '' HUP; exec \"$0\" \"$@\"";
    command.args(["-c", ignoring, crate::project::binary(), "pipeline.yaml"]);
    command.current_dir(project.path(".")).env("TMPDIR", temp.path()).stdin(Stdio::null());
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("a shell is there");
    wait_for(&project, temp.path(), 1);
    signal(&child, "HUP");
    let ran = end(child);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn what_a_killed_run_has_left_goes_with_the_next_and_what_others_use_stays() {
    let (project, temp) = (Project::with(SLOW), tempfile::tempdir().expect("a folder"));
    for state in [&[][..], &["--no-state"]] {
        let start = || start(&project, temp.path(), &[&["pipeline.yaml", "--grace", "0s"], state].concat());
        let killed = start();
        wait_for(&project, temp.path(), 1);
        let of_killed = temp.path().join(&names(temp.path())[0]);
        let live = start();
        wait_for(&project, temp.path(), 2);
        signal(&killed, "KILL");
        end(killed);
        let foreign = project.path("out/.flowrun-abcdef.tmp");
        std::fs::write(&foreign, "mine").expect("room");
        std::fs::create_dir_all(temp.path().join("flowrun-backup")).expect("room");
        // The one that is dead goes, the one that lives and what belongs to no run stay, and the new one comes.
        let (next, begun) = (start(), Instant::now());
        while of_killed.exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it stays");
            std::thread::sleep(Duration::from_millis(5));
        }
        wait_for(&project, temp.path(), 3);
        for run in [live, next] {
            signal(&run, "TERM");
            assert_eq!(end(run).code, 130);
        }
        let left = (vec![".flowrun-abcdef.tmp".to_owned()], vec!["flowrun-backup".to_owned()]);
        assert_eq!(unfinished(&project, temp.path()), left, "{state:?}");
        std::fs::remove_file(foreign).expect("it is there");
        std::fs::remove_dir(temp.path().join("flowrun-backup")).expect("it is there");
    }
}

#[test]
fn a_resumed_run_leaves_nothing_of_the_killed_one() {
    let (project, temp) = (Project::with(SLOW), tempfile::tempdir().expect("a folder"));
    let killed = start(&project, temp.path(), &["pipeline.yaml"]);
    wait_for(&project, temp.path(), 1);
    signal(&killed, "KILL");
    end(killed);
    let project = quick(project);
    let resumed = project.command(&["resume"]).env("TMPDIR", temp.path()).output().expect("the binary runs");
    assert!(resumed.status.success());
    assert_eq!((names(&project.path("out")), names(temp.path())), (vec!["x.jsonl".to_owned()], Vec::new()));
}

/// Each limit is shorter than the stop, and longer than what is done under it.
const LIMITED: &str = "permissions: { exec: [sh] }
steps:
  one: { items: [1] }
  compute:
    from: one
    map:
      timeout: 1500ms
      lua: |
        fs.write('begun-1', '')
        local begun = time.now()
        while time.now() - begun < 0.5 do end
        return item
  wait:
    from: one
    map: { item_deadline: 1500ms, lua: \"fs.write('begun-2', '') time.sleep(0.5) return item\" }
  late:
    from: one
    deadline: 1500ms
    map: \"return exec.run({ 'sh', '-c', 'touch begun-3; exec sleep 2.6' }).code\"
  call:
    from: one
    map: \"return exec.run({ 'sh', '-c', 'touch begun-4; exec sleep 2.6' }, { timeout = 1.5 }).code\"
";

#[test]
fn a_run_that_is_stopped_for_a_while_loses_none_of_its_time() {
    let (project, temp) = (Project::with(LIMITED), tempfile::tempdir().expect("a folder"));
    let child = start(&project, temp.path(), &["pipeline.yaml", "--no-state"]);
    let begun = Instant::now();
    while !(1..=4).all(|step| project.has(&format!("begun-{step}"))) {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    signal(&child, "STOP");
    std::thread::sleep(Duration::from_millis(2200));
    signal(&child, "CONT");
    let ran = end(child);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}
