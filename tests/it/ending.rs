//! These tests cover what is done when a run has ended: `at_end`, which is told of it, and `keep`, by which older runs
//! go.

use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::project::{Project, Ran};

/// Fails items that are bad; what `at_end` sees goes to a file.
const PIPELINE: &str = "name: ending
params: { bad: 0, need: 1.0 }
secrets: { token: { env: TOKEN } }
at_end: |
  fs.write('told.json', json.encode(run))
  fs.write('seen.txt', tostring(fs.exists('out.jsonl')) .. ' ' .. params.bad .. ' ' .. #secrets.token)
  log.info('told ' .. run.status .. ' ' .. secrets.token)
  log.warn('careful', { count = 1, token = secrets.token })
steps:
  in: { items: [1, 2, 3] }
  work:
    from: in
    map:
      min_success_ratio: ${{ params.need }}
      lua: |
        if item <= params.bad then error('no ' .. item) end
        return item
  out: { from: work, write: out.jsonl }
";

fn run(project: &Project, args: &[&str]) -> Ran {
    let output = project.command(args).env("TOKEN", "hush-hush-1").stdin(Stdio::null()).output();
    Ran::from(output.expect("the binary runs"))
}

fn told(project: &Project) -> Value {
    serde_json::from_str(&project.read("told.json")).expect("JSON")
}

#[test]
fn at_end_is_told_of_a_good_run_whose_outputs_are_there() {
    let project = Project::with(PIPELINE);
    let ran = run(&project, &["pipeline.yaml", "--output", "json", "--events", "events.jsonl"]).ok();
    let (told, summary) = (told(&project), serde_json::from_str::<Value>(&ran.stdout).expect("JSON"));
    assert_eq!(told["id"], summary["run"]);
    // Lua writes a number without a fraction as one.
    let plain = ran
        .stdout
        .replace("\"success_ratio\":1.0,", "\"success_ratio\":1,")
        .replace("\"need\":1.0", "\"need\":1");
    let plain: Value = serde_json::from_str(&plain).expect("JSON");
    for key in ["pipeline", "status", "params", "steps"] {
        assert_eq!(told[key], plain[key], "{key}");
    }
    assert!(
        told["duration"].as_f64().is_some_and(|time| time > 0.0) && told.get("resume").is_none(),
        "{told}"
    );
    assert_eq!(project.read("seen.txt"), "true 0 11");
    assert!(ran.stderr.contains("at_end: warn: careful {\"count\":1,\"token\":\"***\"}"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("at_end: info"), "{}", ran.stderr);
    let events: Vec<Value> =
        project.read("events.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let last = &events[events.len() - 3..];
    let names: Vec<&Value> = last.iter().map(|event| &event["event"]).collect();
    assert_eq!(names, ["notice", "notice", "run_finished"]);
    assert_eq!(last[0]["message"], "told succeeded ***");
    assert_eq!(last[1]["step"], Value::Null);
}

#[test]
fn what_at_end_says_is_kept_with_the_run() {
    let project = Project::with(PIPELINE);
    let verbose = run(&project, &["pipeline.yaml", "-v", "--report", "r.html"]).ok();
    assert!(verbose.stderr.contains("at_end: info: told succeeded ***"), "{}", verbose.stderr);
    assert!(project.read("r.html").contains("at_end: warn: careful"));
    let shown = project.run(&["show"]).ok().stdout;
    assert!(shown.contains("  at_end: info: told succeeded ***\n  at_end: warn: careful"), "{shown}");
    let json = || -> Value {
        serde_json::from_str(&project.run(&["show", "--format", "json"]).ok().stdout).expect("JSON")
    };
    let expect = json!([
        {"level": "info", "message": "told succeeded ***", "fields": null},
        {"level": "warn", "message": "careful", "fields": {"count": 1, "token": "***"}},
    ]);
    assert_eq!(json()["log"], expect);
    // The same from the record, when the database is lost.
    let run = json()["run"].as_str().expect("an id").to_owned();
    std::fs::remove_file(project.path(&format!(".flowrun/runs/{run}/run.db"))).expect("it is there");
    assert_eq!(json()["log"], expect);
}

#[test]
fn at_end_is_told_of_failures_and_how_to_go_on() {
    let project = Project::with(PIPELINE);
    let failed = run(&project, &["pipeline.yaml", "-q", "-p", "bad=1"]);
    assert_eq!(failed.code, 1);
    let first = told(&project);
    assert_eq!((&first["status"], &first["params"]["bad"]), (&json!("failed"), &json!(1)));
    assert_eq!(first["steps"][1]["errors"], json!({"1": "no 1"}));
    assert_eq!(project.read("seen.txt"), "false 1 11");
    let resume = first["resume"].as_str().expect("a command").to_owned();
    assert!(resume.starts_with("flowrun resume "), "{resume}");
    let words: Vec<&str> = resume.split(' ').skip(1).chain(["-p", "bad=0"]).collect();
    run(&project, &words).ok();
    assert_eq!(told(&project)["status"], "succeeded");
    // Tolerated failures can be gone on with too; a run that is not kept cannot.
    run(&project, &["pipeline.yaml", "-q", "-p", "bad=1", "-p", "need=0.5"]).ok();
    assert!(told(&project)["resume"].is_string());
    run(&project, &["pipeline.yaml", "-q", "-p", "bad=1", "-p", "need=0.5", "--no-state"]).ok();
    assert_eq!(told(&project).get("resume"), None);
}

#[test]
fn a_failure_of_at_end_is_a_warning_and_changes_nothing() {
    for (at_end, expect) in [
        ("error('no answer from ' .. secrets.token)", "`at_end` failed: pipeline.yaml:4 no answer from ***"),
        ("while true do end", "`at_end` failed: pipeline.yaml:4 timeout after 200ms"),
        ("http.get('http://localhost:1/')", "`at_end` failed: pipeline.yaml:4"),
        ("exec.run({'true'})", "`at_end` failed: pipeline.yaml:4"),
    ] {
        let head = format!("at_end:\n  timeout: 200ms\n  lua: |\n    {at_end}\n");
        let rest = PIPELINE.split_once("steps:").expect("steps").1;
        let text = format!(
            "{head}params: {{ bad: 0, need: 1.0 }}\nsecrets: {{ token: {{ env: TOKEN }} }}\nsteps:{rest}"
        );
        let project = Project::with(&text);
        let ran = run(&project, &["pipeline.yaml", "--output", "json"]).ok();
        assert!(ran.stderr.contains(&format!("warning: {expect}")), "{at_end}: {}", ran.stderr);
        assert!(!ran.stderr.contains("hush"), "{}", ran.stderr);
        assert_eq!(run(&project, &["pipeline.yaml", "-q", "-p", "bad=1"]).code, 1);
        let shown = project.run(&["show"]).ok().stdout;
        assert!(shown.contains(&format!("at_end: error: {expect}")), "{shown}");
    }
}

#[test]
fn at_end_returns_what_it_likes_and_runs_for_every_value() {
    let pipeline = "params: { day: x }\nat_end: fs.write('told-' .. params.day, run.status)\nsteps:\n  a: { items: [1] }\n  \
                    b: { from: a, map: \"if params.day == 'b' then error('no') end return item\" }\n  w: { from: b, write: 'o/${{ \
                    params.day }}.jsonl' }\n";
    let project = Project::with(pipeline);
    assert_eq!(run(&project, &["pipeline.yaml", "-q", "--each", "day=a,b,c", "--jobs", "2"]).code, 1);
    let told = ["a", "b", "c"].map(|day| project.read(&format!("told-{day}")));
    assert_eq!(told, ["succeeded", "failed", "succeeded"]);
    for lua in ["return print", "run.id", "local x = 1"] {
        let project = Project::with(&pipeline.replace("fs.write('told-' .. params.day, run.status)", lua));
        let ran = run(&project, &["pipeline.yaml"]).ok();
        assert!(!ran.stderr.contains("at_end"), "{lua}: {}", ran.stderr);
    }
}

#[test]
fn nothing_is_told_where_nothing_has_run() {
    let project = Project::with(PIPELINE);
    for args in [
        &["check", "pipeline.yaml"][..],
        &["plan", "pipeline.yaml"],
        &["preview", "pipeline.yaml", "work"],
        &["test", "pipeline.yaml"],
        &["graph", "pipeline.yaml"],
        &["pipeline.yaml", "-p", "nothing=1"],
        &["pipeline.yaml", "--report", "out.jsonl"],
    ] {
        run(&project, args);
        assert!(!project.has("told.json"), "{args:?}");
    }
    let project = project.file("pipeline.yaml", PIPELINE.replace("from: in", "from: im"));
    assert_eq!(run(&project, &["pipeline.yaml"]).code, 65);
    assert!(!project.has("told.json"));
    for (at_end, expect) in [
        ("at_end: 'return +'", "the Lua of `at_end` cannot be compiled"),
        ("at_end: { lua: x(, timeout: 1s }", "the Lua of `at_end.lua` cannot be compiled"),
        ("at_end: { timeout: 1s }", "needs the key `lua`"),
        ("at_end: { lua: x(), timeout: soon }", "`at_end.timeout`"),
        ("at_end: { lua: x(), limit: 1s }", "`limit`"),
        ("at_end: 7", "`at_end`"),
        ("keep: {}", "`keep`"),
        ("keep: { runs: 0 }", "`keep.runs`"),
        ("keep: { age: 0s }", "`keep.age`"),
        ("keep: 5", "`keep`"),
    ] {
        let steps = "steps:\n  a: { items: [1] }\n  w: { from: a, write: o.jsonl }\n";
        let project = Project::with(&format!("{at_end}\n{steps}"));
        let ran = project.run(&["check", "pipeline.yaml"]);
        assert_eq!(ran.code, 65, "{at_end}: {}", ran.stderr);
        assert!(ran.stderr.contains(expect), "{at_end}: {}", ran.stderr);
    }
}

#[test]
fn an_interrupted_run_is_told_too_and_another_interrupt_ends_that() {
    let slow = PIPELINE.replace("return item", "fs.write('begun', '') time.sleep(60)").replace(
        "at_end: |\n",
        "at_end: |\n  fs.write('ending', '')\n  if fs.exists('hang') then while true do end end\n",
    );
    for hangs in [false, true] {
        let project = Project::with(&slow);
        let project = if hangs { project.file("hang", "") } else { project };
        let mut command = project.command(&["pipeline.yaml", "--grace", "0s"]);
        let child = command.env("TOKEN", "hush-hush-1").stderr(Stdio::piped()).spawn().expect("it runs");
        let wait = |name: &str| {
            let until = Instant::now() + Duration::from_secs(60);
            while !project.has(name) {
                assert!(Instant::now() < until, "no {name}");
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        let interrupt = || {
            let id = child.id().to_string();
            assert!(std::process::Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
        };
        wait("begun");
        interrupt();
        wait("ending");
        if hangs {
            interrupt();
        }
        let ran = Ran::from(child.wait_with_output().expect("it ends"));
        assert_eq!(ran.code, 130, "{}", ran.stderr);
        if hangs {
            assert!(ran.stderr.contains("`at_end` failed: interrupted"), "{}", ran.stderr);
        } else {
            assert_eq!(told(&project)["status"], "interrupted");
        }
    }
}

/// A pipeline that keeps so much, and fails where it is told to.
fn keeping(keep: &str) -> Project {
    Project::with(&format!(
        "name: kept\nkeep: {keep}\nparams: {{ day: a, bad: false }}\nsteps:\n  a: {{ items: [1] }}\n  b: {{ from: a, map: \"if \
         params.bad then error('no') end return item\" }}\n  w: {{ from: b, write: 'o/${{{{ params.day }}}}.jsonl' }}\n"
    ))
}

/// `day status` of the runs that are kept, the oldest first.
fn kept(project: &Project) -> Vec<String> {
    let listed = project.run(&["runs", "--format", "json"]).ok().stdout;
    let list: Vec<Value> = serde_json::from_str(&listed).expect("a list");
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    list.iter().rev().map(|run| format!("{} {}", text(&run["params"]["day"]), text(&run["status"]))).collect()
}

#[test]
fn older_runs_go_when_one_has_ended_well() {
    let project = keeping("{ runs: 2 }");
    for _ in 0..4 {
        project.run(&["pipeline.yaml", "-q"]).ok();
    }
    assert_eq!(kept(&project), ["a succeeded", "a succeeded"]);
    // The last good one of each set of parameters stays, whatever the bound.
    project.run(&["pipeline.yaml", "-q", "--each", "day=b,c,d,e"]).ok();
    assert_eq!(kept(&project), ["a succeeded", "b succeeded", "c succeeded", "d succeeded", "e succeeded"]);
    let again = project.run(&["pipeline.yaml", "-p", "day=b"]).ok();
    assert!(again.stderr.contains("removed 1 older run by `keep`"), "{}", again.stderr);
    assert_eq!(kept(&project), ["a succeeded", "c succeeded", "d succeeded", "e succeeded", "b succeeded"]);
    // One that failed removes nothing, and is not removed while it can be resumed.
    assert_eq!(project.run(&["pipeline.yaml", "-q", "-p", "day=c", "-p", "bad=true"]).code, 1);
    for _ in 0..2 {
        project.run(&["pipeline.yaml", "-q", "-p", "day=e"]).ok();
    }
    assert_eq!(
        kept(&project),
        [
            "a succeeded",
            "c succeeded",
            "d succeeded",
            "b succeeded",
            "c failed",
            "e succeeded",
            "e succeeded"
        ]
    );
    project.run(&["resume", "-q", "-p", "bad=false"]).ok();
    project.run(&["pipeline.yaml", "-q", "-p", "day=e"]).ok();
    assert_eq!(kept(&project), ["a succeeded", "d succeeded", "b succeeded", "c succeeded", "e succeeded"]);
}

#[test]
fn age_counts_alone_and_beside_a_number() {
    for (keep, expect) in
        [("{ age: 1ms }", 1), ("{ age: 1h }", 3), ("{ runs: 1, age: 1h }", 3), ("{ runs: 2, age: 1ms }", 2)]
    {
        let project = keeping(keep);
        for _ in 0..3 {
            project.run(&["pipeline.yaml", "-q"]).ok();
        }
        assert_eq!(kept(&project).len(), expect, "{keep}");
    }
}

#[test]
fn runs_of_other_pipelines_stay() {
    let project = keeping("{ runs: 1 }");
    let text = project.read("pipeline.yaml");
    let project = project.file("sub/pipeline.yaml", text);
    for _ in 0..2 {
        project.run(&["sub/pipeline.yaml", "-q", "--state-dir", ".flowrun", "--set", "keep.runs=9"]).ok();
    }
    project.run(&["pipeline.yaml", "-q"]).ok();
    project.run(&["pipeline.yaml", "-q"]).ok();
    assert_eq!(kept(&project).len(), 3);
}
