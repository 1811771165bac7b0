//! The commands for those who write pipelines: tests in the file, explanations.

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
