//! Shards: `flowrun run --shard I/N` works on slices of the items, and `flowrun gather` makes one run of them all.

mod damaged;
mod examples;
mod refused;
mod shown;

use std::process::Stdio;

use serde_json::Value;

use crate::book::commands;
use crate::examples::Example;
use crate::project::{self, Project, Ran, yaml};

/// Three map-like steps behind sources, with failures, skips, retries and logs; one behind the first of them.
const PIPELINE: &str = r#"
steps:
  docs: { read: docs.jsonl }
  more: { items: [{ n: 900 }, { n: 901 }] }
  clean:
    from: [docs, more]
    map:
      min_success_ratio: 0.5
      retries: { max: 1, delay: 0s }
      lua: |
        if item.n % 10 == 3 then flow.skip("a three") end
        if item.n % 10 == 7 then error("a seven") end
        if item.n % 10 == 5 and ctx.attempt == 1 then error("not yet") end
        if item.n % 10 == 2 then log.info("two") end
        return { n = item.n, index = index, dice = math.random(1000) }
  words:
    from: docs
    flat_map: "local t = {} for i = 1, item.n % 3 do t[i] = { w = item.n } end return t"
  even: { from: docs, filter: item.n % 2 == 0 }
  late: { from: clean, map: "return { n = item.n + 1, dice = item.dice }" }
  save: { from: late, write: out/late.jsonl }
  save-words: { from: words, write: out/words.jsonl }
  save-even: { from: even, write: out/even.jsonl }
"#;

const OUTPUTS: [&str; 3] = ["out/late.jsonl", "out/words.jsonl", "out/even.jsonl"];

fn rows(items: u64) -> String {
    (1..=items).map(|n| format!("{{\"n\":{n}}}\n")).collect::<Vec<_>>().concat()
}

fn project(items: u64) -> Project {
    Project::with(PIPELINE).file("docs.jsonl", rows(items))
}

fn shard(project: &Project, number: u64, of: u64, more: &[&str]) -> Ran {
    let (shard, folder) = (format!("{number}/{of}"), format!("s{number}"));
    let mut words = vec!["run", "pipeline.yaml", "-q", "--shard", &shard, "--state-dir", &folder];
    words.extend(more);
    project.run(&words)
}

fn shards(project: &Project, of: u64, more: &[&str]) {
    for number in 1..=of {
        shard(project, number, of, more).ok();
    }
}

fn gather(project: &Project, of: u64, more: &[&str]) -> Ran {
    let folders: Vec<String> = (1..=of).map(|number| format!("s{number}")).collect();
    let mut words = vec!["gather", "pipeline.yaml"];
    words.extend(folders.iter().map(String::as_str));
    words.extend(more);
    project.run(&words)
}

/// What a run printed with `--output json`, without what differs from run to run.
fn counters(text: &str) -> Vec<(String, String)> {
    let value: Value = serde_json::from_str(text).expect("one JSON object");
    let steps = value["steps"].as_array().expect("steps").iter();
    let known = steps.map(|step| {
        let mut step = step.clone();
        let fields = step.as_object_mut().expect("a map");
        for field in ["duration", "timing", "reuse", "reused", "redone", "dropped", "reasons"] {
            fields.remove(field);
        }
        (step["id"].to_string(), step.to_string())
    });
    known.collect()
}

