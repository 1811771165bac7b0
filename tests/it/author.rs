//! These tests cover the commands for those who write pipelines: tests in the file, explanations.

use crate::project::Project;

const TESTED: &str = r#"params:
  prefix: x
steps:
  docs:
    read: docs.jsonl
  clean:
    from: docs
    map:
      retries: 3
      timeout: 200ms
      setup: local squeeze = str.squeeze
      lua: |
        log.info("seen")
        if item.id == 9 then flow.skip("nine") end
        if item.id == 8 then while true do end end
        return { id = item.id, text = params.prefix .. squeeze(html.strip(item.text)):lower() }
  parts:
    from: clean
    flat_map: return { item.id, item.text }
  big:
    from: clean
    filter: item.id > 2
  save:
    from: big
    write: out.jsonl
  rest:
    from: parts
    write: parts.jsonl
tests:
  - { name: tags go, step: clean, item: { id: 1, text: "<b>Hi</b>" }, expect: { id: 1.0, text: xhi } }
  - { name: a number is refused, step: clean, item: 3, expect_error: { kind: error, message: index } }
  - { name: endless, step: clean, item: { id: 8 }, expect_error: { kind: timeout } }
  - { name: nine, step: clean, items: [{ id: 9 }, { id: 9 }], expect_skipped: true }
  - { name: prefix, step: clean, item: { id: 1, text: a }, expect: { id: 1, text: ya }, params: { prefix: y } }
  - { name: flat, step: parts, items: [{ id: 1, text: a }, { id: 2, text: b }], expect: [1, a, 2, b] }
  - { name: kept, step: big, items: [{ id: 1 }, { id: 3 }], expect: [{ id: 3 }] }
"#;

#[test]
fn tests_in_the_file_run_the_functions_of_their_steps() {
    let project = Project::with(TESTED);
    let ran = project.run(&["test", "pipeline.yaml"]).ok();
    assert!(ran.stderr.contains("7 passed in"), "{}", ran.stderr);
    assert!(!project.has("out.jsonl") && !project.has(".flowrun"), "tests write nothing");
}

const TESTED_WHOLE: &str = r"steps:
  docs: { read: docs.jsonl }
  sum:
    from: docs
    reduce: { init: 0, lua: return acc + item.n }
  groups:
    from: docs
    aggregate: { by: item.g, count: n, mean: { mean: item.n } }
  save: { from: [sum, groups], write: out.jsonl }
tests:
  - { name: a sum, step: sum, items: [{ n: 1 }, { n: 2 }], expect: 3 }
  - { name: a sum in a list, step: sum, items: [{ n: 1 }], expect: [1] }
  - { name: nothing, step: sum, items: [], expect: 0 }
  - { name: no number, step: sum, items: [{ n: 1 }, { n: x }], expect_error: { kind: error, message: at item 2 } }
  - name: groups
    step: groups
    items: [{ g: a, n: 1 }, { g: b, n: 5 }, { g: a, n: 2 }]
    expect: [{ key: a, n: 2, mean: 1.5 }, { key: b, n: 1, mean: 5 }]
  - { name: one group, step: groups, items: [{ g: a, n: 1 }], expect: { key: a, n: 1, mean: 1 } }
  - { name: no group, step: groups, items: [], expect: [] }
";

