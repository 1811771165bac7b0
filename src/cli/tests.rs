//! These tests parse arguments and look at what becomes of them, without a process.

pub(super) mod fixture;

use std::path::Path;

use clap::{CommandFactory, Parser};

use self::fixture::{plan, step, write};
use super::args::{Arguments, OutputArguments, RunArguments};
use super::*;
use crate::plan::{Body, Step, Verb};

fn parse(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(std::iter::once("flowrun").chain(line.split_whitespace()))
}

fn run(line: &str) -> RunArguments {
    let arguments = parse(line).expect("the line is well-formed");
    match arguments.command {
        None => arguments.run,
        Some(Command::Run(run)) => run,
        Some(other) => panic!("{other:?} is no run"),
    }
}

#[test]
fn the_definition_of_the_arguments_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn a_run_needs_no_command() {
    for line in [
        "p.yaml --limit 3 -p a=b=c -p d=",
        "run p.yaml --limit 3 -p a=b=c -p d=",
        "--limit 3 -p a=b=c -p d= p.yaml",
    ] {
        let run = run(line);
        assert_eq!(run.file.as_deref(), Some(Path::new("p.yaml")), "{line}");
        assert_eq!(run.inputs.limit, Some(3), "{line}");
        let pairs: Vec<(&str, &str)> =
            run.inputs.params.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(pairs, [("a", "b=c"), ("d", "")], "{line}");
    }
}

#[test]
fn options_of_a_run_are_read() {
    let run =
        run("p.yaml --only a --only b --until c --set c.concurrency=2 --seed 7 --grace 250ms --strict \
                   --params-file f.yaml --progress none --output json --events - --color never -v");
    assert_eq!(
        (run.select.only, run.select.until),
        (vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()])
    );
    assert_eq!(run.inputs.set, [("c.concurrency".to_owned(), "2".to_owned())]);
    assert_eq!((run.engine.seed, run.engine.grace.as_millis(), run.engine.strict), (Some(7), 250, true));
    assert!(run.output.verbose && !run.output.quiet);
}

#[test]
fn options_of_later_versions_do_not_exist() {
    for option in ["--lsp", "--failed", "--no-state --state-dir x"] {
        assert!(parse(&format!("p.yaml {option}")).is_err(), "{option}");
    }
}