#[test]
fn shards_that_are_gathered_are_the_run_of_one_machine() {
    for of in [1, 3, 7] {
        let local = project(100);
        let seed = ["--seed", "5", "--output", "json"];
        let expect = local.run(&[&["pipeline.yaml"][..], &seed[..]].concat()).ok();
        let project = project(100);
        shards(&project, of, &["--seed", "5"]);
        assert!(!project.has("out") && !project.has(".flowrun"), "a shard writes nothing but its folder");
        let gathered = gather(&project, of, &["--output", "json"]).ok();
        for output in OUTPUTS {
            assert_eq!(project.read(output), local.read(output), "{of} {output}");
        }
        assert_eq!(counters(&gathered.stdout), counters(&expect.stdout), "{of}");
        let shown = |project: &Project, words: &[&str]| project.run(words).ok().stdout;
        let failed = ["show", "latest", "clean", "--failed", "--format", "csv"];
        let without_times = |text: String| -> Vec<String> {
            text.lines().map(|line| line.split(',').take(4).collect::<Vec<_>>().join(",")).collect()
        };
        assert_eq!(without_times(shown(&project, &failed)), without_times(shown(&local, &failed)));
        assert!(shown(&project, &["show"]).contains("20 retried"), "{}", shown(&project, &["show"]));
    }
}

#[test]
fn all_shards_of_a_plan_draw_alike_without_a_seed() {
    let project = project(40);
    shards(&project, 3, &[]);
    gather(&project, 3, &["-q"]).ok();
    let of_three = project.read("out/late.jsonl");
    let project = self::project(40);
    shards(&project, 2, &[]);
    gather(&project, 2, &["-q"]).ok();
    assert_eq!(project.read("out/late.jsonl"), of_three);
}

#[test]
fn formats_that_are_cut_and_those_that_are_not_give_the_same() {
    let values: Vec<String> = (1..=23).map(|n| n.to_string()).collect();
    let csv = format!("n\n{}\n", values.join("\n"));
    let json = format!("[{}]", values.iter().map(|n| format!("{{\"n\":{n}}}")).collect::<Vec<_>>().join(","));
    for (source, item) in [
        ("read: docs.jsonl", "item"),
        ("read: docs.csv", "item"),
        ("read: docs.json", "item"),
        ("read: '*.jsonl'", "item"),
        ("glob: many/*.txt", "item.name"),
        ("items: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]", "item"),
        ("items: { lua: 'local t = {} for i = 1, 17 do t[i] = {n = i} end return t' }", "item"),
        ("items: []", "item"),
    ] {
        let pipeline = format!(
            "steps:\n  in: {{ {source} }}\n  out: {{ from: in, map: 'return {{index, {item}}}' }}\n  \
             again: {{ from: in, map: return index }}\n  save: {{ from: [out, again], write: out/all.jsonl }}\n"
        );
        let project = || {
            let project = Project::with(&pipeline).file("docs.jsonl", rows(23)).file("docs.csv", &csv);
            let project = project.file("docs.json", &json).file("more.jsonl", rows(8));
            ["a", "b", "c", "d", "e"]
                .iter()
                .fold(project, |project, name| project.file(&format!("many/{name}.txt"), "x"))
        };
        let local = project();
        local.run(&["pipeline.yaml", "-q"]).ok();
        let sharded = project();
        shards(&sharded, 4, &[]);
        gather(&sharded, 4, &["-q"]).ok();
        assert_eq!(sharded.read("out/all.jsonl"), local.read("out/all.jsonl"), "{source}");
    }
}

