//! Sent steps: `--on processes` runs items in worker processes of this machine, and what comes out is what one process gives.

mod attach;
mod chaos;
mod command;
pub(crate) mod deaths;
mod first_results;
mod keyed;
mod recipes;
mod shared_sources;
pub(crate) mod workers;

use serde_json::Value;

use crate::examples::Example;
use crate::project::{Project, Ran, command_in};

/// Steps of each map-like kind, behind sources of several kinds, with failures, skips, retries, logs and random numbers.
const PIPELINE: &str = r#"
params: { times: { type: integer, default: 3 } }
steps:
  docs: { read: docs.jsonl }
  rows: { read: rows.csv }
  list: { read: list.json }
  packed: { read: packed.jsonl.gz }
  clean:
    from: [docs, rows, list]
    map:
      min_success_ratio: 0.5
      retries: { max: 1, delay: 0s }
      lua: |
        local n = tonumber(item.n)
        if n % 10 == 3 then flow.skip("a three") end
        if n % 10 == 7 then error("a seven") end
        if n % 10 == 5 and ctx.attempt == 1 then error("not yet") end
        if n % 10 == 2 then log.info("two") end
        return { n = n * params.times, index = index, dice = math.random(1000) }
  words:
    from: packed
    flat_map: "local t = {} for i = 1, item.n % 3 do t[i] = { w = item.n } end return t"
  even: { from: clean, filter: item.n % 2 == 0 }
  keyed: { from: docs, map: { key: "'k' .. item.n", lua: "if item.n == 4 then error('four') end return item.n", min_success_ratio: 0 } }
  later:
    from: docs
    needs: [clean]
    when: steps.clean.failures > 0
    map: "return item.n + steps.clean.failures"
  wrong: { from: clean.failed, map: "return { index = item.index, kind = item.error.kind, key = item.key }" }
  save: { from: even, write: out/even.jsonl }
  save-clean: { from: clean, write: out/clean.csv }
  save-words: { from: words, write: out/words.jsonl }
  save-keyed: { from: keyed, write: out/keyed.jsonl }
  save-later: { from: later, write: out/later.jsonl }
  save-wrong: { from: wrong, write: out/wrong.jsonl }
"#;

pub(crate) const OUTPUTS: [&str; 6] =
    ["even.jsonl", "clean.csv", "words.jsonl", "keyed.jsonl", "later.jsonl", "wrong.jsonl"];

/// Everything is sent, however little it is.
pub(crate) const ON: [&str; 4] = ["--on", "processes", "--executor-set", "send_from=1"];

/// Keys of the executor, as words of a command.
pub(crate) fn set<'a>(keys: &[&'a str]) -> Vec<&'a str> {
    keys.iter().flat_map(|key| ["--executor-set", key]).collect()
}

pub(crate) fn rows(items: u64) -> String {
    (1..=items).map(|n| format!("{{\"n\":{n}}}\n")).collect::<Vec<_>>().concat()
}

/// The shards that the newest run has sent.
pub(crate) fn shards(project: &Project) -> Vec<Value> {
    let shards = project.run(&["show", "latest", "--shards", "--format", "json"]).ok().stdout;
    serde_json::from_str(&shards).expect("a list")
}

/// What the newest run tells of a step.
pub(crate) fn step_of(project: &Project, step: &str) -> Value {
    let shown = project.run(&["show", "latest", step, "--format", "json"]).ok().stdout;
    serde_json::from_str(&shown).expect("an object")
}

