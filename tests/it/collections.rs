//! These tests cover steps over whole collections, through the real binary.

use std::time::{Duration, Instant};

use crate::project::Project;

/// Runs `step` from items in `in.jsonl` and compares what is written.
#[track_caller]
fn check(step: &str, items: &[&str], expect: &[&str]) {
    let lines = items.iter().flat_map(|item| [item, "\n"]).collect::<String>();
    let project = Project::with(&format!(
        "steps:\n  docs:\n    read: in.jsonl\n  work:\n    from: docs\n{step}\n  save:\n    from: work\n    write: out.jsonl\n"
    ))
    .file("in.jsonl", lines);
    let summary = project.json(&["--no-state"]);
    assert_eq!(summary.code, 0, "{}", summary.stderr);
    assert_eq!(project.read("out.jsonl").lines().collect::<Vec<_>>(), expect, "{step}");
    let [successes, 0, 0, 0] = summary.counts("work") else { panic!("{}", summary.value) };
    assert!(successes <= items.len() as u64);
}

/// Runs `step` from these items and gives the reason for which it fails.
#[track_caller]
fn reason(step: &str, items: &str) -> String {
    let project = Project::with(&format!(
        "steps:\n  docs:\n    items: {items}\n  work:\n    from: docs\n{step}\n  save:\n    from: work\n    write: out.jsonl\n"
    ))
    .file("out.jsonl", "old\n");
    let summary = project.json(&["--no-state"]);
    assert_eq!(summary.code, 1, "{}", summary.value);
    assert_eq!((summary.status("work"), summary.status("save")), ("failed", "skipped"));
    assert_eq!(summary.counts("work")[0], 0);
    assert_eq!(project.read("out.jsonl"), "old\n");
    summary.step("work")["reason"].as_str().expect("a reason").to_owned()
}

#[test]
fn take_keeps_the_first_items() {
    check("    take: 2", &["1", "2", "3"], &["1", "2"]);
    check("    take: 5", &["1", "2"], &["1", "2"]);
    check("    take: 0", &["1", "2"], &[]);
}

#[test]
fn take_reads_its_source_no_further() {
    let step = "steps:\n  docs:\n    read: in.jsonl\n  work:\n    from: docs\n    take: 3\n  save:\n    from: work\n    write: '-'\n";
    // The row behind the last one taken is never looked at.
    let project = Project::with(step).file("in.jsonl", "1\n2\n3\nnot json\n");
    let summary = project.run(&["pipeline.yaml", "--no-state", "-q"]).ok();
    assert_eq!(summary.stdout, "1\n2\n3\n");
}

#[test]
fn batch_makes_lists_and_the_last_may_be_shorter() {
    check("    batch: 2", &["1", " {\"a\" : 2 }", "[]"], &["[1,{\"a\" : 2 }]", "[[]]"]);
    check("    batch: 9", &["1", "2"], &["[1,2]"]);
    check("    batch: 1", &["1", "2"], &["[1]", "[2]"]);
    check("    batch: 3", &[], &[]);
}

#[test]
fn sort_is_stable_and_orders_all_types() {
    let items =
        ["\"b\"", "10", "null", "[1]", "9.5", "true", "{}", "\"a\"", "9007199254740993", "9007199254740992"];
    let expect =
        ["null", "true", "9.5", "10", "9007199254740992", "9007199254740993", "\"a\"", "\"b\"", "[1]", "{}"];
    check("    sort: item", &items, &expect);
    let pairs = ["{\"k\":1,\"n\":1}", "{\"k\":0,\"n\":2}", "{\"k\":1,\"n\":3}", "{\"n\":4}"];
    let order = |at: [usize; 4]| at.map(|at| pairs[at]);
    check("    sort: item.k", &pairs, &order([3, 1, 0, 2]));
    check("    sort: { by: item.k, order: desc }", &pairs, &order([0, 2, 1, 3]));
    check("    sort: -index", &pairs, &order([3, 2, 1, 0]));
}

#[test]
fn unique_keeps_the_first_of_each_value() {
    let items = ["{\"k\":1}", "{\"k\":1.0,\"x\":1}", "{\"k\":\"1\"}", "{}", "{\"k\":null}", "{\"k\":1}"];
    check("    unique: item.k", &items, &["{\"k\":1}", "{\"k\":\"1\"}", "{}"]);
    check("    unique: item", &["{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"], &["{\"a\":1,\"b\":2}"]);
}

#[test]
fn group_by_keeps_the_order_of_first_appearance() {
    let items = ["{\"l\":\"de\",\"n\":1}", "{\"l\":\"en\"}", "{\"l\":\"de\",\"n\":2}", "{}"];
    let expect = [
        "{\"key\":\"de\",\"items\":[{\"l\":\"de\",\"n\":1},{\"l\":\"de\",\"n\":2}]}",
        "{\"key\":\"en\",\"items\":[{\"l\":\"en\"}]}",
        "{\"key\":null,\"items\":[{}]}",
    ];
    check("    group_by: item.l", &items, &expect);
    check("    group_by: item.l", &[], &[]);
}