#[test]
fn standard_input_is_sharded_where_each_machine_gets_it_whole() {
    let project = Project::with(
        "steps:\n  in: { read: { path: '-', format: jsonl } }\n  out: { from: in, map: return item.n * 2 }\n  save: { from: out, write: out.jsonl }\n",
    )
    .file("docs.jsonl", rows(9));
    let run = |words: &[&str], input: &str| {
        let mut command = project.command(words);
        let file = std::fs::File::open(project.path(input)).expect("it is there");
        Ran::from(command.stdin(Stdio::from(file)).output().expect("it runs"))
    };
    for number in 1..=2 {
        let (shard, folder) = (format!("{number}/2"), format!("s{number}"));
        run(&["run", "pipeline.yaml", "-q", "--shard", &shard, "--state-dir", &folder], "docs.jsonl").ok();
    }
    run(&["gather", "pipeline.yaml", "s1", "s2", "-q"], "docs.jsonl").ok();
    assert_eq!(project.read("out.jsonl"), "2\n4\n6\n8\n10\n12\n14\n16\n18\n");
    let project = project.file("fewer.jsonl", rows(8)).file("other.jsonl", rows(8) + "{\"n\":10}\n");
    let run = |words: &[&str], input: &str| {
        let file = std::fs::File::open(project.path(input)).expect("it is there");
        let mut command = project.command(words);
        Ran::from(command.stdin(Stdio::from(file)).output().expect("it runs"))
    };
    let gather: &[&str] = &["gather", "pipeline.yaml", "s1", "s2"];
    // Going on with it takes no other input either.
    for words in [gather, &["resume"]] {
        let fewer = run(words, "fewer.jsonl");
        assert_eq!(fewer.code, 1, "{}", fewer.stderr);
        let expect = "the shards counted 9 items, and here are 8; they need the same input";
        assert!(fewer.stderr.contains(expect), "{}", fewer.stderr);
    }
    run(&["resume", "-q"], "docs.jsonl").ok();
    let other = run(gather, "other.jsonl");
    assert_eq!(other.code, 1, "{}", other.stderr);
    assert!(
        other.stderr.contains("item 9 is another one here than in shard 2/2 in `s2`"),
        "{}",
        other.stderr
    );
}

#[test]
fn a_shard_judges_nothing_and_gather_does() {
    let failing = |policy: &str| {
        Project::with(&format!(
            "steps:\n  in: {{ read: docs.jsonl }}\n  out:\n    from: in\n    map: {{ {policy}, concurrency: 1, lua: \"if item.n > 30 then error('big') end return item.n\" }}\n  save: {{ from: out, write: out.jsonl }}\n"
        ))
        .file("docs.jsonl", rows(40))
    };
    for (policy, expect) in [
        ("min_success_ratio: 1", "30 of 40 items succeeded, 40 needed"),
        ("max_failures: 3, min_success_ratio: 0", "`max_failures` is 3"),
        ("fail_fast: true", "stopped: fail_fast"),
        ("min_success_ratio: 0.9, stop_early: true", "36 needed"),
    ] {
        let project = failing(policy);
        shards(&project, 4, &[]);
        let gathered = gather(&project, 4, &[]);
        assert_eq!(gathered.code, 1, "{policy} {}", gathered.stderr);
        assert!(gathered.stderr.contains(expect), "{policy} {}", gathered.stderr);
        assert!(!project.has("out.jsonl"));
    }
    let project = failing("min_success_ratio: 0.7");
    shards(&project, 4, &[]);
    gather(&project, 4, &["-q"]).ok();
    assert_eq!(project.read("out.jsonl").lines().count(), 30);
    // What has failed is run again by `resume`, as after any run.
    let again = project.run(&["resume", "latest", "--output", "json"]).ok();
    let value: Value = serde_json::from_str(&again.stdout).expect("one JSON object");
    let step = value["steps"].as_array().expect("steps").iter().find(|step| step["id"] == "out").cloned();
    assert_eq!(step.expect("it ran")["failures"], 10);
}

#[test]
fn bad_rows_that_are_tolerated_are_told_once() {
    let text = "1\nno\n2\n3\nnor\n4\n5\n";
    let pipeline = "steps:\n  in: { read: { path: in.jsonl, min_success_ratio: 0.5 } }\n  out: { from: in, map: 'return {index, item}' }\n  save: { from: out, write: out.jsonl }\n  bad: { from: in.failed, write: bad.jsonl }\n";
    let (local, project) = (Project::with(pipeline), Project::with(pipeline));
    let (local, project) = (local.file("in.jsonl", text), project.file("in.jsonl", text));
    local.run(&["pipeline.yaml", "-q"]).ok();
    shards(&project, 3, &[]);
    gather(&project, 3, &["-q"]).ok();
    for output in ["out.jsonl", "bad.jsonl"] {
        assert_eq!(project.read(output), local.read(output), "{output}");
    }
}

