//! These tests cover `--each` and `resume FILE --all`: several runs of one pipeline, which of them are passed over, and
//! what is refused before anything runs.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::project::{Project, Ran};

/// Notes its calls; fails on the second day until it is mended.
const DAILY: &str = "name: daily
params:
  day: { type: string, required: true }
  site: north
permissions: { write: [., calls] }
steps:
  in: { items: [1, 2] }
  work:
    from: in
    map: |
      fs.write('calls/' .. params.day .. params.site .. run.id .. item, '')
      if params.day == '2026-11-02' and not fs.exists('mended') then error('no data yet') end
      return { day = params.day, n = item }
  out: { from: work, write: 'out/${{ params.day }}-${{ params.site }}.jsonl' }
";

/// `day status failures` of all runs, the oldest first.
fn runs(project: &Project) -> Vec<String> {
    if !project.has(".flowrun") {
        return Vec::new();
    }
    let listed = project.run(&["runs", "--format", "json"]).ok().stdout;
    let list: Vec<Value> = serde_json::from_str(&listed).expect("a list");
    let told = |run: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let day = text(&run["params"]["day"]);
        format!(
            "{} {} {}",
            day.trim_start_matches("2026-11-"),
            text(&run["params"]["site"]),
            text(&run["status"])
        )
    };
    list.iter().rev().map(told).collect()
}

/// Lines of the table.
fn rows(ran: &Ran) -> usize {
    let lines = ran.stderr.lines().skip_while(|line| !line.contains(" status ")).skip(1);
    lines.take_while(|line| !line.contains(" in all: ")).count()
}