#[test]
fn reduce_makes_one_value() {
    check("    reduce: { init: 0, lua: return acc + item }", &["1", "2", "3"], &["6"]);
    check("    reduce: { init: 0, lua: acc + item }", &["1", "2", "3"], &["6"]);
    check("    reduce: { init: { n: [] }, lua: return acc }", &[], &["{\"n\":[]}"]);
    check("    reduce: { init: null, lua: return item }", &["1", "2"], &["2"]);
    let combined = "    reduce: { init: '', lua: return acc .. item.s, combine: return a .. b }";
    check(combined, &["{\"s\":\"a\"}", "{\"s\":\"b\"}"], &["\"ab\""]);
    check(combined, &[], &["\"\""]);
}

#[test]
fn a_parallel_reduce_gives_what_the_sequential_one_gives() {
    let sum = |combine: &str| {
        let project = Project::with(&format!(
            "steps:\n  docs:\n    items: {{ lua: 'local t = {{}} for i = 1, 50000 do t[i] = {{ id = i }} end return t' }}\n  sum:\n    from: docs\n    reduce:\n      init: {{ n: 0, first: 0 }}\n      lua: |\n        acc.n += item.id\n        if acc.first == 0 then acc.first = item.id end\n        return acc\n{combine}  save:\n    from: sum\n    write: out.jsonl\n"
        ));
        project.json(&["--no-state"]);
        project.read("out.jsonl")
    };
    let parallel = sum("      combine: 'return { n = a.n + b.n, first = a.first }'\n");
    assert_eq!(parallel, "{\"first\":1,\"n\":1250025000}\n");
    assert_eq!(sum(""), parallel);
}

#[test]
fn an_error_names_the_place_and_the_item() {
    for (step, expect) in [
        ("    sort: item.a.b", "`sort` failed at item 2: pipeline.yaml:6"),
        ("    unique: error('no')", "`unique` failed at item 1: pipeline.yaml:6"),
        ("    group_by: print", "`group_by` failed at item 1: "),
        ("    sort: 0/0", "`sort` failed at item 1: the value is NaN"),
        (
            "    reduce:\n      init: 0\n      lua: return acc + item.a.b.c",
            "`reduce` failed at item 1: pipeline.yaml:8",
        ),
    ] {
        let found = reason(step, "[{a: {b: 1}}, {}]");
        assert!(found.starts_with(expect), "{step}: {found}");
    }
}

