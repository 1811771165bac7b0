//! These tests cover standard output that is closed, full, or whose reader goes away.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::project::{Project, Ran};

const PRINT: &str =
    "steps:\n  rows: { items: [1, 2, 3] }\n  save: { from: rows, write: { path: '-', format: jsonl } }\n";

/// Runs `flowrun ARGS REDIRECTION` in a shell.
fn shell(project: &Project, args: &str, redirection: &str) -> Ran {
    let line = format!("exec \"$0\" {args} {redirection}");
    let mut command = Command::new("sh");
    command.args(["-c", &line, crate::project::binary()]).current_dir(project.path("."));
    Ran::from(command.stdin(Stdio::null()).output().expect("a shell is there"))
}

#[test]
fn what_goes_to_a_closed_standard_output_is_refused_before_anything_runs() {
    let project = Project::with(PRINT)
        .file("file.yaml", "steps:\n  rows: { items: [1] }\n  save: { from: rows, write: out.jsonl }\n");
    for args in [
        "pipeline.yaml --no-state",
        "file.yaml --output json",
        "file.yaml --events -",
        "preview pipeline.yaml rows",
        "test pipeline.yaml --format json",
        "plan pipeline.yaml",
        "graph pipeline.yaml",
        "check pipeline.yaml --format json",
        "schema",
        "program-check -- cat",
        "types",
        "explain",
        "man",
        "--help",
        "--version",
    ] {
        let ran = shell(&project, args, ">&-");
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args}: {}", ran.stderr);
        assert!(ran.stderr.contains("standard output, which is closed"), "{args}: {}", ran.stderr);
    }
    assert!(!project.has("out.jsonl") && !project.has(".flowrun"), "something has run");
}

#[test]
fn whoever_does_not_want_standard_output_runs_without_it() {
    let project = Project::with("steps:\n  rows: { items: [1] }\n  save: { from: rows, write: out.jsonl }\n");
    assert_eq!(shell(&project, "pipeline.yaml", ">&-").code, 0);
    assert_eq!(shell(&project, "check pipeline.yaml", ">&- <&-").code, 0);
    let late = "params: { to: '-' }\nsteps:\n  rows: { items: [1] }\n  save: { from: rows, needs: rows, write: { path: '${{ steps.rows.total == 1 and params.to }}', format: jsonl } }\n";
    let project = project.file("late.yaml", late);
    let ran = shell(&project, "late.yaml", ">&-");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("cannot open `standard output`: it is closed"), "{}", ran.stderr);
}

#[test]
fn a_null_device_that_was_given_is_no_closed_output_however_it_was_opened() {
    let project = Project::with(PRINT);
    for redirection in ["> /dev/null", "1<> /dev/null", "1<> /dev/null <&-"] {
        assert_eq!(shell(&project, "pipeline.yaml --no-state", redirection).code, 0, "{redirection}");
        assert_eq!(shell(&project, "schema", redirection).code, 0, "{redirection}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_fails_the_step_however_little_there_is_to_write() {
    for write in ["format: jsonl", "format: json", "format: csv, columns: [a]"] {
        let project = Project::with(&format!(
            "steps:\n  rows: {{ items: [{{a: 1}}] }}\n  save: {{ from: rows, write: {{ path: '-', {write} }} }}\n"
        ));
        let ran = shell(&project, "pipeline.yaml --no-state", "> /dev/full");
        assert_eq!(ran.code, 1, "{write}: {}", ran.stderr);
        assert!(ran.stderr.contains("cannot write `standard output`: No space"), "{write}: {}", ran.stderr);
    }
    let project = Project::with(PRINT);
    for args in ["schema", "--help", "plan pipeline.yaml"] {
        let ran = shell(&project, args, "> /dev/full");
        assert_eq!(ran.code, 2, "{args}: {}", ran.stderr);
        assert!(ran.stderr.contains("cannot write to standard output: No space"), "{args}: {}", ran.stderr);
    }
}

/// Runs with a reader that takes one line and goes away. The line, the code, and what was said.
fn head(project: &Project, args: &[&str]) -> (String, Option<i32>, String) {
    let mut command = project.command(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    stdout.read_line(&mut line).expect("text");
    drop(stdout);
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    (line, child.wait().expect("it ends").code(), said)
}

/// More than pipes hold.
const ITEMS: u64 = 200_000;

#[test]
fn a_reader_that_goes_away_ends_the_step_well_and_what_it_did_not_get_is_skipped() {
    let steps = |verb: &str| {
        format!(
            "steps:\n  rows: {{ read: in.jsonl }}\n{verb}  save: {{ from: work, write: {{ path: '-', format: jsonl }} }}\n"
        )
    };
    for (verb, total_is_known) in [("  work: { from: rows, map: return item }\n", true), ("", false)] {
        let text = steps(verb);
        let text = if total_is_known { text } else { text.replace("from: work", "from: rows") };
        let project = Project::with(&text).ids("in.jsonl", ITEMS);
        let args = ["pipeline.yaml", "--no-state", "-q", "--events", "events.jsonl"];
        let (line, code, said) = head(&project, &args);
        assert_eq!((line.as_str(), code, said.as_str()), ("{\"id\":1}\n", Some(0), ""), "{verb}");
        let events = project.read("events.jsonl");
        let ends = events.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let mut ends = ends.filter(|event| event["event"] == "step_finished" && event["step"] == "save");
        let save = ends.next_back().expect("it has ended");
        assert_eq!((&save["status"], &save["reason"]), (&"succeeded".into(), &"reader gone".into()));
        let output = &save["outputs"][0];
        assert_eq!(
            (&output["path"], &output["bytes"], &output["partial"]),
            (&"-".into(), &Value::Null, &true.into())
        );
        let count = |key: &str| save[key].as_u64().expect("a number");
        assert!(count("skipped") > 0 && count("successes") > 0, "{save}");
        assert_eq!(count("successes") + count("skipped"), count("total"), "{save}");
        assert_eq!(count("total") == ITEMS, total_is_known, "a source is not read on for nobody: {save}");
    }
}

#[test]
fn what_other_steps_do_is_not_changed_by_a_reader_that_goes_away() {
    let project = Project::with(
        "steps:\n  rows: { read: in.jsonl }\n  show: { from: rows, write: { path: '-', format: jsonl } }\n  \
         work: { from: rows, map: 'if item.id == 5 then error(\"no\") end return item' }\n  save: { from: work.failed, write: out.jsonl }\n",
    )
    .ids("in.jsonl", ITEMS);
    let (_, code, said) = head(&project, &["pipeline.yaml", "--no-state"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("reader gone") && !said.contains("Broken pipe"), "{said}");
    assert_eq!(project.read("out.jsonl").lines().count(), 1);
}

#[test]
fn commands_that_print_data_are_quiet_when_nobody_reads_on() {
    let project = Project::with(
        "steps:\n  rows: { read: in.jsonl }\n  work: { from: rows, map: return item }\n  save: { from: work, write: out.jsonl }\n",
    )
    .ids("in.jsonl", 20_000);
    project.run(&["pipeline.yaml"]).ok();
    for args in [&["show", "latest", "work", "--results"][..], &["schema"], &["man"], &["--help"]] {
        let (line, code, said) = head(&project, args);
        assert!(!line.is_empty() && code == Some(0) && said.is_empty(), "{args:?}: {code:?} {said}");
    }
}