#[test]
fn kept_runs_have_their_commands() {
    for line in [
        "p.yaml --state-dir x",
        "p.yaml --no-state",
        "resume",
        "resume 1x --keep-permanent --failed-only -p a=1 --limit 3 --state-dir x --output json",
        "runs --status failed --format json",
        "runs prune --keep 3 --older-than 30d --dry-run --state-dir x",
        "show",
        "show latest clean --failed --format jsonl",
        "show latest clean --results --format csv",
        "cache stats --format json",
        "cache prune --older-than 12h",
    ] {
        assert!(parse(line).is_ok(), "{line}");
    }
    for line in
        ["runs prune", "runs --status done", "show a b --failed --results", "cache", "resume --no-state"]
    {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn wrong_values_are_refused() {
    for line in [
        "p.yaml -p a",
        "p.yaml -p =b",
        "p.yaml --grace 5",
        "p.yaml --limit -1",
        "p.yaml --seed x",
        "runs prune --older-than 3w",
        "runs prune --older-than d",
        "p.yaml -q -v",
        "check",
        "",
    ] {
        let error = parse(line).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[test]
fn a_misspelt_command_is_told_from_a_missing_file() {
    let told = |line: &str| {
        let words: Vec<_> =
            std::iter::once("flowrun").chain(line.split_whitespace()).map(OsString::from).collect();
        typo::in_command(&words).map(|complaint| complaint.help.unwrap_or_default())
    };
    assert_eq!(told("chek x.yaml").as_deref(), Some("did you mean `flowrun check`?"));
    assert_eq!(told("chek --format json x.yaml").as_deref(), Some("did you mean `flowrun check`?"));
    for (line, expect) in [
        ("validate x.yaml", "did you mean `flowrun check`?"),
        ("list", "did you mean `flowrun runs`? `flowrun show` tells of one run"),
        ("rum x.yaml", "did you mean `flowrun run`?"),
        ("format x.yaml", "did you mean `flowrun fmt`?"),
        ("continue", "did you mean `flowrun resume`?"),
        ("dry-run x.yaml", "did you mean `flowrun plan`?"),
        ("version", "did you mean `flowrun --version`?"),
    ] {
        assert_eq!(told(line).as_deref(), Some(expect), "{line}");
    }
    assert!(told("banana").is_some_and(|help| help.contains("--help")));
    for line in ["check x.yaml", "chek.yaml", "./chek", "--seed 1", "help", "src"] {
        assert_eq!(told(line), None, "{line}");
    }
}

#[test]
fn options_of_other_programs_name_the_right_one() {
    let told = |line: &str| {
        let words = std::iter::once("flowrun").chain(line.split_whitespace()).map(OsString::from);
        let error = Arguments::read(words.collect()).expect_err(line);
        typo::foreign(&error)
            .map(|complaint| format!("{} | {}", complaint.message, complaint.help.unwrap_or_default()))
    };
    for line in ["p.yaml -n", "p.yaml -n 5", "run p.yaml --dry-run", "p.yaml --dry-run"] {
        assert!(
            told(line).is_some_and(|said| said.contains("`flowrun plan FILE` says what would run")),
            "{line}"
        );
    }
    for line in [
        "p.yaml -j 4",
        "p.yaml -j4",
        "p.yaml --workers 4",
        "p.yaml --concurrency=4",
        "run p.yaml --threads 2",
    ] {
        assert!(told(line).is_some_and(|said| said.contains("`--set STEP.concurrency=N`")), "{line}");
    }
    assert_eq!(
        told("p.yaml --workers=4").as_deref(),
        Some(
            "there is no option `--workers` here | a step runs as many items at once as its `concurrency` says: `--set STEP.concurrency=N`"
        )
    );
    assert_eq!(told("p.yaml --bananas"), None);
}

#[test]
fn the_long_help_of_a_run_has_what_the_short_one_leaves_out() {
    let words = |line: &str| std::iter::once("flowrun").chain(line.split(' ')).map(OsString::from).collect();
    let long = Arguments::read(words("run --help")).expect_err("help").to_string();
    assert!(
        ["--allow-net", "--lock", "--trace", "--grace"].iter().all(|option| long.contains(option)),
        "{long}"
    );
}

#[test]
fn words_behind_the_file_are_refused_with_the_way_out() {
    let complain = |line: &str| {
        let run = run(line);
        let complaint = typo::behind_file(run.file.as_deref().expect("a file"), &run.extra[0]);
        format!("{} | {}", complaint.message, complaint.help.unwrap_or_default())
    };
    assert_eq!(
        complain("--color never check x.yaml"),
        "the command `check` comes too late | commands come before their options: `flowrun check x.yaml`"
    );
    assert_eq!(
        complain("p.yaml a=1"),
        "`a=1` is one argument too many: a run takes one pipeline file | parameters are given as `-p a=1`"
    );
}

#[test]
fn only_one_thing_gets_standard_output() {
    let claim = |line: &str, target: &str| {
        let save = Step { body: Body::Ready(Verb::Write(write(target))), ..step("save", &[]) };
        let output: OutputArguments = run(line).output;
        stdout::claim(&plan(vec![save]), &[true], &output).map_err(|complaint| complaint.message)
    };
    assert_eq!(claim("p.yaml", "-"), Ok(true));
    assert_eq!(claim("p.yaml --output json", "out.jsonl"), Ok(false));
    assert_eq!(claim("p.yaml --events - ", "out.jsonl"), Ok(false));
    assert_eq!(claim("p.yaml --output json --events e.jsonl", "out.jsonl"), Ok(false));
    assert_eq!(
        claim("p.yaml --output json --events -", "out.jsonl"),
        Err("`--output json` and `--events -` both want standard output".to_owned())
    );
    assert_eq!(
        claim("p.yaml --output json", "-"),
        Err("`--output json` and `write: -` of step `save` both want standard output".to_owned())
    );
    assert!(claim("p.yaml --events -", "-").is_err());
}