#[test]
fn a_deadline_stops_endless_lua() {
    for step in [
        "    sort: (function() while true do end end)()",
        "    unique: (function() while true do end end)()",
        "    reduce: { init: 0, lua: while true do end }",
        "    reduce: { init: 0, lua: while true do end, combine: return a }",
    ] {
        let begun = Instant::now();
        assert_eq!(reason(&format!("    deadline: 200ms\n{step}"), "[1]"), "deadline", "{step}");
        assert!(begun.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn they_take_no_policy() {
    let project = Project::with(
        "steps:\n  a: { items: [1] }\n  b:\n    from: a\n    sort: { by: item, retries: 2 }\n  c:\n    from: b\n    reduce: { init: 0, lua: return acc, concurrency: 2 }\n  d:\n    from: c\n    write: x.jsonl\n",
    );
    let ran = project.run(&["check", "pipeline.yaml"]);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stderr.contains("unknown key `retries`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("unknown key `concurrency`"), "{}", ran.stderr);
}

#[test]
fn a_resumed_run_reuses_what_stands_behind_a_sort() {
    let project = Project::with(
        "steps:
  docs:
    read: in.jsonl
  sorted:
    from: docs
    sort: { by: item.id, order: desc }
  work:
    from: sorted
    map: |
      if item.id == 2 then error('two') end
      return item
  save:
    from: work
    write: out.jsonl
",
    )
    .ids("in.jsonl", 3);
    assert_eq!(project.json(&[]).counts("work"), [2, 1, 0, 0]);
    // The items stand elsewhere now, and are known by their content all the same.
    let project = project.file("in.jsonl", "{\"id\":1}\n{\"id\":4}\n{\"id\":3}\n");
    let ran = project.run(&["resume", "--output", "json"]).ok();
    let value: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one object");
    let steps = value["steps"].as_array().expect("steps is a list");
    let work = steps.iter().find(|step| step["id"] == "work").expect("the step ran");
    assert_eq!((&work["total"], &work["reuse"]["reused"]), (&3.into(), &2.into()), "{value}");
    assert_eq!(project.read("out.jsonl"), "{\"id\":4}\n{\"id\":3}\n{\"id\":1}\n");
}

#[test]
fn take_stops_the_map_before_it() {
    let steps = "steps:\n  docs:\n    read: in.jsonl\n  calls:\n    from: docs\n    map: { concurrency: 3, cache: true, lua: \"if item > 2 then error('too many') end log.warn('call') return item\" }\n  \
                 work:\n    from: calls\n    take: 2\n  save:\n    from: work\n    write: out.jsonl\n";
    // Neither the call behind the last result that is taken nor the row behind it is looked at.
    let project = Project::with(steps).file("in.jsonl", "1\n2\n3\nnot json\n");
    let summary = project.json(&[]);
    assert_eq!((summary.code, summary.counts("calls")), (0, [2, 0, 0, 0]), "{}", summary.value);
    assert_eq!(project.read("out.jsonl"), "1\n2\n");
    // What is known already counts as well.
    let again = project.json(&[]);
    assert_eq!(
        (again.counts("calls"), again.step("calls")["reuse"]["reused"].as_u64()),
        ([2, 0, 0, 0], Some(2)),
        "{}",
        again.value
    );
}

/// What `sample` draws of the numbers from 1, with these arguments beside the run's.
#[track_caller]
fn sampled(project: &Project, arguments: &[&str]) -> Vec<u64> {
    let mut all = vec!["--no-state"];
    all.extend(arguments);
    let summary = project.json(&all);
    assert_eq!(summary.code, 0, "{} {}", summary.stderr, summary.value);
    assert_eq!(summary.counts("work"), [1000, 0, 0, 0]);
    project.read("out.jsonl").lines().map(|line| line.parse().expect("a number")).collect()
}

#[test]
fn sample_draws_by_seed_and_place_in_the_order_of_the_items() {
    let project = |sample: &str| {
        let numbers: String = (1..=1000).flat_map(|number| [number.to_string(), "\n".to_owned()]).collect();
        let text = format!(
            "steps:\n  docs:\n    read: in.jsonl\n  work:\n    from: docs\n    sample: {sample}\n  save:\n    from: work\n    write: out.jsonl\n"
        );
        Project::with(&text).file("in.jsonl", numbers)
    };
    let ten = sampled(&project("10"), &["--seed", "1"]);
    assert_eq!(ten.len(), 10);
    assert!(ten.windows(2).all(|pair| pair[0] < pair[1]), "{ten:?}");
    assert_eq!(sampled(&project("10"), &["--seed", "1"]), ten);
    assert_ne!(sampled(&project("10"), &["--seed", "2"]), ten);
    assert_eq!(sampled(&project("{ count: 10, seed: 1 }"), &["--seed", "2"]), ten);
    assert_eq!(sampled(&project("2000"), &[]).len(), 1000);
    assert!(sampled(&project("0"), &[]).is_empty());
    let share = sampled(&project("10%"), &["--seed", "1"]);
    assert!((60..140).contains(&share.len()), "{share:?}");
    assert_eq!(sampled(&project("100%"), &[]).len(), 1000);
    assert!(sampled(&project("0.0%"), &[]).is_empty());
    for (sample, expect) in [
        ("101%", "must be"),
        ("-1", "must be at least 0"),
        ("ten", "must be"),
        ("{ seed: 1 }", "needs the key `count`"),
    ] {
        let ran = project(sample).run(&["check", "pipeline.yaml"]);
        assert!(ran.code == 65 && ran.stderr.contains(expect), "{sample}: {}", ran.stderr);
    }
}

#[test]
fn a_resumed_run_draws_the_same() {
    let text = "steps:
  docs:
    read: in.jsonl
  drawn:
    from: docs
    sample: 5
  work:
    from: drawn
    map: |
      if fs.exists('fail') then error('not now') end
      return item.id
  save:
    from: work
    write: out.jsonl
permissions: { read: [.] }
";
    let project = Project::with(text).ids("in.jsonl", 500).file("fail", "");
    assert_eq!(project.json(&[]).counts("work"), [0, 5, 0, 0]);
    let failed = project.run(&["show", "latest", "work", "--failed"]).stdout;
    std::fs::remove_file(project.path("fail")).expect("it is there");
    project.run(&["resume"]).ok();
    let first = project.read("out.jsonl").lines().next().map(str::to_owned).expect("a line");
    assert_eq!(project.read("out.jsonl").lines().count(), 5);
    assert!(
        failed.contains(&format!("\"id\":{first}")) || failed.contains(&format!("\"id\": {first}")),
        "{failed} {first}"
    );
}

#[test]
fn what_is_no_share_to_be_drawn_is_told_what_is_one() {
    for (given, label) in [
        ("101%", "more than all of them"),
        ("-1%", "less than none of them"),
        ("abc", "neither"),
        ("{ count: 1 % }", "digits and a `%`, with nothing between"),
        ("\"10\"", "this is text: take the quotes away"),
    ] {
        let project = Project::with(&format!(
            "x-allow: [unused_step]\nsteps:\n  a: {{ items: [1] }}\n  b: {{ from: a, sample: {given} }}\n"
        ));
        let said = project.run(&["check", "pipeline.yaml"]).stderr;
        let wanted = if given.starts_with('"') {
            "must be a whole number or a map, not a string"
        } else {
            "must be a whole number from 0, or a share from `0%` to `100%`"
        };
        assert!(said.contains(wanted) && said.contains(label), "{given}: {said}");
    }
}
