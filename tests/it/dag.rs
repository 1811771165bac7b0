//! These tests cover steps that depend on each other, through the real binary.

use std::io::Write as _;

use crate::project::Project;

#[test]
fn independent_branches_run_and_failed_items_are_data() {
    let project = Project::with(
        "steps:
  docs:
    read: in.jsonl
  work:
    from: docs
    map:
      min_success_ratio: 0.5
      lua: |
        if item.id % 3 == 0 then error('third') end
        return item
  odd:
    from: work
    filter: item.id % 2 == 1
  save:
    from: odd
    write: odd.jsonl
  dead:
    from: work.failed
    write: dead.jsonl
",
    )
    .ids("in.jsonl", 9);
    let summary = project.json(&[]);
    assert_eq!(summary.code, 0, "{}", summary.stderr);
    assert_eq!(project.read("odd.jsonl"), "{\"id\":1}\n{\"id\":5}\n{\"id\":7}\n");
    let dead: Vec<serde_json::Value> =
        project.read("dead.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(
        dead.iter().map(|record| record["index"].as_u64()).collect::<Vec<_>>(),
        [Some(3), Some(6), Some(9)]
    );
    assert_eq!(dead[0]["item"], serde_json::json!({"id": 3}));
    assert_eq!(dead[0]["error"]["kind"], "error");
    assert_eq!((&dead[0]["attempts"], dead[0]["history"].as_array().map(Vec::len)), (&1.into(), Some(1)));
}

#[test]
fn expressions_find_errors_by_index_and_nil_where_there_is_nothing() {
    let project = Project::with(
        "steps:
  docs:
    read: in.jsonl
  work:
    from: docs
    map:
      min_success_ratio: 0.5
      lua: |
        if item.id == 2 then error('second') end
        return item
  seen:
    needs: work
    when: steps.work.errors[2] == 'second' and steps.work.errors['2'] == 'second' and not steps.work.errors[1]
    items:
      lua: return { { reason = steps.work.reason == nil, work = steps.work } }
  save:
    from: seen
    write: out.jsonl
",
    )
    .ids("in.jsonl", 2);
    let summary = project.json(&[]);
    assert_eq!(summary.status("save"), "succeeded", "{}", summary.stderr);
    let seen: serde_json::Value = serde_json::from_str(&project.read("out.jsonl")).expect("one item");
    assert_eq!(seen["reason"], true);
    assert_eq!(seen["work"]["errors"], serde_json::json!({"2": "second"}));
}

#[test]
fn a_failed_step_skips_its_dependants_but_not_the_readers_of_its_failures() {
    let project = Project::with(
        "steps:
  docs:
    read: in.jsonl
  work:
    from: docs
    map: error('no ' .. item.id)
  save:
    from: work
    write: out.jsonl
  after:
    from: docs
    needs: [work]
    write: after.jsonl
  dead:
    from: work.failed
    map: return item.error.message
  kept:
    from: dead
    write: dead.jsonl
",
    )
    .ids("in.jsonl", 2)
    .file("out.jsonl", "old\n");
    let summary = project.json(&[]);
    assert_eq!(summary.code, 1);
    let statuses = ["docs", "work", "save", "after", "dead", "kept"].map(|id| summary.status(id));
    assert_eq!(statuses, ["succeeded", "failed", "skipped", "skipped", "succeeded", "succeeded"]);
    assert_eq!(project.read("out.jsonl"), "old\n");
    assert!(!project.has("after.jsonl"));
    assert_eq!(project.read("dead.jsonl").lines().count(), 2);
}

#[test]
fn a_list_of_inputs_is_concatenated_in_its_order() {
    let project = Project::with(
        "steps:
  a:
    items: [1, 2]
  b:
    items: [3]
  all:
    from: [b, a, b]
    map: return { index, item }
  save:
    from: all
    write: out.jsonl
",
    );
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl"), "[1,3]\n[2,1]\n[3,2]\n[4,3]\n");
}

#[test]
fn when_decides_on_the_results_of_steps_before() {
    let pipeline = |limit: u64| {
        format!(
            "steps:
  docs:
    items: [1, 2, 3]
  work:
    from: docs
    map: return item
  alarm:
    from: work
    when: steps.work.successes < {limit}
    write: alarm.jsonl
  behind:
    from: behind_source
    needs: [alarm]
    write: behind.jsonl
  behind_source:
    items: [1]
"
        )
    };
    let quiet = Project::with(&pipeline(3));
    let summary = quiet.json(&[]);
    assert_eq!((summary.code, summary.status("alarm"), summary.status("behind")), (0, "skipped", "skipped"));
    assert!(!quiet.has("alarm.jsonl"));
    let loud = Project::with(&pipeline(4));
    assert_eq!(loud.json(&[]).status("behind"), "succeeded");
    assert_eq!(loud.read("alarm.jsonl"), "1\n2\n3\n");
}