fn gzip(text: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

pub(crate) fn project(items: u64) -> Project {
    let csv = (1..=items).map(|n| format!("{n}\n")).collect::<Vec<_>>().concat();
    let list: Vec<String> = (1..=items).map(|n| format!("{{\n \"n\": {n}\n}}")).collect();
    Project::with(PIPELINE)
        .file("docs.jsonl", rows(items))
        .file("rows.csv", format!("n\n{csv}"))
        .file("list.json", format!("[{}]", list.join(",\n")))
        .file("packed.jsonl.gz", gzip(&rows(items)))
}

fn sent(project: &Project, more: &[&str]) -> Ran {
    project.run(&[&["pipeline.yaml"], &ON[..], more].concat())
}

/// What a run printed with `--output json`, without what differs from run to run.
fn counters(text: &str) -> Vec<String> {
    let value: Value = serde_json::from_str(text).expect("one JSON object");
    let steps = value["steps"].as_array().expect("steps").iter();
    let known = steps.map(|step| {
        let mut step = step.clone();
        let fields = step.as_object_mut().expect("a map");
        for field in ["duration", "timing"] {
            fields.remove(field);
        }
        step.to_string()
    });
    known.collect()
}

#[test]
fn what_is_sent_comes_out_as_from_one_process() {
    let seed = ["--seed", "5", "--output", "json"];
    let local = project(100);
    let expect = local.run(&[&["pipeline.yaml"][..], &seed[..]].concat()).ok();
    let project = project(100);
    let there = sent(&project, &seed).ok();
    for output in OUTPUTS {
        let output = format!("out/{output}");
        assert_eq!(project.read(&output), local.read(&output), "{output}");
    }
    assert_eq!(counters(&there.stdout), counters(&expect.stdout));
    let shown = |project: &Project, words: &[&str]| project.run(words).ok().stdout;
    let failed = ["show", "latest", "clean", "--failed", "--format", "csv"];
    let without_times = |text: String| -> Vec<String> {
        text.lines().map(|line| line.split(',').take(4).collect::<Vec<_>>().join(",")).collect()
    };
    assert_eq!(without_times(shown(&project, &failed)), without_times(shown(&local, &failed)));
    let results = ["show", "latest", "clean", "--results", "--format", "jsonl"];
    assert_eq!(shown(&project, &results), shown(&local, &results));
    assert!(shown(&project, &["show"]).contains("60 retried"), "{}", shown(&project, &["show"]));
}

#[test]
fn examples_come_out_alike() {
    for (name, exit) in [
        ("clean-text", 0),
        ("daily-stats", 0),
        ("flaky", 0),
        ("join-orders", 0),
        ("messy-tables", 0),
        ("orders", 0),
        ("resize-images", 0),
        ("split-dataset", 0),
        ("to-sqlite", 0),
        ("two-branches", 0),
        ("validate", 1),
        ("word-count", 0),
    ] {
        let example = Example::new(name);
        let words = [&["run", "pipeline.yaml", "-q"], &ON[..]].concat();
        let ran = Ran::from(command_in(&example.path, &words).output().expect("the binary runs"));
        assert_eq!(ran.code, exit, "{name}: {}", ran.stderr);
        if exit == 0 {
            example.check_outputs();
        }
    }
}

#[test]
fn steps_with_few_items_run_here() {
    let project = Project::with(
        "steps:\n  n: { read: n.jsonl }\n  pid: { from: n, map: \"return exec.run({'sh', '-c', 'echo $PPID'}).stdout\" }\n  save: { from: pid, write: out.jsonl }\npermissions: { exec: [sh] }\n",
    );
    let pids = |project: &Project| {
        let text = project.read("out.jsonl");
        text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>().len()
    };
    let project = project.file("n.jsonl", rows(50));
    project.run(&["pipeline.yaml", "--on", "processes"]).ok();
    assert_eq!(pids(&project), 1);
    project
        .run(&[
            "pipeline.yaml",
            "--on",
            "processes",
            "--executor-set",
            "send_from=50",
            "--executor-set",
            "workers=4",
        ])
        .ok();
    assert!(pids(&project) > 1, "{}", pids(&project));
}

#[test]
fn a_step_that_does_not_work_fails_with_what_its_workers_have_said() {
    let project = Project::with(
        "steps:\n  n: { items: [1, 2] }\n  w: { from: n, map: { lua: return item, setup: error('no model here') } }\n  save: { from: w, write: out.jsonl }\n",
    );
    let ran = sent(&project, &[]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("no model here"), "{}", ran.stderr);
}

#[test]
fn a_program_that_does_not_work_fails_the_step_and_no_item() {
    let project = Project::with(
        "steps:\n  n: { read: n.jsonl }\n  w: { from: n, map: { program: ['false'], min_success_ratio: 0 } }\n  save: { from: w, write: out.jsonl }\n",
    )
    .file("n.jsonl", rows(30));
    let ran = sent(&project, &["--output", "json"]);
    let value: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    assert_eq!((ran.code, &value["steps"][1]["reason"]), (1, &Value::from("program")), "{value}");
}

#[test]
fn workers_see_modules_and_secrets_as_they_were_when_the_run_began() {
    let pipeline = r#"
secrets: { k: { file: k.txt } }
steps:
  n: { read: n.jsonl }
  change: { from: n, reduce: { init: 0, lua: "exec.run({'sh', '-c', 'echo changed > k.txt; echo return 2 > lib.lua'}) return acc" } }
  w: { from: n, needs: [change], map: "return { require('lib'), #secrets.k }" }
  save: { from: w, write: out.jsonl }
permissions: { exec: [sh] }
x-allow: [unused_step]
"#;
    let project = Project::with(pipeline)
        .file("n.jsonl", rows(30))
        .file("k.txt", "a secret value")
        .file("lib.lua", "return 1\n");
    sent(&project, &[]).ok();
    assert_eq!(project.read("lib.lua"), "return 2\n");
    assert_eq!(project.read("out.jsonl"), "[1,14]\n".repeat(30));
}

#[test]
fn verdicts_are_made_of_what_all_workers_have_committed() {
    let text = |policy: &str| {
        format!(
            "steps:\n  n: {{ read: n.jsonl }}\n  w:\n    from: n\n    map: {{ lua: \"if item.n % 4 == 0 then error('four') end return item.n\", {policy} }}\n  save: {{ from: w, write: out.jsonl }}\n"
        )
    };
    for (policy, code) in [
        ("min_success_ratio: 0.75", 0),
        ("min_success_ratio: 0.76", 1),
        ("min_success_ratio: 0, max_failures: 3", 1),
        ("fail_fast: true", 1),
    ] {
        let project = Project::with(&text(policy)).file("n.jsonl", rows(400));
        let ran = sent(&project, &[]);
        assert_eq!(ran.code, code, "{policy}: {}", ran.stderr);
        assert_eq!(project.has("out.jsonl"), code == 0, "{policy}");
    }
}

#[test]
fn bad_rows_are_booked_with_their_source() {
    let project = Project::with(
        "steps:\n  n: { read: { path: n.jsonl, min_success_ratio: 0.5 } }\n  w: { from: n, map: return item.n }\n  save: { from: w, write: out.jsonl }\n",
    );
    let project = project.file("n.jsonl", "{\"n\":1}\nnonsense\n{\"n\":3}\n");
    let ran = sent(&project, &["--output", "json"]);
    let value: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    assert_eq!((ran.code, project.read("out.jsonl").as_str()), (0, "1\n3\n"), "{value}");
    assert_eq!(value["steps"][0]["failures"], 1, "{value}");
}

#[test]
fn what_was_done_is_not_done_again_when_a_sent_run_is_resumed() {
    let pipeline = "steps:\n  n: { read: n.jsonl }\n  w: { from: n, map: \"if item.n == 77 and not fs.exists('ok') then error('not yet') end return item.n\" }\n  save: { from: w, write: out.jsonl }\npermissions: { read: [.] }\n";
    let project = Project::with(pipeline).file("n.jsonl", rows(300));
    assert_eq!(sent(&project, &[]).code, 1);
    std::fs::write(project.path("ok"), "").expect("room");
    let ran = project.run(&[&["resume"], &ON[..], &["--output", "json"]].concat()).ok();
    let value: Value = serde_json::from_str(&ran.stdout).expect("one JSON object");
    assert_eq!(
        (&value["steps"][1]["reuse"]["reused"], &value["steps"][1]["reuse"]["redone"]),
        (&Value::from(299), &Value::from(1)),
        "{value}"
    );
    assert_eq!(project.read("out.jsonl").lines().count(), 300);
}

#[test]
fn a_rate_limit_is_shared_out_to_workers() {
    let pipeline = "steps:
  n: { read: n.jsonl }
  w: { from: n, map: { rate_limit: 20/s, concurrency: 8, lua: return item.n } }
  save: { from: w, write: out.jsonl }
";
    let project = Project::with(pipeline).file("n.jsonl", rows(60));
    let planned =
        project.run(&[&["plan", "pipeline.yaml"], &ON[..], &["--executor-set", "workers=2"]].concat()).ok();
    assert!(planned.stdout.contains("2 workers"), "{}", planned.stdout);
    let begun = std::time::Instant::now();
    project.run(&[&["pipeline.yaml"], &ON[..], &["--executor-set", "workers=2"]].concat()).ok();
    // A second until the first share, then 10 of 30 items of each worker in a second.
    assert!(begun.elapsed().as_millis() >= 3000, "{:?}", begun.elapsed());
    assert_eq!(project.read("out.jsonl").lines().count(), 60);
}

#[test]
fn what_workers_have_found_out_is_remembered_and_what_is_known_is_not_sent() {
    let pipeline = "steps:
  n: { read: n.jsonl }
  w:
    from: n
    flat_map:
      cache: true
      min_success_ratio: 0.5
      lua: |
        exec.run({'sh', '-c', 'echo ' .. item.n .. ' >> ran'})
        if item.n % 10 == 1 then flow.skip('ends with one') end
        if item.n % 10 == 2 then error('no') end
        if item.n % 10 == 3 then return {} end
        return { { n = item.n }, item.n * 2 }
  even: { from: w, filter: { cache: true, lua: 'return type(item) == \"number\" and item % 4 == 0' } }
  save: { from: [w, even], write: out.jsonl }
permissions: { exec: [sh] }
";
    let began = |project: &Project| project.read("ran").lines().count();
    let here = &["pipeline.yaml", "--output", "json"][..];
    let there = [here, &ON, &["--executor-set", "workers=2"]].concat();
    for (first, second) in [(&*there, here), (here, &*there), (&*there, &*there)] {
        let project = Project::with(pipeline).file("n.jsonl", rows(100));
        project.run(first).ok();
        let expect = project.read("out.jsonl");
        assert_eq!(began(&project), 100);
        let project = project.file("n.jsonl", rows(101));
        let ran = project.run(second).ok();
        // What has failed is not remembered, and one item is new, which is skipped.
        assert_eq!(began(&project), 111, "{first:?} {second:?}");
        assert_eq!(project.read("out.jsonl"), expect, "{first:?} {second:?}");
        let result: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let reuse = &result["steps"][1]["reuse"];
        assert_eq!((&reuse["reused"], &reuse["redone"]), (&90.into(), &11.into()), "{reuse}");
        assert_eq!(result["steps"][2]["reuse"]["redone"], 0, "{result}");
    }
}

#[test]
fn a_budget_of_retries_is_one_for_all_workers() {
    let pipeline = "steps:
  n: { read: n.jsonl }
  w:
    from: n
    map:
      concurrency: 2
      min_success_ratio: 0
      retries: { max: 1, delay: 1ms, budget: 20 }
      lua: |
        if ctx.attempt == 1 then exec.run({'sleep', '0.01'}) flow.retry('once more') end
        return item.n
  save: { from: w, write: out.jsonl }
permissions: { exec: [sleep] }
";
    for (settings, least) in [(&["workers=1"][..], 20), (&["workers=3", "commit=1s"], 10)] {
        let project = Project::with(pipeline).file("n.jsonl", rows(300));
        let settings = set(settings);
        let ran = project.run(&[&["pipeline.yaml", "--output", "json"], &ON[..], &settings].concat()).ok();
        let result: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let (step, count) = (&result["steps"][1], project.read("out.jsonl").lines().count());
        assert_eq!(step["retried"], count, "who was tried again has succeeded: {step}");
        assert_eq!(step["failures"], 300 - count, "{step}");
        // What one worker holds when the others ask is its own.
        assert!(count <= 20 && count >= least, "{count} of 20 with {settings:?}");
    }
}

#[test]
fn a_limit_that_steps_share_is_shared_out_to_workers_too() {
    let pipeline = "rate_limits: { api: 20/s }
steps:
  n: { read: n.jsonl }
  before: { from: n, local: true, map: { rate_limit: api, lua: 'return { n = item.n, at = time.now() }' } }
  w: { from: before, map: { rate_limit: api, concurrency: 4, lua: 'return { n = item.n, at = time.now() }' } }
  behind: { from: w, local: true, map: { rate_limit: api, lua: 'return { n = item.n, at = time.now() }' } }
  all: { from: [before, w, behind], write: out.jsonl }
";
    let project = Project::with(pipeline).file("n.jsonl", rows(30));
    let words = [&["plan", "pipeline.yaml"], &ON[..], &["--executor-set", "workers=3"]].concat();
    let planned = project.run(&words).ok().stdout;
    assert!(planned.contains("3 workers × 4"), "18 of 20 are enough: {planned}");
    project.run(&[&["pipeline.yaml", "-q"], &ON[..], &["--executor-set", "workers=3"]].concat()).ok();
    assert_at_most_20_a_second(&project, 90);
}

/// `out.jsonl` says when each of so many items has begun.
pub(crate) fn assert_at_most_20_a_second(project: &Project, items: usize) {
    let mut starts: Vec<f64> = project
        .read("out.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("an object")["at"].as_f64().expect("a time"))
        .collect();
    starts.sort_by(f64::total_cmp);
    assert_eq!(starts.len(), items);
    let most = starts.iter().map(|from| starts.iter().filter(|at| (*from..*from + 0.9).contains(at)).count());
    assert!(most.max().unwrap_or(0) <= 20, "in no second more than there is: {starts:?}");
}

#[test]
fn all_items_that_workers_have_run_are_timed() {
    let project = project(400);
    sent(&project, &["--executor-set", "commit=1s"]).ok();
    let runs = std::fs::read_dir(project.path(".flowrun/runs")).expect("runs");
    let run = runs.flatten().find(|entry| entry.path().join("run.db").exists()).expect("one").path();
    let database = rusqlite::Connection::open(run.join("run.db")).expect("a database");
    let timed = |step: &str| {
        let query = "SELECT count FROM timings WHERE step = ?1";
        database.query_row(query, [step], |row| row.get::<_, i64>(0)).expect("it was timed")
    };
    assert_eq!((timed("words"), timed("later")), (400, 400));
}

#[test]
fn what_counts_in_one_process_is_run_here_and_said_before() {
    let pipeline = "steps:
  n: { read: n.jsonl }
  a: { from: n, map: { rate_limit: 900000/h, lua: return item.n } }
  save: { from: a, write: out.jsonl }
";
    let project = Project::with(pipeline).file("n.jsonl", rows(60));
    let planned = project.run(&[&["plan", "pipeline.yaml"], &ON[..]].concat()).ok().stdout;
    assert!(planned.contains("here: its rate limit cannot be shared out"), "{planned}");
    project.run(&[&["pipeline.yaml"], &ON[..]].concat()).ok();
    assert_eq!(shards(&project), Vec::<Value>::new(), "nothing of it was sent");
    let checked = project.run(&[&["check", "pipeline.yaml"], &ON[..2]].concat()).ok();
    assert!(checked.stderr.contains("flowrun::rate_here"), "{}", checked.stderr);
}

#[test]
fn steps_that_read_one_source_share_what_was_written_down_of_it() {
    let pipeline = "steps:
  packed: { read: packed.jsonl.gz }
  rows: { read: rows.csv }
  a: { from: packed, map: \"exec.run({'sleep', '0.02'}) return item.n\" }
  b: { from: [rows, packed], needs: [a], map: \"exec.run({'sleep', '0.02'}) return tonumber(item.n) * 2\" }
  save: { from: [a, b], write: out.jsonl }
permissions: { exec: [sleep] }
";
    let project = project(60).file("pipeline.yaml", pipeline);
    let mut command = project.command(&[&["pipeline.yaml"], &ON[..]].concat());
    let mut run = command.stderr(std::process::Stdio::null()).spawn().expect("the binary runs");
    let mut seen = Vec::new();
    let folder = |step: &str| {
        let runs = std::fs::read_dir(project.path(".flowrun/runs")).ok()?;
        Some(runs.flatten().next()?.path().join("steps").join(step))
    };
    while run.try_wait().expect("a child").is_none() {
        let items =
            folder("packed").and_then(|folder| std::fs::metadata(folder.join("items-0001.jsonl.zst")).ok());
        for step in ["a", "b"] {
            let Some(remote) = folder(step).map(|folder| folder.join("remote")) else { continue };
            assert!(!remote.join("items-0001.jsonl.zst").exists(), "{step} has items of its own");
            let ino = items.as_ref().map(std::os::unix::fs::MetadataExt::ino);
            if let (true, Some(ino)) = (remote.join("job.json").exists(), ino) {
                seen.push((step, ino));
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
    seen.dedup();
    let files: std::collections::BTreeSet<u64> = seen.iter().map(|(_, ino)| *ino).collect();
    assert_eq!((seen.len(), files.len()), (2, 1), "both steps read one file: {seen:?}");
    let doubled: Vec<String> = (1..=60)
        .chain((1..=60).map(|n| n * 2))
        .chain((1..=60).map(|n| n * 2))
        .map(|n: u32| format!("{n}\n"))
        .collect();
    assert_eq!(project.read("out.jsonl"), doubled.concat());
    assert!(
        !folder("packed").expect("a run").join("items-0001.jsonl.zst").exists(),
        "nobody reads it any more"
    );
}

#[test]
fn an_executor_that_is_not_there_and_a_run_that_is_not_kept_are_refused() {
    let project = project(3);
    for (words, expect) in [
        (&["--on", "nowhere"][..], "there is no executor `nowhere`"),
        (&["--on", "processes", "--no-state"], "a run whose steps are sent must be kept"),
    ] {
        let ran = project.run(&[&["pipeline.yaml"], words].concat());
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains(expect), "{}", ran.stderr);
        assert!(!project.has("out"), "nothing has run");
    }
}