#[test]
fn a_run_is_made_for_every_value_and_a_failure_does_not_stop_the_others() {
    let project = Project::with(DAILY);
    let ran = project.run(&["pipeline.yaml", "--each", "day=2026-11-01..2026-11-03"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(runs(&project), ["01 north succeeded", "02 north failed", "03 north succeeded"]);
    assert!(ran.stderr.contains("day=2026-11-02 (2 of 3)"), "{}", ran.stderr);
    assert!(ran.stderr.contains("3 in all: 2 succeeded, 1 failed"), "{}", ran.stderr);
    assert!(ran.stderr.contains("2 items failed"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    for day in ["01", "03"] {
        assert_eq!(project.read(&format!("out/2026-11-{day}-north.jsonl")).lines().count(), 2);
    }
    assert!(!project.has("out/2026-11-02-north.jsonl"));
    assert_eq!(rows(&ran), 3, "{}", ran.stderr);
}

#[test]
fn values_whose_last_run_ended_well_are_passed_over() {
    let project = Project::with(DAILY);
    project.run(&["pipeline.yaml", "-q", "-p", "day=2026-11-01"]).ok();
    assert_eq!(project.run(&["pipeline.yaml", "-q", "-p", "day=2026-11-02"]).code, 1);
    let each = ["pipeline.yaml", "--each", "day=2026-11-01..2026-11-03"];
    let ran = project.run(&each);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("passed over"), "{}", ran.stderr);
    assert_eq!(runs(&project)[2..], ["02 north failed", "03 north succeeded"]);
    // Other parameters, other steps and fewer items are other runs.
    let project = project.file("mended", "");
    project.run(&["pipeline.yaml", "-q", "--each", "day=2026-11-01", "-p", "site=south"]).ok();
    project.run(&["pipeline.yaml", "-q", "--each", "day=2026-11-04", "--limit", "1"]).ok();
    project.run(&["pipeline.yaml", "-q", "--each", "day=2026-11-04"]).ok();
    assert_eq!(runs(&project)[4..], ["01 south succeeded", "04 north succeeded", "04 north succeeded"]);
    project.run(&each).ok();
    assert_eq!(runs(&project)[7..], ["02 north succeeded"]);
    assert!(project.run(&each).ok().stderr.contains("3 in all: 3 passed over"));
    project.run(&["pipeline.yaml", "-q", "--each", "day=2026-11-01..2026-11-03", "--again"]).ok();
    assert_eq!(runs(&project).len(), 11);
    // A later run that failed counts, although an earlier one ended well.
    std::fs::remove_file(project.path("mended")).expect("it is there");
    assert_eq!(project.run(&["pipeline.yaml", "-q", "-p", "day=2026-11-02"]).code, 1);
    let project = project.file("mended", "");
    project.run(&each).ok();
    assert_eq!(runs(&project)[12..], ["02 north succeeded"]);
}

#[test]
fn several_lists_are_combined_and_several_runs_go_on_at_once() {
    let project = Project::with(DAILY).file("mended", "").file("sites.txt", "# sites\nnorth\n\nsouth\n");
    let args = ["pipeline.yaml", "--each", "day=2026-11-01..2026-11-02", "--each", "site=@sites.txt"];
    let ran = project.run(&[&args[..], &["--jobs", "3", "--output", "json"]].concat()).ok();
    let mut all = runs(&project);
    all.sort();
    assert_eq!(all, ["01 north succeeded", "01 south succeeded", "02 north succeeded", "02 south succeeded"]);
    let objects: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    assert_eq!(objects.len(), 4);
    for (day, site) in [("01", "north"), ("01", "south"), ("02", "north"), ("02", "south")] {
        assert!(project.has(&format!("out/2026-11-{day}-{site}.jsonl")), "{day} {site}");
        let label = format!("day=2026-11-{day} site={site}:");
        assert!(ran.stderr.contains(&label), "{label}\n{}", ran.stderr);
    }
    assert_eq!(std::fs::read_dir(project.path("calls")).expect("a folder").count(), 8);
}

#[test]
fn nothing_begins_after_a_failure_where_that_is_asked_for() {
    let project = Project::with(DAILY);
    let ran = project.run(&["pipeline.yaml", "--each", "day=2026-11-01..2026-11-04", "--stop"]);
    assert_eq!(ran.code, 1);
    assert_eq!(runs(&project), ["01 north succeeded", "02 north failed"]);
    assert!(ran.stderr.contains("4 in all: 1 succeeded, 1 failed, 2 not begun"), "{}", ran.stderr);
}

#[test]
fn what_all_values_would_share_is_refused_before_anything_runs() {
    let project = Project::with(DAILY)
        .file("stdin.yaml", DAILY.replace("items: [1, 2]", "read: { path: '-', format: lines }"));
    let days = "day=2026-11-01..2026-11-03";
    for (args, expect) in [
        (&["--set", "out.write=o.jsonl"][..], "would both write `o.jsonl` of step `out`"),
        (&["--set", "out.write={path: '-', format: jsonl}"], "would both write `-` of step `out`"),
        (&["--report", "r.html"], "`--report r.html` is one file for all values"),
        (&["--junit", "j.xml"], "`--junit j.xml` is one file"),
        (&["--events", "-"], "`--events -` is one file"),
        (&["--trace", "t-{site}.json"], "`--trace t-{site}.json` is one file"),
        (&["--no-state"], "`--no-state` keeps none"),
        (&["-p", "day=2026-11-01"], "`day` is given by `-p` and by `--each`"),
        (&["--each", "day=x"], "`--each day=…` is given twice"),
        (&["--each", "site=a,,b"], "a value is empty"),
        (&["--each", "site=5..4"], "ends before it begins"),
        (&["--each", "nothing=a"], "nothing"),
        (&["--jobs", "0"], "--jobs"),
    ] {
        let ran = project.run(&[&["pipeline.yaml", "--each", days][..], args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(expect), "{args:?}: {}", ran.stderr);
    }
    let ran = project.run(&["stdin.yaml", "--each", days]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("standard input can be read by one run only"), "{}", ran.stderr);
    for args in [&["--jobs", "2"][..], &["--again"], &["--stop"]] {
        assert_eq!(project.run(&[&["pipeline.yaml"][..], args].concat()).code, 2, "{args:?}");
    }
    let project = project.file("pipeline.yaml", DAILY.replace("from: in", "from: im"));
    assert_eq!(project.run(&["pipeline.yaml", "--each", days]).code, 65);
    assert!(!project.has(".flowrun") && !project.has("out") && !project.has("r.html"));
}

#[test]
fn files_of_options_have_the_value_in_their_names() {
    let project = Project::with(DAILY);
    let args = ["pipeline.yaml", "-q", "--each", "day=2026-11-01..2026-11-02", "--report", "r/{day}.html"];
    let ran = project.run(&[&args[..], &["--junit", "{day}.xml", "--events", "{day}.jsonl"]].concat());
    assert_eq!(ran.code, 1);
    assert!(project.read("r/2026-11-01.html").contains("2026-11-01"));
    assert!(project.read("2026-11-02.xml").contains("no data yet"));
    assert!(project.read("2026-11-01.jsonl").contains("run_finished"));
    // Quiet, only what failed is told, and of which run.
    assert!(ran.stderr.contains("day=2026-11-02:") && !ran.stderr.contains("2026-11-01"), "{}", ran.stderr);
}

#[test]
fn an_interrupt_ends_what_runs_and_begins_no_more() {
    let slow = DAILY.replace("return { day", "time.sleep(30)\n      return { day");
    let project = Project::with(&slow).file("mended", "");
    let args = ["pipeline.yaml", "--each", "day=2026-11-01..2026-11-05", "--jobs", "2", "--grace", "0s"];
    let child = project.command(&args).stderr(Stdio::piped()).spawn().expect("it runs");
    let begun = Instant::now();
    let calls = || std::fs::read_dir(project.path("calls")).map_or(0, Iterator::count);
    while calls() < 4 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing begins");
        std::thread::sleep(Duration::from_millis(20));
    }
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
    let ran = Ran::from(child.wait_with_output().expect("it ends"));
    assert_eq!(ran.code, 130, "{}", ran.stderr);
    assert!(ran.stderr.contains("5 in all: 2 interrupted, 3 not begun"), "{}", ran.stderr);
    let mut all = runs(&project);
    all.sort();
    assert_eq!(all, ["01 north interrupted", "02 north interrupted"]);
    let project = project.file("pipeline.yaml", DAILY);
    let resumed = project.run(&["resume", "pipeline.yaml", "--all"]).ok();
    assert!(resumed.stderr.contains("2 in all: 2 succeeded"), "{}", resumed.stderr);
}

#[test]
fn every_run_that_did_not_end_well_is_gone_on_with_once() {
    let project = Project::with(DAILY).file("other.yaml", DAILY.replace("name: daily", "name: other"));
    assert_eq!(project.run(&["pipeline.yaml", "-q", "--each", "day=2026-11-01..2026-11-03"]).code, 1);
    assert_eq!(
        project.run(&["pipeline.yaml", "-q", "--each", "day=2026-11-02", "--each", "site=a,b"]).code,
        1
    );
    // Failed again, alone and resumed: the last one of its kind stands for all.
    assert_eq!(project.run(&["pipeline.yaml", "-q", "-p", "day=2026-11-02"]).code, 1);
    assert_eq!(project.run(&["resume", "-q"]).code, 1);
    assert_eq!(project.run(&["other.yaml", "-q", "-p", "day=2026-11-02"]).code, 1);
    let before = runs(&project).len();
    let again = project.run(&["resume", "pipeline.yaml", "--all"]);
    assert_eq!(again.code, 1, "{}", again.stderr);
    assert!(again.stderr.contains("3 in all: 3 failed"), "{}", again.stderr);
    assert_eq!(runs(&project).len(), before + 3);
    let project = project.file("mended", "");
    // A run of its own that ended well replaces what failed.
    project.run(&["pipeline.yaml", "-q", "-p", "day=2026-11-02", "-p", "site=b"]).ok();
    let mended = project.run(&["resume", "pipeline.yaml", "--all", "--events", "{site}.jsonl"]).ok();
    assert!(mended.stderr.contains("2 in all: 2 succeeded"), "{}", mended.stderr);
    assert!(project.has("north.jsonl") && project.has("a.jsonl") && !project.has("b.jsonl"));
    let none = project.run(&["resume", "pipeline.yaml", "--all"]).ok();
    assert!(none.stderr.contains("nothing to resume"), "{}", none.stderr);
}

#[test]
fn all_runs_need_a_file_and_files_of_their_own() {
    let project = Project::with(DAILY);
    assert_eq!(
        project.run(&["pipeline.yaml", "-q", "--each", "day=2026-11-02", "--each", "site=a,b"]).code,
        1
    );
    let shared = project.run(&["resume", "pipeline.yaml", "--all", "--report", "r.html"]);
    assert_eq!(shared.code, 2);
    assert!(shared.stderr.contains("would both write `--report r.html`"), "{}", shared.stderr);
    for args in [&["resume", "--all"][..], &["resume", "latest", "--all"]] {
        let ran = project.run(args);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("flowrun resume FILE --all"), "{}", ran.stderr);
    }
    let fresh = Project::with(DAILY);
    assert_eq!(fresh.run(&["resume", "pipeline.yaml", "--all"]).code, 2, "no run at all");
}
