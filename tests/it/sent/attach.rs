//! A coordinator that is gone is replaced by `flowrun attach`: the run keeps its id, and its workers notice nothing.

use std::process::Stdio;

use serde_json::Value;

use super::deaths::{SLOW, begun, expected, spawn, until};
use super::workers::{signal, workers};
use super::{ON, assert_at_most_20_a_second, rows, step_of};
use crate::project::Project;

/// A run whose coordinator got this signal when so many items had begun.
fn left(project: &Project, more: &[&str], (name, after): (&str, usize)) -> Option<i32> {
    let words = [&["pipeline.yaml", "--seed", "3"], &ON[..], more].concat();
    let mut command = project.command(&words);
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
    until(|| (project.has("ran") && project.read("ran").lines().count() > after).then_some(()));
    signal(run.id(), name);
    run.wait().expect("a child").code()
}

fn ids(project: &Project) -> Vec<(String, String)> {
    let listed = project.run(&["runs", "--format", "json"]).ok().stdout;
    let runs: Vec<Value> = serde_json::from_str(&listed).expect("a list");
    let text = |run: &Value, key: &str| run[key].as_str().expect("text").to_owned();
    runs.iter().map(|run| (text(run, "run"), text(run, "status"))).collect()
}

#[test]
fn the_workers_of_a_killed_coordinator_get_a_new_one() {
    let project = Project::with(SLOW).file("n.jsonl", rows(600));
    left(&project, &["--executor-set", "workers=2"], ("KILL", 40));
    let there = workers(&project.path(""));
    assert!(!there.is_empty());
    let before = ids(&project);
    let ran = project.run(&["attach"]).ok();
    assert!(ran.stderr.contains("whose coordinator is gone"), "{}", ran.stderr);
    assert!(ran.stderr.contains("600 items · 600 ok"), "{}", ran.stderr);
    assert_eq!(project.read("out.jsonl"), expected(600));
    let counts = begun(&project);
    assert!(counts.len() == 600 && counts.values().all(|count| *count == 1), "no item ran twice: {counts:?}");
    assert_eq!(ids(&project), [(before[0].0.clone(), "succeeded".to_owned())]);
    let step = step_of(&project, "w");
    assert_eq!((&step["total"], &step["successes"]), (&600.into(), &600.into()), "{step}");
}

#[test]
fn a_coordinator_whose_terminal_is_gone_leaves_its_workers_at_work() {
    let project = Project::with(SLOW).file("n.jsonl", rows(400));
    assert_eq!(left(&project, &["--executor-set", "workers=2"], ("HUP", 30)), Some(129));
    assert!(!workers(&project.path("")).is_empty());
    // Meanwhile the pipeline was edited: the run is what it was.
    let project = project.file("pipeline.yaml", "steps: {}\n");
    project.run(&["attach", "-q"]).ok();
    assert_eq!(project.read("out.jsonl"), expected(400));
}