#[test]
fn a_shard_that_was_killed_is_gone_on_with() {
    let numbers: String = (1..=40).map(|n| format!("{n}\n")).collect::<Vec<_>>().concat();
    let lua = "if item == 15 and not fs.exists('go') then time.sleep(600) end return item * 2";
    let project = Project::with(&format!(
        "permissions: {{ read: [.] }}\nsteps:\n  in: {{ read: in.jsonl }}\n  out:\n    from: in\n    map: {{ concurrency: 1, timeout: 1h, lua: \"{lua}\" }}\n  save: {{ from: out, write: out.jsonl }}\n"
    ))
    .file("in.jsonl", numbers);
    let mut cut = project
        .command(&["run", "pipeline.yaml", "--shard", "2/4", "--state-dir", "s2", "-q"])
        .spawn()
        .expect("it starts");
    let done = |project: &Project| {
        let shown = project.run(&["show", "latest", "out", "--state-dir", "s2", "--format", "json"]);
        shown.code == 0 && shown.stdout.contains("\"successes\":4")
    };
    let begun = std::time::Instant::now();
    while !done(&project) {
        assert!(begun.elapsed().as_secs() < 60, "four items are done at once");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    cut.kill().and_then(|()| cut.wait()).expect("it is there");
    let project = project.file("go", "");
    for number in [1, 3, 4] {
        shard(&project, number, 4, &[]).ok();
    }
    let ran = gather(&project, 4, &[]);
    assert!(ran.code == 2 && ran.stderr.contains("shard 2/4 is missing"), "{}", ran.stderr);
    assert!(ran.stderr.contains("goes on with it"), "{}", ran.stderr);
    let resumed = project.run(&["resume", "--state-dir", "s2"]).ok();
    assert!(resumed.stderr.contains("reused 4, redone 6"), "{}", resumed.stderr);
    gather(&project, 4, &["-q"]).ok();
    let expect: String = (1..=40).map(|n| format!("{}\n", n * 2)).collect::<Vec<_>>().concat();
    assert_eq!(project.read("out.jsonl"), expect);
}

#[test]
fn steps_that_ask_for_others_wait_for_gather() {
    let pipeline = "steps:\n  in: { items: [1, 2, 3, 4] }\n  a: { from: in, map: return item * 2 }\n  b: { from: in, needs: a, map: return item }\n  c: { from: in, map: return item + steps.a.successes, needs: a }\n  d: { from: in, when: steps.a.successes > 3, map: return item, needs: a }\n  save: { from: [a, b, c, d], write: out.jsonl }\n";
    let (local, project) = (Project::with(pipeline), Project::with(pipeline));
    local.run(&["pipeline.yaml", "-q"]).ok();
    shards(&project, 2, &[]);
    gather(&project, 2, &["-q"]).ok();
    assert_eq!(project.read("out.jsonl"), local.read("out.jsonl"));
    let record = project.run(&["show", "latest", "--state-dir", "s1", "--format", "json"]).ok().stdout;
    assert!(record.contains("\"a\"") && !record.contains("\"c\""), "{record}");
}

#[test]
fn a_ci_matrix_checks_a_table_in_four_jobs() {
    // Each job has a checkout of its own, and hands on what it has made.
    let shell = |folder: &std::path::Path, command: &str| project::shell(folder, command).ok();
    let workflow = yaml(include_str!("../../examples/ci-matrix/workflow.yml"));
    let last = Example::new("ci-matrix");
    let [shard, gather] = ["shard", "gather"].map(|job| commands(&workflow, job));
    assert_eq!((shard.len(), gather.len()), (1, 1));
    for number in 1..=4 {
        let checkout = Example::new("ci-matrix");
        shell(&checkout.path, &shard[0].replace("${{ matrix.shard }}", &number.to_string()));
        let kept = last.path.join(format!("shards/shard-{number}"));
        std::fs::create_dir_all(&kept).expect("a folder");
        shell(&checkout.path, &format!("cp -r state/. '{}'", kept.display()));
    }
    shell(&last.path, &gather[0]);
    last.check_outputs();
    let checks = last.output("checks.xml");
    assert!(checks.contains("not born yet") && checks.contains("no address"), "{checks}");
}

#[test]
fn a_plan_of_a_shard_says_which_items_it_has() {
    let project = project(20);
    let plan = project.run(&["plan", "pipeline.yaml", "--shard", "2/3"]).ok().stdout;
    for expect in [
        "shard 2/3: items 8 to 14 of 22",
        "shard 2/3: items 7 to 13 of 20",
        "5 steps in this order",
        "4 steps left to `flowrun gather`, which judges all of them",
    ] {
        assert!(plan.contains(expect), "{expect}\n{plan}");
    }
    assert!(!plan.contains("save"), "{plan}");
    let plan = project.run(&["plan", "pipeline.yaml", "--shard", "1/50"]).ok().stdout;
    assert!(plan.contains("shard 1/50: none of 22 items"), "{plan}");
}

#[test]
fn a_gathering_that_was_cut_off_is_gone_on_with_from_the_shards() {
    let lua = "if item == 35 then error('bad') end log.info('once') return item * 2";
    let project = Project::with(&format!(
        "steps:\n  in: {{ read: in.jsonl }}\n  out: {{ from: in, map: {{ min_success_ratio: 0, lua: \"{lua}\" }} }}\n  save: {{ from: out, write: out.jsonl }}\n"
    ))
    .file("in.jsonl", (1..=40).map(|n| format!("{n}\n")).collect::<Vec<_>>().concat());
    shards(&project, 4, &[]);
    // An output that cannot be written ends the run behind the step, and an old run that knows nothing of the step is like
    // one that was killed before it.
    let project = project.file("out.jsonl/in-the-way", "");
    assert_eq!(gather(&project, 4, &["-q"]).code, 1);
    let runs = project.path(".flowrun/runs");
    let run = std::fs::read_dir(runs).expect("runs").next().expect("one").expect("an entry").path();
    std::fs::remove_dir_all(run.join("steps/out")).expect("it has results");
    std::fs::remove_dir_all(project.path("out.jsonl")).expect("it is in the way");
    let resumed = project.run(&["resume"]).ok();
    assert!(resumed.stderr.contains("reused 39, redone 1"), "{}", resumed.stderr);
    assert_eq!(project.read("out.jsonl").lines().count(), 39);
}

#[test]
fn keep_leaves_shards_until_somebody_removes_them() {
    let project = Project::with(
        "keep: { runs: 1 }\nsteps:\n  in: { items: [1, 2] }\n  out: { from: in, map: return item }\n",
    );
    for number in ["1/2", "2/2"] {
        project.run(&["run", "pipeline.yaml", "-q", "--shard", number]).ok();
    }
    for _ in 0..3 {
        project.run(&["pipeline.yaml", "-q"]).ok();
    }
    project.run(&["gather", "pipeline.yaml", ".flowrun", "-q"]).ok();
    project.run(&["gather", "pipeline.yaml", ".flowrun", "-q"]).ok();
}

#[test]
fn a_shard_is_never_strict_and_says_what_comes_next() {
    let project = Project::with(
        "steps:\n  in: { items: [1, 2] }\n  out: { from: in, map: { min_success_ratio: 0, lua: error('no') } }\n",
    );
    let ran = project.run(&["run", "pipeline.yaml", "--shard", "1/2", "--state-dir", "s1", "--strict"]).ok();
    let next = "shard 1/2 is done; `flowrun gather pipeline.yaml D…` puts all of them together";
    assert!(ran.stderr.contains(next), "{}", ran.stderr);
    shard(&project, 2, 2, &["--strict"]).ok();
    assert_eq!(gather(&project, 2, &["--strict"]).code, 3);
}
