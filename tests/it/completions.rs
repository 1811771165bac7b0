//! Shells ask the binary for completions, as the scripts do that they were given.

use std::process::{Command, Stdio};

use crate::project::{Project, Ran};

const PIPELINE: &str = "\
params:
  mode: {default: fast, enum: [fast, careful, 'no $word'], description: how it is done}
  size: 3
steps:
  numbers: {items: [1, 2, 3]}
  doubled: {from: numbers, description: Twice as much, map: return item * 2}
  out: {from: doubled, write: out.jsonl}
";

/// Asks as a shell does whose cursor is in the last of the words.
fn ask(project: &Project, shell: &str, words: &[&str]) -> Ran {
    let mut line = vec!["--", "flowrun"];
    line.extend(words);
    let mut command = project.command(&line);
    command.env("COMPLETE", shell).stdin(Stdio::null());
    if shell != "fish" {
        command.env("_CLAP_COMPLETE_INDEX", words.len().to_string()).env("_CLAP_IFS", "\n");
    }
    Ran::from(command.output().expect("the binary runs"))
}

/// What a shell offers, each with what is shown beside it; without options where nothing is written yet.
#[track_caller]
fn offers(project: &Project, shell: &str, words: &[&str]) -> Vec<(String, String)> {
    let ran = ask(project, shell, words).ok();
    assert_eq!(ran.stderr, "");
    let mark = if shell == "fish" { '\t' } else { ':' };
    let split = |line: &str| {
        let (word, about) = line.split_once(mark).unwrap_or((line, ""));
        (word.to_owned(), about.to_owned())
    };
    let is_wanted = |line: &&str| !line.is_empty() && (!line.starts_with('-') || words.last() != Some(&""));
    ran.stdout.lines().filter(is_wanted).map(split).collect()
}

/// The words that are offered, the same in each shell.
#[track_caller]
fn check(project: &Project, words: &[&str], expect: &[&str]) {
    for shell in ["bash", "zsh", "fish"] {
        let offered = offers(project, shell, words);
        let offered: Vec<&str> = offered.iter().map(|(word, _)| word.as_str()).collect();
        assert_eq!(offered, expect, "{shell}: {words:?}");
    }
}

#[test]
fn steps_are_those_of_the_file_on_the_line_or_of_the_only_one() {
    let project = Project::with(PIPELINE);
    let all = ["numbers", "doubled", "out"];
    check(&project, &["run", "pipeline.yaml", "--only", ""], &all);
    check(&project, &["pipeline.yaml", "--until", "d"], &["doubled"]);
    check(&project, &["plan", "--only=o"], &["--only=out"]);
    check(&project, &["preview", "pipeline.yaml", ""], &all);
    check(&project, &["run", "--only", ""], &all);
    let project =
        project.file("other.yaml", "steps:\n  a: {items: [1]}\n").file("docker.yaml", "services: {}\n");
    check(&project, &["run", "other.yaml", "-p", "x=1", "--only", ""], &["a"]);
    check(&project, &["run", "--only", ""], &[]);
    check(&project, &["run", "o"], &["other.yaml"]);
}

#[test]
fn zsh_and_fish_say_what_is_offered() {
    let project = Project::with(PIPELINE);
    for shell in ["zsh", "fish"] {
        let offered = offers(&project, shell, &["pipeline.yaml", "--only", ""]);
        let about: Vec<&str> = offered.iter().map(|(_, about)| about.as_str()).collect();
        assert_eq!(about, ["items", "Twice as much", "write"]);
    }
}

#[test]
fn parameters_and_settings_go_as_far_as_their_values() {
    let project = Project::with(PIPELINE);
    check(&project, &["pipeline.yaml", "-p", ""], &["mode=", "size="]);
    check(&project, &["test", "pipeline.yaml", "-p", "m"], &["mode="]);
    check(&project, &["pipeline.yaml", "--each", "s"], &["size="]);
    // A value that is more than one word to a shell is left out.
    check(&project, &["pipeline.yaml", "-p", "mode="], &["mode=fast", "mode=careful"]);
    check(
        &project,
        &["pipeline.yaml", "--set", "doubled.conc"],
        &["doubled.concurrency=", "doubled.concurrency.each=", "doubled.concurrency.total="],
    );
    check(&project, &["pipeline.yaml", "--set", "doubled.loc"], &["doubled.local="]);
    check(
        &project,
        &["pipeline.yaml", "--set", "doubled.local="],
        &["doubled.local=true", "doubled.local=false"],
    );
    check(&project, &["pipeline.yaml", "--set", "doubled.ne"], &["doubled.needs="]);
    check(&project, &["pipeline.yaml", "--set", "doubled.retries.jit"], &["doubled.retries.jitter="]);
    check(&project, &["pipeline.yaml", "--set", "defaults.map.time"], &["defaults.map.timeout="]);
    check(
        &project,
        &["pipeline.yaml", "--set", "doubled.fail_fast="],
        &["doubled.fail_fast=true", "doubled.fail_fast=false", "doubled.fail_fast=drain"],
    );
}