#[test]
fn tests_give_a_reduce_and_an_aggregate_all_items() {
    let project = Project::with(TESTED_WHOLE);
    let ran = project.run(&["test", "pipeline.yaml"]).ok();
    assert!(ran.stderr.contains("7 passed in"), "{}", ran.stderr);
    assert!(!project.has("out.jsonl") && !project.has(".flowrun"), "tests write nothing");
    for (test, expect) in [
        ("step: sum, items: [{ n: 1 }], expect: 2", "+ 1"),
        ("step: sum, items: [{ n: 1 }], expect_error: {}", "the step was to fail, and succeeded"),
        ("step: sum, items: [{ n: x }], expect: 2", "the step failed: `reduce` failed at item 1"),
        (
            "step: sum, items: [{ n: x }], expect_error: { message: zzz }",
            "was to fail with `zzz` in its reason",
        ),
        (
            "step: groups, items: [{ g: 1, n: 1 }], expect: [{ key: 1, n: 2, mean: 1 }]",
            "the result is another one",
        ),
    ] {
        let ran = Project::with(&format!("{TESTED_WHOLE}  - {{ name: wrong, {test} }}\n"))
            .run(&["test", "pipeline.yaml"]);
        assert!(ran.code == 1 && ran.stderr.contains("7 passed, 1 failed"), "{test}: {}", ran.stderr);
        assert!(ran.stderr.contains(expect), "{test}: {}", ran.stderr);
    }
    for (test, expect) in [
        ("step: sum, item: { n: 1 }, expect: 1", "gives `reduce` one item"),
        ("step: groups, items: [], expect_skipped: true", "expects `aggregate` to skip its items"),
        ("step: save, items: [], expect: 1", "which has no function"),
    ] {
        let ran = Project::with(&format!("{TESTED_WHOLE}  - {{ name: wrong, {test} }}\n"))
            .run(&["check", "pipeline.yaml"]);
        assert!(ran.code == 65 && ran.stderr.contains(expect), "{test}: {}", ran.stderr);
    }
}

