//! These tests cover the command line: exit codes, options, what is printed where, interrupts. Through the real binary.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::project::Project;

const DOUBLE: &str = "params:
  factor: 2
steps:
  list:
    items: [1, 2, 3]
  work:
    from: list
    map: return item * params.factor
  save:
    from: work
    write: out.jsonl
";

#[test]
fn exit_codes_are_those_of_the_contract() {
    let code = |pipeline: &str, args: &[&str]| {
        let mut all = vec!["pipeline.yaml"];
        all.extend(args);
        Project::with(pipeline).run(&all).code
    };
    let failing = DOUBLE.replace("return item", "if item == 2 then error('no') end return item");
    let tolerant = failing.replace("map: ", "map:\n      min_success_ratio: 0.5\n      lua: ");
    assert_eq!(code(DOUBLE, &[]), 0);
    assert_eq!(code(&failing, &[]), 1);
    assert_eq!(code(&tolerant, &[]), 0);
    assert_eq!(code(&tolerant, &["--strict"]), 3);
    assert_eq!(code(DOUBLE, &["--strict"]), 0);
    assert_eq!(code(DOUBLE, &["--no-such-flag"]), 2);
    assert_eq!(code(DOUBLE, &["-p", "factro=3"]), 2);
    assert_eq!(code(DOUBLE, &["-p", "factor=three"]), 2);
    assert_eq!(code(DOUBLE, &["--set", "work.concurency=3"]), 2);
    assert_eq!(code(DOUBLE, &["--only", "wrok"]), 2);
    assert_eq!(code(&DOUBLE.replace("from: work", "from: wrok"), &[]), 65);
    assert_eq!(Project::new().run(&["missing.yaml"]).code, 2);
    assert_eq!(Project::new().run(&[]).code, 2);
    assert_eq!(code(&format!("env:\n  NOT_THERE: {{ required: true }}\n{DOUBLE}"), &[]), 2);
}

#[test]
fn the_short_help_of_each_command_fits_on_forty_lines_of_a_terminal() {
    let project = Project::new();
    let help = |words: &[&str]| {
        let shown = project.command(words).env("COLUMNS", "80").output().expect("the binary runs");
        assert!(shown.status.success(), "{words:?}");
        String::from_utf8(shown.stdout).expect("text")
    };
    let whole = help(&["-h"]);
    let commands =
        whole.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| line.split_whitespace().next());
    let commands: Vec<&str> = names.filter(|name| *name != "help").collect();
    assert!(commands.contains(&"run") && commands.len() > 20, "{whole}");
    for (command, text) in
        commands.iter().map(|command| (*command, help(&[command, "-h"]))).chain([("", whole.clone())])
    {
        assert!(text.lines().count() <= 40, "{command}: {}\n{text}", text.lines().count());
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{command}:\n{text}");
    }
}

#[test]
fn params_set_and_limit_change_a_run() {
    let project = Project::with(DOUBLE).file("params.yaml", "factor: 10\n");
    let out = |args: &[&str]| {
        let mut all = vec!["pipeline.yaml"];
        all.extend(args);
        project.run(&all).ok();
        project.read("out.jsonl")
    };
    assert_eq!(out(&[]), "2\n4\n6\n");
    assert_eq!(out(&["-p", "factor=5"]), "5\n10\n15\n");
    assert_eq!(out(&["--params-file", "params.yaml"]), "10\n20\n30\n");
    assert_eq!(out(&["--params-file", "params.yaml", "-p", "factor=1"]), "1\n2\n3\n");
    assert_eq!(out(&["--limit", "2"]), "2\n4\n");
    assert_eq!(out(&["--set", "work.concurrency=1"]), "2\n4\n6\n");
}

#[test]
fn data_goes_to_standard_output_and_words_to_standard_error() {
    let project = Project::with(&DOUBLE.replace("out.jsonl", "{ path: '-', format: jsonl }"));
    let ran = project.run(&["pipeline.yaml"]).ok();
    assert_eq!(ran.stdout, "2\n4\n6\n");
    assert!(
        ran.stderr.contains("work") && !ran.stderr.contains('\u{1b}') && !ran.stderr.contains('\r'),
        "{}",
        ran.stderr
    );
    for option in [["--output", "json"], ["--events", "-"]] {
        assert_eq!(project.run(&["pipeline.yaml", option[0], option[1]]).code, 2);
    }
    let both = Project::with(DOUBLE).run(&["pipeline.yaml", "--output", "json", "--events", "-"]);
    assert_eq!((both.code, both.stdout.as_str()), (2, ""));
}

