//! These tests cover runs that are looked at from another machine than the one that they are going on on.

use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::project::{Project, binary};
use crate::sent::deaths::until;
use crate::sent::workers::signal;

/// Items that end at once, six of which fail, and one that waits until the test has looked and fails then.
const WAITS: &str = "name: far
steps:
  n: { items: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 20, 25, 30, 35] }
  w:
    from: n
    map:
      concurrency: 2
      min_success_ratio: 0.5
      lua: |
        if item == 35 then exec.run({'sh', '-c', 'until test -e go; do sleep 0.02; done'}) end
        if item % 5 == 0 then error('no fives') end
        return { n = item }
  save: { from: w, write: out.jsonl }
permissions: { exec: [sh] }
";

/// Words that give what follows a machine name of its own; `None`: this system does not let anybody have one.
fn elsewhere() -> Option<Command> {
    let words = ["--map-root-user", "--uts", "sh", "-c", "hostname far-away && exec \"$@\"", "sh"];
    let named = |command: &str| {
        let mut unshare = Command::new("unshare");
        unshare.args(words).arg(command);
        unshare
    };
    let can = named("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    can.then(|| named(binary()))
}

/// A run on another machine that goes on until the file `go` is there.
fn begin(project: &Project) -> Option<Child> {
    let mut command = elsewhere()?;
    command.args(["pipeline.yaml", "-q"]).current_dir(project.path(""));
    let run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it can be started");
    let runs = project.path(".flowrun/runs");
    until(|| {
        let run = std::fs::read_dir(&runs).ok()?.flatten().next()?;
        run.path().join("status.json").exists().then_some(())
    });
    Some(run)
}

/// The folder of the only run.
fn run_folder(project: &Project) -> std::path::PathBuf {
    let mut runs = project.path(".flowrun/runs").read_dir().expect("a folder").flatten();
    runs.next().expect("the run").path()
}

fn json_of(project: &Project, args: &[&str]) -> Value {
    serde_json::from_str(&project.run(args).ok().stdout).expect("JSON")
}

#[test]
fn a_run_on_another_machine_is_known_by_what_it_says() {
    let project = Project::with(WAITS);
    let Some(mut run) = begin(&project) else {
        return not_run();
    };
    let shown = project.run(&["show", "latest"]).ok();
    let says = &shown.stderr;
    assert!(says.contains("going on elsewhere (process ") && says.contains(" on far-away"), "{says}");
    assert!(shown.stdout.contains("running") && shown.stdout.contains("no fives"), "{}", shown.stdout);
    let step = json_of(&project, &["show", "latest", "w", "--format", "json"]);
    assert_eq!((&step["successes"], &step["failures"]), (&9.into(), &6.into()), "{step}");
    let failed = project.run(&["show", "latest", "w", "--failed"]).ok();
    assert!(failed.stdout.contains("no fives"), "{}", failed.stdout);
    assert!(failed.stderr.contains("these are the newest: 1 more have failed"), "{}", failed.stderr);
    let runs = json_of(&project, &["runs", "--format", "json"]);
    assert_eq!(runs[0]["status"], "running");
    let page = project.run(&["report"]).ok().stdout;
    assert!(page.contains("far-away") && page.contains("no fives"), "the report says it too");
    for args in [
        &["attach", "latest"][..],
        &["cancel", "latest"],
        &["resume", "latest"],
        &["show", "latest", "w", "--results"],
    ] {
        let refused = project.run(args);
        assert_eq!(refused.code, 2, "{args:?}: {}", refused.stderr);
        assert!(refused.stderr.contains("going on"), "{args:?}: {}", refused.stderr);
    }
    let status = run_folder(&project).join("status.json");
    let whole = std::fs::read_to_string(&status).expect("it is there");
    // What it would say next would be in the way.
    signal(run.id(), "STOP");
    let huge = whole.replace("\"successes\":9", "\"successes\":9223372036854775807");
    for text in ["", "{}", "null", &whole[..whole.len() / 2], &huge, &whole.replace("\"n\"", "7")] {
        std::fs::write(&status, text).expect("ours");
        let shown = project.run(&["show", "latest"]).ok();
        assert!(shown.stderr.contains("nothing yet that can be read"), "{text}: {}", shown.stderr);
        assert_eq!(json_of(&project, &["runs", "--format", "json"])[0]["status"], "running", "{text}");
        let locked = project.run(&["pipeline.yaml", "-q", "--lock", "fail"]);
        assert!(locked.code == 2 && locked.stderr.contains("far-away"), "{text}: {}", locked.stderr);
    }
    std::fs::write(&status, "{\"format\":99}").expect("ours");
    let locked = project.run(&["pipeline.yaml", "-q", "--lock", "skip"]);
    assert!(locked.code == 2 && locked.stderr.contains("newer flowrun"), "{}", locked.stderr);
    signal(run.id(), "CONT");
    let project = project.file("go", "");
    assert!(run.wait().expect("a child").success());
    let shown = project.run(&["show", "latest"]).ok();
    assert_eq!(shown.stderr, "", "it is over, and its books are anybody's");
    assert!(shown.stdout.contains("succeeded"), "{}", shown.stdout);
    assert!(!status.exists());
}

#[test]
fn a_killed_run_of_another_machine_is_gone_when_it_has_said_nothing_for_long() {
    let project = Project::with(WAITS);
    let Some(mut run) = begin(&project) else {
        return not_run();
    };
    run.kill().expect("a child");
    run.wait().expect("a child");
    let refused = project.run(&["resume", "latest"]);
    assert!(refused.code == 2 && refused.stderr.contains("far-away"), "{}: {}", refused.code, refused.stderr);
    let folder = run_folder(&project);
    for name in ["status.json", "lock"] {
        let file = std::fs::File::options().append(true).open(folder.join(name)).expect("it is there");
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(31);
        file.set_modified(long_ago).expect("ours");
    }
    let project = project.file("go", "");
    project.run(&["resume", "latest", "-q"]).ok();
    assert_eq!(project.read("out.jsonl").lines().count(), 9);
}

/// Says that a part did not run.
fn not_run() {
    use std::io::Write as _;
    let _ = std::io::stderr().write_all(b"NOT RUN: nobody may have a machine name of their own here\n");
}