#[test]
fn runs_and_their_steps_are_offered() {
    let project = Project::with(PIPELINE);
    project.run(&["pipeline.yaml", "-q"]).ok();
    let runs: serde_json::Value =
        serde_json::from_str(&project.run(&["runs", "--format", "json"]).ok().stdout).expect("JSON");
    let id = runs[0]["run"].as_str().expect("a run has an id");
    check(&project, &["show", ""], &["latest", id, "pipeline.yaml"]);
    check(&project, &["report", "lat"], &["latest"]);
    check(&project, &["show", "latest", "d"], &["doubled"]);
    check(&project, &["show", id, ""], &["numbers", "doubled", "out"]);
    check(&project, &["test", "--record", "do"], &["doubled"]);
    check(&project, &["test", "--record", "doubled", ""], &["latest", id]);
    check(&project, &["resume", "lat"], &["latest"]);
    check(&project, &["attach", "lat"], &["latest"]);
    check(&project, &["cancel", ""], &["latest", id, "pipeline.yaml"]);
    check(&project, &["resume", id, "--only", "n"], &["numbers"]);
    let elsewhere = Project::new();
    check(&elsewhere, &["show", ""], &[]);
    let state = project.path(".flowrun").display().to_string();
    check(&elsewhere, &["show", "--state-dir", &state, "lat"], &["latest"]);
}

#[test]
fn codes_and_commands_are_offered() {
    let project = Project::new();
    check(&project, &["explain", "bad_dur"], &["bad_duration"]);
    check(&project, &["expl"], &["explain"]);
    check(&project, &["check", "--format", "s"], &["sarif"]);
}

#[test]
fn whatever_is_wrong_nothing_is_said() {
    let project = Project::with("steps: [\u{1}").file("b/nothing.txt", "");
    check(&project, &["pipeline.yaml", "--only", ""], &[]);
    check(&project, &["missing.yaml", "--only", ""], &[]);
    check(&project, &["b", "--set", ""], &[]);
    let hostile = "steps:\n  '$(touch x)': {items: [1]}\n  \"a\\nb\": {items: [1]}\n  c: {items: [1], description: \"x\\e[1m\\ny\"}\n";
    let project = Project::with(hostile);
    check(&project, &["pipeline.yaml", "--only", ""], &["c"]);
    let mut command = project.command(&["--", "flowrun", "run"]);
    let ran = Ran::from(
        command.env("COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "9").output().expect("the binary runs"),
    );
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

#[test]
fn a_variable_of_this_name_that_names_no_shell_changes_nothing() {
    let project = Project::with(PIPELINE);
    for value in ["", "0", "1", "yes", "cmd"] {
        let ran = project.command(&["check", "pipeline.yaml"]).env("COMPLETE", value).output();
        assert!(ran.expect("the binary runs").status.success(), "{value}");
    }
}

#[test]
fn the_command_prints_what_the_variable_asks_for() {
    let project = Project::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let printed = project.run(&["completions", shell]).ok().stdout;
        let asked = project.command(&[]).env("COMPLETE", shell).output().expect("the binary runs");
        assert_eq!(printed, String::from_utf8_lossy(&asked.stdout), "{shell}");
        assert!(printed.contains("flowrun") && printed.contains("COMPLETE"), "{shell}: {printed}");
    }
}

#[test]
fn bash_completes_with_what_it_was_given() {
    let project = Project::with(PIPELINE);
    let script = format!(
        "source <({} completions bash)\n\
         COMP_WORDS=(flowrun pipeline.yaml --only do) COMP_CWORD=3 COMP_TYPE=9\n\
         _clap_complete_flowrun flowrun do --only\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"\n\
         complete -p flowrun",
        crate::project::binary()
    );
    let ran = Command::new("bash").args(["--norc", "-c", &script]).current_dir(project.path("")).output();
    let ran = Ran::from(ran.expect("bash is there"));
    assert_eq!(ran.stderr, "");
    let (offered, registered) = ran.stdout.split_once('\n').expect("two lines");
    assert_eq!(offered, "doubled");
    assert!(registered.contains("-F _clap_complete_flowrun flowrun"), "{registered}");
}