#[test]
fn a_test_needs_what_its_own_step_sees() {
    let project = Project::with(
        r#"include: [common.yaml]
params:
  model: { type: string, required: true }
  day: { type: string, required: true }
env:
  OUT_DIR: { required: true }
steps:
  docs: { read: "${{ params.day }}.jsonl" }
  ask: { from: docs, map: { file: "lib.lua#ask" } }
  more: { from: ask, map: return item + 1 }
  save: { from: more, write: "${{ env.OUT_DIR }}/out.jsonl" }
tests:
  - { name: without any, step: more, item: 1, expect: 2 }
  - { name: with its own, step: ask, item: 1, params: { model: big }, expect: big1 }
"#,
    )
    .file("common.yaml", "env: { SERVER: { required: true } }\n")
    .file("lib.lua", "return { ask = function(item) return params.model .. item end }\n");
    let ran = project.run(&["test", "pipeline.yaml"]).ok();
    assert!(ran.stderr.contains("2 passed in"), "{}", ran.stderr);
    let text = project.read("pipeline.yaml").replace("params: { model: big }, ", "");
    let ran = project.file("pipeline.yaml", &text).run(&["test", "pipeline.yaml"]);
    assert!(ran.code == 2 && ran.stderr.contains("parameter `model` is required"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("`day`") && !ran.stderr.contains("OUT_DIR"), "{}", ran.stderr);
}

#[test]
fn a_failing_test_shows_what_differs_in_every_format() {
    let wrong = format!(
        "{TESTED}  - {{ name: wrong, step: clean, item: {{ id: 1, text: a }}, expect: {{ id: 2, text: xa }} }}\n"
    );
    let project = Project::with(&wrong);
    let ran = project.run(&["test", "pipeline.yaml"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    for part in
        ["FAIL clean: wrong  pipeline.yaml:37", "-   \"id\": 2,", "+   \"id\": 1,", "7 passed, 1 failed"]
    {
        assert!(ran.stderr.contains(part), "{part} in {}", ran.stderr);
    }
    assert!(!ran.stderr.contains('\u{1b}'));
    assert!(project.run(&["test", "pipeline.yaml", "--color", "always"]).stderr.contains("\u{1b}[32m"));
    let ran = project.run(&["test", "pipeline.yaml", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one object");
    assert_eq!((&value["passed"], &value["failed"]), (&7.into(), &1.into()));
    let last = &value["tests"][7];
    assert_eq!(
        (&last["status"], &last["got"]["id"], &last["line"]),
        (&"failed".into(), &1.into(), &37.into())
    );
    let ran = project.run(&["test", "pipeline.yaml", "--format", "junit"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("<testsuite name=\"pipeline.yaml\" tests=\"8\" failures=\"1\""),
        "{}",
        ran.stdout
    );
}

#[test]
fn invalid_files_and_wrong_usage_run_no_test() {
    let code = |pipeline: &str, args: &[&str]| Project::with(pipeline).run(args).code;
    assert_eq!(code(&TESTED.replace("step: big,", "step: bgi,"), &["test", "pipeline.yaml"]), 65);
    assert_eq!(code(TESTED, &["test", "missing.yaml"]), 2);
    assert_eq!(code(TESTED, &["test"]), 2);
    assert_eq!(code(TESTED, &["test", "pipeline.yaml", "-p", "perfix=1"]), 2);
    let required = TESTED.replace("prefix: x", "prefix: { required: true }");
    assert_eq!(code(&required, &["test", "pipeline.yaml"]), 2);
    assert_eq!(code(&required, &["test", "pipeline.yaml", "-p", "prefix=x"]), 0);
}

#[test]
fn recorded_tests_are_those_of_the_run_and_pass() {
    let items =
        "{\"id\":1,\"text\":\"A: #1\"}\n{\"id\":9,\"text\":\"\"}\n{\"id\":3}\n{\"id\":4,\"text\":\"no\"}\n";
    let pipeline =
        TESTED.split("tests:").next().expect("the steps").replace("retries: 3", "min_success_ratio: 0.5");
    let project = Project::with(&pipeline).file("docs.jsonl", items);
    project.run(&["pipeline.yaml"]).ok();
    for (step, count, parts) in [
        ("clean", "3", &["text: 'A: #1'", "expect_skipped: true", "kind: error"][..]),
        ("parts", "2", &["- 1", "- 'xa: #1'"][..]),
        ("big", "2", &["expect: false", "expect: true"][..]),
    ] {
        let ran = project.run(&["test", "--record", step, "--items", count, "latest"]).ok();
        assert!(ran.stdout.starts_with("tests:\n"), "{}", ran.stdout);
        for part in parts {
            assert!(ran.stdout.contains(part), "{part} in {}", ran.stdout);
        }
        let tested = Project::with(&format!("{pipeline}{}", ran.stdout));
        let ran = tested.run(&["test", "pipeline.yaml"]).ok();
        assert!(ran.stderr.contains(&format!("{count} passed")), "{}", ran.stderr);
    }
    let ran = project.run(&["test", "--record", "claen", "latest"]);
    assert!(ran.code == 2 && ran.stderr.contains("did you mean `clean`?"), "{}", ran.stderr);
}

#[test]
fn every_code_is_listed_and_explained() {
    let project = Project::new();
    let list = project.run(&["explain"]).ok().stdout;
    assert!(list.contains("unknown_key ") && list.contains("lua_cut "), "{list}");
    let page = project.run(&["explain", "flowrun::unknown_key"]).ok().stdout;
    assert_eq!(page, project.run(&["explain", "unknown_key"]).ok().stdout);
    assert!(page.contains("did you mean `retries`?") && page.contains("What to do"), "{page}");
    let ran = project.run(&["explain", "unknwon_key"]);
    assert!(ran.code == 2 && ran.stderr.contains("did you mean `unknown_key`?"), "{}", ran.stderr);
}

/// Sources, a filter and a map, without tests.
fn pipeline() -> String {
    TESTED.split("tests:").next().expect("the steps").to_owned()
}

#[test]
fn a_preview_shows_input_and_output_and_writes_nothing() {
    let items: Vec<String> = (1..=400).map(|id| format!("{{\"id\":{id},\"text\":\"T{id}\"}}\n")).collect();
    let slow = pipeline()
        .replace("filter: item.id > 2", "filter: item.id > 100")
        .replace("item.id == 8", "item.id == 102");
    let project = Project::with(&slow).file("docs.jsonl", items.concat());
    let ran = project.run(&["preview", "pipeline.yaml", "clean", "--items", "2"]).ok();
    for part in
        ["item 1  ", "item 2  ", "{\"id\":1,\"text\":\"T1\"}", "→  {\"id\":1,\"text\":\"xt1\"}", "info: seen"]
    {
        assert!(ran.stdout.contains(part), "{part} in {}", ran.stdout);
    }
    assert!(!ran.stdout.contains("item 3  ") && !ran.stdout.contains('\u{1b}'));
    // As many items of the sources as it takes: the first 100 are not kept.
    let ran = project.run(&["preview", "pipeline.yaml", "save", "--items", "3"]).ok();
    assert!(ran.stdout.contains("\"id\":101,") && ran.stdout.contains("\"id\":104,"), "{}", ran.stdout);
    assert!(ran.stderr.contains("1 item failed in step `clean` before: "), "{}", ran.stderr);
    let drawn = |seed: &str| {
        let args = ["preview", "pipeline.yaml", "docs", "--items", "4", "--shuffle", "--seed", seed];
        project.run(&args).ok().stdout
    };
    assert_eq!(drawn("1"), drawn("1"));
    assert_ne!(drawn("1"), drawn("2"));
    let named = ["preview", "pipeline.yaml", "clean", "--item"];
    let ran = project.run(&[&named[..], &["102,3"]].concat()).ok();
    assert!(ran.stdout.contains("item 3  ") && ran.stdout.contains("item 102  "), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("→  failed: timeout: ") && !ran.stdout.contains("item 1  "),
        "{}",
        ran.stdout
    );
    let ran = project.run(&[&named[..], &["401"]].concat());
    let said = "step `clean` gets 400 items, and there is no item 401";
    assert!(ran.code == 2 && ran.stderr.contains(said), "{}", ran.stderr);
    assert!(!project.has("out.jsonl") && !project.has(".flowrun"));
    let ran = project.run(&["preview", "pipeline.yaml", "claen"]);
    assert!(ran.code == 2 && ran.stderr.contains("did you mean `clean`?"), "{}", ran.stderr);
}

#[test]
fn a_preview_of_gathered_items_says_how_few_it_saw() {
    let project = Project::with(
        "steps:
  docs: { read: docs.jsonl }
  order: { from: docs, sort: { by: item.id, order: desc } }
  save: { from: order, write: out.jsonl }
",
    )
    .ids("docs.jsonl", 50);
    let ran = project.run(&["preview", "pipeline.yaml", "order", "--items", "2"]).ok();
    assert!(
        ran.stderr.contains("step `order` has seen no more than 2 items of each source"),
        "{}",
        ran.stderr
    );
    let ran = project.run(&["preview", "pipeline.yaml", "order", "--items", "100"]).ok();
    assert!(ran.stdout.contains("{\"id\":50}") && ran.stderr.is_empty(), "{}", ran.stderr);
}

#[test]
fn a_graph_is_drawn_in_four_ways_and_needs_no_parameters() {
    let project = Project::with(&pipeline().replace("prefix: x", "prefix: { required: true }"));
    for (format, part) in
        [("text", "map clean  ← docs"), ("mermaid", "s0 --> s1"), ("dot", "s0 -> s1;"), ("svg", "<svg ")]
    {
        let ran = project.run(&["graph", "pipeline.yaml", "--format", format]).ok();
        assert!(ran.stdout.contains(part), "{}", ran.stdout);
    }
    assert_eq!(Project::with("steps: 1\n").run(&["graph", "pipeline.yaml"]).code, 65);
}

#[test]
fn a_new_project_passes_check_test_and_run_and_overwrites_nothing() {
    let project = Project::new();
    project.run(&["init", "new"]).ok();
    project.run(&["check", "new", "--deny-warnings"]).ok();
    project.run(&["test", "new/pipeline.yaml"]).ok();
    project.run(&["fmt", "--check", "new/pipeline.yaml"]).ok();
    project.run(&["new/pipeline.yaml"]).ok();
    assert_eq!(project.read("new/out/good.jsonl").lines().count(), 3);
    assert_eq!(project.read("new/out/failed.jsonl").lines().count(), 1);
    assert_eq!(project.read("new/.vscode/flowrun.schema.json"), project.run(&["schema"]).ok().stdout);
    let settings: serde_json::Value =
        serde_json::from_str(&project.read("new/.vscode/settings.json")).expect("JSON");
    let schema = settings["yaml.schemas"].as_object().and_then(|map| map.keys().next()).expect("a schema");
    assert!(project.has(&format!("new/{schema}")));
    let before = project.read("new/pipeline.yaml");
    let ran = project.run(&["init", "new"]);
    assert!(ran.code == 2 && ran.stderr.contains("`new/pipeline.yaml` is there already"), "{}", ran.stderr);
    assert_eq!(project.read("new/pipeline.yaml"), before);
    let other = Project::new().file(".gitignore", "x\n");
    assert_eq!(other.run(&["init"]).code, 2);
    assert!(!other.has("pipeline.yaml"), "nothing is written when something is in the way");
}

#[test]
fn the_formatter_orders_keys_and_leaves_broken_files_alone() {
    let messy = "steps:\n  docs:\n    read: x.jsonl\n  save: # last\n    write: y.jsonl\n    # why\n    from: docs\nname: p\n";
    let neat = "name: p\nsteps:\n  docs:\n    read: x.jsonl\n  save: # last\n    # why\n    from: docs\n    write: y.jsonl\n";
    let project = Project::with(messy).file("broken.yaml", "steps: [1\n");
    assert_eq!(project.run(&["fmt", "--check", "pipeline.yaml"]).code, 1);
    assert_eq!(project.read("pipeline.yaml"), messy);
    assert_eq!(project.run(&["fmt", "pipeline.yaml", "broken.yaml"]).code, 65);
    assert_eq!(
        (project.read("pipeline.yaml").as_str(), project.read("broken.yaml").as_str()),
        (neat, "steps: [1\n")
    );
    project.run(&["fmt", "--check", "pipeline.yaml"]).ok();
    let stdin = std::fs::File::open(project.path("broken.yaml")).expect("it is there");
    assert_eq!(
        project.command(&["fmt", "-"]).stdin(stdin).output().expect("it runs").status.code(),
        Some(65)
    );
    let project = project.file("messy.yaml", messy);
    let stdin = std::fs::File::open(project.path("messy.yaml")).expect("it is there");
    let output = project.command(&["fmt", "-"]).stdin(stdin).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), neat);
}

#[test]
fn a_check_writes_junit() {
    let project = Project::with("steps:\n  docs:\n    raed: x\n")
        .file("good.yaml", "steps:\n  a: { items: [1] }\n  b: { from: a, write: x.jsonl }\n");
    let ran = project.run(&["check", "good.yaml", "pipeline.yaml", "--format", "junit"]);
    assert_eq!(ran.code, 65);
    assert!(ran.stdout.contains("tests=\"2\" failures=\"1\""), "{}", ran.stdout);
    assert!(ran.stdout.contains("type=\"flowrun::unknown_key\""), "{}", ran.stdout);
}

#[test]
fn folders_are_searched_for_files_to_format_and_to_test() {
    let project = Project::with(&pipeline())
        .file("sub/unordered.yaml", "steps:\n  a: { items: [1] }\n  b:\n    write: b.jsonl\n    from: a\n")
        .file("other.yaml", "jobs: 1\n");
    let ran = project.run(&["fmt", "--check", "."]);
    assert!(ran.code == 1 && ran.stderr.contains("would change sub/unordered.yaml"), "{}", ran.stderr);
    assert!(ran.stderr.contains("2 files, 1 would change"), "{}", ran.stderr);
    project.run(&["fmt", "sub"]).ok();
    assert!(project.run(&["fmt", "--check", "."]).ok().stderr.contains("2 files, 0 would change"));
    assert!(project.read("other.yaml") == "jobs: 1\n");
    let ran = project.run(&["test", "."]).ok();
    assert!(ran.stderr.contains("pipeline.yaml") && !ran.stderr.contains("other.yaml"), "{}", ran.stderr);
    let empty = project.file("empty/x.txt", "");
    for command in ["fmt", "test"] {
        let ran = empty.run(&[command, "empty"]);
        let said = "no pipeline file lies in `empty`";
        assert!(ran.code == 2 && ran.stderr.contains(said), "{command}: {}", ran.stderr);
        assert!(!ran.stderr.contains("0 files"), "{}", ran.stderr);
    }
}