#[test]
fn when_looks_at_files_and_changes_none() {
    let pipeline = |when: &str| {
        format!(
            "permissions: {{ write: [.] }}
steps:
  docs: {{ items: [1] }}
  work:
    from: docs
    when: {when}
    write: out.jsonl
"
        )
    };
    let looks = Project::with(&pipeline("fs.exists('pipeline.yaml')"));
    assert_eq!(looks.json(&[]).status("work"), "succeeded");
    let writes = Project::with(&pipeline("fs.write('x', 'y') == nil"));
    assert_eq!(writes.json(&[]).status("work"), "failed");
    assert!(!writes.has("x"));
}

#[test]
fn a_bad_row_fails_its_source_and_cancels_the_reader() {
    let project =
        Project::with("steps:\n  docs:\n    read: in.jsonl\n  work:\n    from: docs\n    map: return item\n")
            .file("in.jsonl", "{\"a\":1}\n{oops\n{\"a\":3}\n");
    let summary = project.json(&[]);
    assert_eq!((summary.code, summary.status("docs"), summary.status("work")), (1, "failed", "cancelled"));
    assert_eq!(summary.step("docs")["failures"], 1);
    let errors = summary.step("docs")["errors"].as_object().expect("a map").clone();
    assert_eq!(errors.keys().collect::<Vec<_>>(), ["2"]);
}

#[test]
fn of_a_source_that_stops_only_what_was_read_is_called_readable() {
    let four_bad = "id\n1\nx\ny\nz\nw\n";
    let reading = |policy: &str| {
        Project::with(&format!(
            "steps:\n  docs: {{ read: {{ path: in.csv, columns: {{ id: integer }}{policy} }} }}\n  save: {{ from: docs, write: out.jsonl }}\n"
        ))
        .file("in.csv", four_bad)
    };
    for (policy, counts, reason) in [
        (
            "",
            [1, 1, 3],
            "1 row is bad (1 of the first 2 readable, where reading stopped; all are needed; `--set docs.min_success_ratio=0` reads on)",
        ),
        (", min_success_ratio: 0, max_failures: 2", [1, 3, 1], "3 rows are bad, at most 2 may be"),
        (", min_success_ratio: 0.5", [1, 4, 0], "4 rows are bad (1 of 5 readable, 3 needed)"),
    ] {
        let project = reading(policy);
        let summary = project.json(&[]);
        let docs = summary.step("docs");
        assert_eq!(docs["reason"], reason, "{docs}");
        let told = ["successes", "failures", "cancelled"].map(|key| docs[key].as_u64().expect("a count"));
        assert_eq!((told, &docs["total"]), (counts, &5.into()), "{docs}");
    }
    let ran = reading("").run(&["pipeline.yaml", "--no-state"]);
    assert!(ran.stderr.contains("1 ok · 1 failed · 3 cancelled"), "{}", ran.stderr);
}

#[test]
fn a_row_that_a_worker_finds_bad_leaves_those_behind_it_unknown() {
    let project =
        Project::with("steps:\n  docs: { read: in.jsonl }\n  work:\n    from: docs\n    map: { concurrency: 1, lua: return item }\n")
            .file("in.jsonl", "1\n2\n{oops\n4\n5\n");
    let docs = project.json(&[]).step("docs").clone();
    let count = |key: &str| docs[key].as_u64().expect("a count");
    assert_eq!([count("successes"), count("failures")], [2, 1], "{docs}");
    // How far the source is read ahead of the workers is open.
    assert_eq!(count("total"), 3 + count("cancelled"), "{docs}");
}

#[test]
fn tolerated_bad_rows_take_no_index_away_and_are_data() {
    let project = Project::with(
        "steps:
  docs:
    read: { path: in.jsonl, min_success_ratio: 0.5 }
  work:
    from: docs
    map: return { index, item.a }
  save:
    from: work
    write: out.jsonl
  dead:
    from: docs.failed
    write: dead.jsonl
",
    )
    .file("in.jsonl", "{\"a\":1}\n{oops\n{\"a\":3}\n");
    let summary = project.json(&[]);
    assert_eq!(
        (summary.code, summary.counts("docs"), summary.counts("work")),
        (0, [2, 1, 0, 0], [2, 0, 0, 0])
    );
    assert_eq!(project.read("out.jsonl"), "[1,1]\n[2,3]\n");
    let dead: serde_json::Value = serde_json::from_str(&project.read("dead.jsonl")).expect("JSON");
    assert_eq!((&dead["index"], &dead["error"]["kind"]), (&2.into(), &"bad_row".into()));
}