#[test]
fn the_summary_has_the_names_of_the_contract() {
    let summary = Project::with(DOUBLE).json(&[]);
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().expect("a map").keys().cloned().collect()
    };
    assert_eq!(keys(&summary.value), ["run", "pipeline", "params", "status", "steps"]);
    assert_eq!(
        keys(summary.step("work")),
        [
            "id",
            "verb",
            "status",
            "reason",
            "total",
            "successes",
            "failures",
            "skipped",
            "cancelled",
            "retried",
            "success_ratio",
            "duration",
            "errors"
        ]
    );
    assert_eq!(
        (&summary.value["pipeline"], &summary.value["status"]),
        (&"pipeline".into(), &"succeeded".into())
    );
}

#[test]
fn events_are_one_object_a_line() {
    let project = Project::with(DOUBLE);
    project.run(&["pipeline.yaml", "--events", "events.jsonl"]).ok();
    let events: Vec<serde_json::Value> =
        project.read("events.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let names: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    assert_eq!((names.first(), names.last()), (Some(&"run_started"), Some(&"run_finished")));
    assert_eq!(names.iter().filter(|name| **name == "step_finished").count(), 3);
}

#[test]
fn failures_are_grouped_by_message() {
    let pipeline = "steps:
  docs:
    read: in.jsonl
  work:
    from: docs
    map:
      min_success_ratio: 0
      lua: |
        if item.id % 2 == 0 then error('even') end
        return nil
";
    let ran = Project::with(pipeline).ids("in.jsonl", 20).run(&["pipeline.yaml"]).ok();
    assert!(ran.stderr.contains("10 failed in work"), "{}", ran.stderr);
    assert!(ran.stderr.contains("10 × ") && ran.stderr.contains("items 2, 4, 6 …"), "{}", ran.stderr);
    let last = ran.stderr.lines().last().unwrap_or("");
    assert!(last.starts_with("  see them: flowrun show ") && last.contains(" work --failed "), "{last}");
    assert!(last.contains("      run them again: flowrun resume "), "{last}");
}

#[test]
fn quiet_runs_say_nothing_when_all_is_well() {
    let ran = Project::with(DOUBLE).run(&["pipeline.yaml", "-q"]).ok();
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

#[test]
fn check_reports_without_running() {
    let good = Project::with(DOUBLE);
    assert_eq!(good.run(&["check", "pipeline.yaml"]).code, 0);
    assert!(!good.has("out.jsonl"));
    let bad =
        Project::with(&DOUBLE.replace("from: work", "from: wrok").replace("factor: 2", "factor: 2\nnmae: x"));
    let ran = bad.run(&["check", "pipeline.yaml", "--format", "json"]);
    assert_eq!(ran.code, 65);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(report["diagnostics"].as_array().map(Vec::len), Some(2), "{report}");
}

#[test]
fn the_schema_is_the_committed_one() {
    let committed = include_str!("../../schemas/pipeline.schema.json");
    assert_eq!(Project::new().run(&["schema"]).ok().stdout, committed);
}

#[test]
fn the_manual_page_is_printed() {
    assert!(Project::new().run(&["man"]).ok().stdout.contains(".TH"));
}

/// Sends a signal to a process.
#[cfg(unix)]
fn signal(pid: u32, name: &str) {
    let status = std::process::Command::new("kill").args([format!("-{name}"), pid.to_string()]).status();
    assert!(status.expect("kill is there").success());
}

/// Interrupts a run of two steps that writes `events.jsonl`, once its items are at work.
#[cfg(unix)]
fn interrupt(project: &Project, child: &std::process::Child, signals: u32) {
    let begun = Instant::now();
    while !project.has("events.jsonl") || project.read("events.jsonl").matches("step_started").count() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(30), "the run does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(200));
    for _ in 0..signals {
        signal(child.id(), "INT");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[cfg(unix)]
#[test]
fn the_first_interrupt_lets_running_items_finish_and_the_second_does_not() {
    let pipeline = "steps:
  list:
    items: [1, 2, 3, 4, 5, 6, 7, 8]
  work:
    from: list
    map:
      concurrency: 2
      lua: |
        print('begun')
        time.sleep(params.wait)
        return item
  save:
    from: work
    write: out.jsonl
params:
  wait: 1.0
";
    // With a second signal, an attempt of a minute is cut off; without one, attempts of a second finish.
    for (wait, signals, finished) in [("wait=1.0", 1, 2), ("wait=60.0", 2, 0)] {
        let project = Project::with(pipeline).file("out.jsonl", "old\n");
        let child = project
            .command(&[
                "pipeline.yaml",
                "--output",
                "json",
                "-p",
                wait,
                "--grace",
                "30s",
                "--events",
                "events.jsonl",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        interrupt(&project, &child, signals);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(130));
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(summary["status"], "interrupted");
        let work = &summary["steps"][1];
        assert_eq!((&work["successes"], &work["status"]), (&finished.into(), &"cancelled".into()), "{work}");
        assert_eq!(work["successes"].as_u64().unwrap_or(0) + work["cancelled"].as_u64().unwrap_or(0), 8);
        assert_eq!(project.read("out.jsonl"), "old\n");
    }
}

#[test]
fn a_text_cannot_hold_a_parameter_that_has_no_value() {
    let pipeline = DOUBLE.replace("write: out.jsonl", "write: \"${{ params.folder }}.jsonl\"");
    let ran = Project::with(&pipeline).run(&["pipeline.yaml"]);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stderr.contains("this gives null, which no text can hold"), "{}", ran.stderr);
}

#[test]
fn standard_streams_are_called_by_their_names() {
    let project = Project::with("steps:\n  in:\n    read: \"-\"\n  out:\n    from: in\n    write: \"-\"\n");
    let run = |input: &[u8]| {
        let mut child = project
            .command(&["pipeline.yaml"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        child.stdin.take().expect("a pipe").write_all(input).expect("the binary reads");
        let output = child.wait_with_output().expect("the binary ends");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(run(b"1\n").contains("1 item → standard output"), "{}", run(b"1\n"));
    assert!(run(b"{\n").contains("standard input:1 expected"), "{}", run(b"{\n"));
}

#[test]
fn a_file_that_was_not_written_is_not_shown_as_written() {
    let project = Project::with(
        "steps:\n  in:\n    items: [{a: 1}, {b: 2}]\n  out:\n    from: in\n    write: out.csv\n",
    );
    let ran = project.run(&["pipeline.yaml"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(!ran.stderr.contains("→"), "{}", ran.stderr);
}

#[test]
fn arguments_that_cannot_be_used_say_what_is_expected() {
    let ran = Project::with(DOUBLE).run(&["pipeline.yaml", "--limit", "ten"]);
    assert!(ran.code == 2 && ran.stderr.contains("a whole number from 0 is expected"), "{}", ran.stderr);
    let ran = Project::new().run(&["check", "missing.yaml"]);
    assert!(ran.code == 2 && !ran.stderr.contains("no error"), "{}", ran.stderr);
    let help = Project::new().run(&["run", "--help"]).ok().stdout;
    assert!(help.contains("Exit codes:"), "{help}");
}

#[cfg(unix)]
#[test]
fn a_second_interrupt_ends_a_setup_that_does_not_end() {
    let project = Project::with(
        "steps:\n  list:\n    items: [1, 2, 3]\n  work:\n    from: list\n    map:\n      setup: while true do end\n      \
         lua: return item\n",
    );
    let args = ["pipeline.yaml", "--output", "json", "--grace", "30s", "--events", "events.jsonl"];
    let mut command = project.command(&args);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary runs");
    interrupt(&project, &child, 2);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let work = &summary["steps"][1];
    assert_eq!((&work["status"], &work["cancelled"]), (&"cancelled".into(), &3.into()), "{work}");
    assert_eq!(work["reason"], "interrupted");
}