#[test]
fn workers_that_were_left_keep_their_part_of_a_limit() {
    let pipeline = "rate_limits: { api: 20/s }
steps:
  n: { read: n.jsonl }
  here: { from: n, local: true, map: { rate_limit: api, lua: 'return { n = item.n, at = time.now() }' } }
  w:
    from: n
    map: { rate_limit: api, lua: \"exec.run({'sh', '-c', 'echo >> ran'}) return { n = item.n, at = time.now() }\" }
  all: { from: [w, here], write: out.jsonl }
permissions: { exec: [sh] }
";
    let project = Project::with(pipeline).file("n.jsonl", rows(60));
    left(&project, &["--executor-set", "workers=2"], ("KILL", 6));
    // What the dead coordinator has started itself is more than a second ago.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    project.run(&["attach", "-q"]).ok();
    assert_at_most_20_a_second(&project, 120);
}

#[test]
fn coordinators_may_die_again_and_again() {
    let project = Project::with(SLOW).file("n.jsonl", rows(500));
    left(&project, &["--executor-set", "workers=2", "--executor-set", "commit=1s"], ("KILL", 20));
    for round in 1..4 {
        let mut command = project.command(&["attach", "-q"]);
        let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
        let until_then = 60 * round;
        until(|| {
            let is_over = run.try_wait().expect("a child").is_some();
            (is_over || project.read("ran").lines().count() > until_then).then_some(())
        });
        // Workers die too.
        if round == 2 {
            workers(&project.path("")).first().inspect(|pid| signal(**pid, "KILL"));
        }
        run.kill().expect("a child");
        run.wait().expect("a child");
    }
    project.run(&["attach", "-q"]).ok();
    assert_eq!(project.read("out.jsonl"), expected(500));
    let repeated: u64 = begun(&project).values().map(|count| count - 1).sum();
    assert!(repeated <= 80, "{repeated} items ran again");
    assert_eq!(workers(&project.path("")), [] as [u32; 0]);
    assert_eq!(ids(&project).len(), 1);
}

#[test]
fn steps_that_had_ended_are_given_on_and_those_that_run_here_go_on() {
    let pipeline = "steps:
  n: { read: { path: n.jsonl, max_failures: 3, min_success_ratio: 0.5 } }
  first:
    from: n
    map:
      min_success_ratio: 0.5
      lua: \"if item.n == 7 then error('no') end return { n = item.n, dice = math.random(100) }\"
  here: { from: n, local: true, map: \"exec.run({'sh', '-c', 'echo ' .. item.n .. ' >> here; sleep 0.02'}) return item.n\" }
  w:
    from: first
    needs: here
    when: steps.here.failures == 0
    map:
      concurrency: 2
      lua: \"exec.run({'sh', '-c', 'echo ' .. item.n .. ' >> ran; sleep 0.02'}) return item.dice\"
  save: { from: w, write: out.jsonl }
  lost: { from: first.failed, write: lost.jsonl }
  bad: { from: n.failed, write: bad.jsonl }
  also: { from: here, write: here.jsonl }
permissions: { exec: [sh] }
";
    let input = rows(150) + "nonsense\n" + &rows(100);
    let local = Project::with(pipeline).file("n.jsonl", input.clone());
    local.run(&["pipeline.yaml", "--seed", "3", "-q"]).ok();
    // When a step runs here, and when one is sent.
    for file in ["here", "ran"] {
        let project = Project::with(pipeline).file("n.jsonl", input.clone());
        let words = [&["pipeline.yaml", "--seed", "3"], &ON[..]].concat();
        let mut command = project.command(&words);
        let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
        until(|| (project.has(file) && project.read(file).lines().count() > 60).then_some(()));
        run.kill().expect("a child");
        run.wait().expect("a child");
        let ran = project.run(&["attach", "--output", "json"]).ok();
        assert_eq!(project.read("bad.jsonl"), local.read("bad.jsonl"), "{file}: rows that were read before");
        let told = ["1 failed in n:", "2 failed in first:"].map(|line| ran.stderr.matches(line).count());
        assert_eq!(told, [1, 1], "{file}: {}", ran.stderr);
        let summary: Value = serde_json::from_str(&ran.stdout).expect("an object");
        for output in ["out.jsonl", "here.jsonl"] {
            assert_eq!(project.read(output), local.read(output), "{file}: {output}");
        }
        assert_eq!(project.read("lost.jsonl").lines().count(), 2, "{file}");
        let steps = summary["steps"].as_array().expect("a list");
        let counts = |name: &str| {
            let step =
                steps.iter().find(|step| step["id"] == name).unwrap_or_else(|| panic!("{name}: {summary}"));
            ["total", "successes", "failures", "cancelled"].map(|key| step[key].as_u64().unwrap_or(9999))
        };
        assert_eq!(counts("n"), [251, 250, 1, 0], "{file}: {summary}");
        assert_eq!(counts("first"), [250, 248, 2, 0], "{file}: {summary}");
        assert_eq!(counts("here"), [250, 250, 0, 0], "{file}: {summary}");
        assert_eq!(counts("w"), [248, 248, 0, 0], "{file}: {summary}");
        let again = project.read("here").lines().count() - 250;
        assert!(again <= 60, "{again} items ran again here");
    }
}

#[test]
fn shards_are_shown_while_they_run_and_afterwards() {
    let project = Project::with(SLOW).file("n.jsonl", rows(400));
    left(&project, &["--executor-set", "workers=2", "--executor-set", "commit=1s"], ("KILL", 150));
    let shards = |words: &[&str]| {
        let text = project.run(&[&["show", "latest", "--shards"], words].concat()).ok().stdout;
        if words.is_empty() { Value::String(text) } else { serde_json::from_str(&text).expect("JSON") }
    };
    let count = |shards: &Value, state: &str| {
        let of_state = shards.as_array().expect("a list").iter().filter(|shard| shard["state"] == state);
        of_state.map(|shard| shard["count"].as_u64().expect("a number")).sum::<u64>()
    };
    // A worker that has just gone on with its next shard has not said where it is.
    let is_told = |shard: &&Value| shard["state"] == "running" && shard["node"].is_string();
    let now = until(|| {
        let now = shards(&["--format", "json"]);
        now.as_array().expect("a list").iter().any(|shard| is_told(&shard)).then_some(now)
    });
    let running = now.as_array().expect("a list").iter().find(is_told).expect("somebody is at work");
    assert!(running["job"].is_string() && running["log"].is_string(), "{running}");
    assert_eq!(running["attempts"], 1, "{running}");
    let all: u64 = ["done", "running", "waiting"].iter().map(|state| count(&now, state)).sum();
    assert_eq!(all, 400, "{now}");
    project.run(&["attach", "-q"]).ok();
    let then = shards(&["--format", "json"]);
    assert_eq!((count(&then, "done"), then[0]["first"].as_u64()), (400, Some(1)), "{then}");
    let whys: Vec<&str> =
        then.as_array().expect("a list").iter().filter_map(|shard| shard["why"].as_str()).collect();
    assert!(whys.contains(&"end"), "{then}");
    let text = shards(&[]);
    let text = text.as_str().expect("text");
    assert!(text.starts_with("w\n  shard  state"), "{text}");
    assert_eq!(project.run(&["show", "latest", "--shards", "--failed"]).code, 2);
    let page = project.run(&["report", "latest"]).ok().stdout;
    let node = now[0]["node"].as_str().or(running["node"].as_str()).expect("a name");
    assert!(page.contains("<h2 id=\"workers\">Workers</h2>") && page.contains(node), "{page}");
}

/// Every tenth item fails, and workers hand nothing over before the end.
const FAILING: &str = "steps:
  n: { read: n.jsonl }
  w: { from: n, map: { lua: 'time.sleep(0.05) assert(item.n % 10 ~= 0, \"ten\") return item.n', min_success_ratio: 0 } }
  save: { from: w, write: out.jsonl }
";

#[test]
fn what_workers_say_of_items_that_they_have_not_handed_over_is_shown_and_marked() {
    let project = Project::with(FAILING).file("n.jsonl", rows(1000));
    let words = [&["pipeline.yaml"], &ON[..], &["--executor-set", "workers=2"]].concat();
    let mut run = spawn(&project, &words);
    until(|| (workers(&project.path("")).len() == 2).then_some(()));
    let step = until(|| {
        let step = step_of(&project, "w");
        (step["workers"]["failures"].as_u64() > Some(0)).then_some(step)
    });
    assert_eq!((&step["successes"], &step["failures"]), (&0.into(), &0.into()), "nothing is in the books");
    assert_eq!((&step["workers"]["running"], &step["workers"]["died"]), (&2.into(), &0.into()), "{step}");
    let error = &step["last_error"];
    assert_eq!(
        (error["index"].as_u64().map(|n| n % 10), &error["final"]),
        (Some(0), &true.into()),
        "{error}"
    );
    let text = project.run(&["show"]).ok().stdout;
    let line = text.lines().find(|line| line.trim().starts_with("map w")).expect("a line");
    assert!(line.contains("running · ~") && line.contains(" ok · ~"), "{text}");
    assert!(text.contains("  workers: 2 running"), "{text}");
    assert!(text.contains("last error ") && text.contains(": error: ten"), "{text}");
    signal(run.id(), "INT");
    assert_eq!(run.wait().expect("a child").code(), Some(130));
    let step = step_of(&project, "w");
    assert!(step["workers"].is_null() && step["failures"].as_u64() > Some(0), "{step}");
}

/// Where the workers of step `w` of the only run meet.
fn remote(project: &Project) -> std::path::PathBuf {
    project.path(".flowrun/runs").join(&ids(project)[0].0).join("steps/w/remote")
}

#[test]
fn a_deadline_goes_on_and_so_does_the_time_of_step_and_run() {
    let pipeline = SLOW.replace("    from: n\n", "    from: n\n    deadline: 3s\n");
    let project = Project::with(&pipeline).file("n.jsonl", rows(2000));
    left(&project, &["--executor-set", "workers=1"], ("KILL", 20));
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let ran = project.run(&["attach", "--output", "json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let summary: Value = serde_json::from_str(&ran.stdout).expect("an object");
    let step = &summary["steps"][1];
    assert_eq!((&step["status"], &step["reason"]), (&"failed".into(), &"deadline".into()), "{summary}");
    let seconds = step["duration"].as_f64().expect("a number");
    assert!((2.9..8.0).contains(&seconds), "{summary}");
    let runs_text = project.run(&["runs", "--format", "json"]).ok().stdout;
    let runs: Value = serde_json::from_str(&runs_text).expect("a list");
    assert!(runs[0]["duration"].as_f64().expect("a number") >= seconds, "{runs}");
    assert!(step["cancelled"].as_u64().expect("a number") > 1000, "{summary}");
    assert_eq!(workers(&project.path("")), [] as [u32; 0]);
}

#[test]
fn what_is_damaged_ends_the_workers_and_what_was_being_cleared_does_not_matter() {
    let project = Project::with(SLOW).file("n.jsonl", rows(400));
    left(&project, &["--executor-set", "workers=2"], ("KILL", 20));
    std::fs::write(remote(&project).join("wave/0.json"), "{").expect("room");
    let ran = project.run(&["attach", "-q"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("wave/0.json"), "{}", ran.stderr);
    assert_eq!(workers(&project.path("")), [] as [u32; 0]);
    project.run(&["resume", "-q"]).ok();
    assert_eq!(project.read("out.jsonl"), expected(400));
    // A coordinator that was killed while it cleared the folder had everything in its books.
    let project = Project::with(SLOW).file("n.jsonl", rows(300));
    left(&project, &["--executor-set", "workers=2"], ("KILL", 250));
    until(|| workers(&project.path("")).is_empty().then_some(()));
    project.run(&["attach", "-q"]).ok();
    assert_eq!(project.read("out.jsonl"), expected(300));
}

#[test]
fn only_runs_that_were_left_are_attached_to() {
    let project = Project::with(SLOW).file("n.jsonl", rows(60));
    let none = project.run(&["attach"]);
    assert_eq!(none.code, 2, "{}", none.stderr);
    project.run(&["pipeline.yaml", "-q"]).ok();
    let ended = project.run(&["attach", "latest"]);
    assert!(ended.code == 2 && ended.stderr.contains("has ended: it succeeded"), "{}", ended.stderr);
    let none = project.run(&["attach"]);
    assert!(none.code == 2 && none.stderr.contains("no run whose coordinator is gone"), "{}", none.stderr);
    std::fs::remove_file(project.path("ran")).expect("ours");
    let project = project.file("n.jsonl", rows(400));
    left(&project, &["--executor-set", "workers=1"], ("KILL", 5));
    let mut command = project.command(&["attach", "-q"]);
    let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
    until(|| (ids(&project)[0].1 == "running").then_some(()));
    let second = project.run(&["attach", "latest"]);
    assert_eq!(second.code, 2, "{}", second.stderr);
    assert!(second.stderr.contains("is still going on (process "), "{}", second.stderr);
    signal(run.id(), "INT");
    assert_eq!(run.wait().expect("a child").code(), Some(130));
    assert_eq!(workers(&project.path("")), [] as [u32; 0]);
    let ended = project.run(&["attach", "latest"]);
    assert!(ended.code == 2 && ended.stderr.contains("has ended: it was interrupted"), "{}", ended.stderr);
}