#[test]
fn a_source_that_only_its_failures_are_read_of_is_read_all_the_same() {
    let project = Project::with(
        "steps:
  docs:
    read: { path: in.jsonl, min_success_ratio: 0 }
  dead:
    from: docs.failed
    write: dead.jsonl
",
    )
    .file("in.jsonl", "1\n{oops\n");
    assert_eq!(project.json(&[]).code, 0);
    assert_eq!(project.read("dead.jsonl").lines().count(), 1);
}

#[test]
fn one_source_feeds_many_steps() {
    let project = Project::with(
        "steps:
  docs:
    read: in.jsonl
  a:
    from: docs
    map: return item.id
  b:
    from: docs
    filter: item.id > 5
  save_a:
    from: a
    write: a.jsonl
  save_b:
    from: b
    write: b.csv
",
    )
    .ids("in.jsonl", 7);
    let summary = project.json(&[]);
    assert_eq!((summary.code, summary.counts("docs")), (0, [7, 0, 0, 0]));
    assert_eq!(project.read("a.jsonl").lines().count(), 7);
    assert_eq!(project.read("b.csv"), "id\n6\n7\n");
}

#[test]
fn standard_input_feeds_many_steps_too() {
    let project = Project::with(
        "steps:
  docs:
    read: { path: '-', format: jsonl }
  a:
    from: docs
    write: a.jsonl
  b:
    from: docs
    write: b.jsonl
",
    );
    let mut child = project
        .command(&["pipeline.yaml"])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary runs");
    child.stdin.take().expect("piped").write_all(b"1\n2\n").expect("it reads");
    assert!(child.wait().expect("it ends").success());
    assert_eq!((project.read("a.jsonl"), project.read("b.jsonl")), ("1\n2\n".into(), "1\n2\n".into()));
}

#[test]
fn only_and_until_select_steps() {
    let pipeline = "steps:
  docs:
    items: [1]
  a:
    from: docs
    write: a.jsonl
  b:
    from: docs
    needs: [a]
    write: b.jsonl
";
    let only = Project::with(pipeline);
    only.run(&["pipeline.yaml", "--only", "b"]).ok();
    assert!(!only.has("a.jsonl") && only.has("b.jsonl"));
    let until = Project::with(pipeline);
    until.run(&["pipeline.yaml", "--until", "a"]).ok();
    assert!(until.has("a.jsonl") && !until.has("b.jsonl"));
}

#[test]
fn a_list_made_by_lua_sees_the_steps_before_it() {
    let project = Project::with(
        "steps:
  docs:
    items: [1, 2, 3]
  work:
    from: docs
    map: return item * 2
  report:
    needs: [work]
    items:
      lua: return { { ratio = steps.work.success_ratio, results = steps.work.results } }
  save:
    from: report
    write: report.jsonl
",
    );
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("report.jsonl"), "{\"ratio\":1,\"results\":[2,4,6]}\n");
}

#[test]
fn lua_in_files_and_on_the_command_line_sees_the_steps_before_it() {
    let project = Project::with(
        "steps:\n  docs: { items: [1, 2] }\n  work: { from: docs, map: 'return item * 2' }\n  \
         more: { from: work, map: { file: lib.lua } }\n  save: { from: more, write: out.jsonl }\n",
    )
    .file("lib.lua", "return function(item) return { item, steps.work.results[2] } end\n");
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl"), "[2,4]\n[4,4]\n");
    let project = Project::with(
        "steps:\n  docs: { items: [1, 2] }\n  work: { from: docs, map: 'return item * 2' }\n  \
         more: { from: work, map: { lua: return item } }\n  save: { from: more, write: out.jsonl }\n",
    );
    project.run(&["pipeline.yaml", "--set", "more.lua=return { item, steps.work.total }"]).ok();
    assert_eq!(project.read("out.jsonl"), "[2,2]\n[4,2]\n");
}

#[test]
fn a_step_that_breaks_off_before_its_first_item_has_no_failed_items() {
    let dead = |work: &str| {
        let project = Project::with(&format!(
            "steps:\n  list:\n    items: [1]\n{work}  dead:\n    from: work.failed\n    write: dead.jsonl\n"
        ));
        let summary = project.json(&[]);
        assert_eq!(summary.code, 1, "{work}{}", summary.stderr);
        assert_eq!((summary.status("work"), summary.status("dead")), ("failed", "succeeded"), "{work}");
        assert_eq!(project.read("dead.jsonl"), "");
    };
    dead("  work:\n    read: missing.jsonl\n");
    dead("  work:\n    read: { path: ., format: jsonl }\n");
    dead("  work:\n    needs: [list]\n    read: '${{ steps.list[\"x\"].y }}.jsonl'\n");
    dead("  work:\n    from: list\n    when: error('no')\n    map: return item\n");
    dead("  work:\n    from: list\n    map: { setup: error('no'), lua: return item }\n");
}
