//! Included files stand beside what the pipeline says itself.

use super::{found, run};
use crate::project::Project;

const COMMON: &str = r"
env: { GREETING: hello, NAME: world }
permissions: { read: [., ../shared], write: [out] }
rate_limits: { slow: 1000/s, idle: 1/h }
policies:
  gentle: { concurrency: 2, rate_limit: slow, retries: { max: 2, delay: 1ms, when: attempt < 2 } }
";

const PIPELINE: &str = r"
include: [../common.yaml]
env: { NAME: me }
permissions: { write: [.] }
steps:
  in: { items: [1] }
  a:
    from: in
    map:
      policy: gentle
      lua: |
        fs.write('copy.txt', fs.read('../shared/text.txt'))
        return env.GREETING .. ' ' .. env.NAME
  o: { from: a, write: o.jsonl }
";

fn project(common: &str, pipeline: &str) -> Project {
    Project::new()
        .file("common.yaml", common)
        .file("shared/text.txt", "shared")
        .file("a/pipeline.yaml", pipeline)
}

#[test]
fn what_stands_in_the_pipeline_goes_before_name_by_name_and_list_by_list() {
    let project = project(COMMON, PIPELINE);
    assert_eq!(
        found(&project, "a/pipeline.yaml"),
        [""; 0],
        "a limit that this pipeline does not use is no fault"
    );
    run(&project, "a/pipeline.yaml");
    assert_eq!(project.read("a/o.jsonl"), "\"hello me\"\n");
    assert_eq!(project.read("a/copy.txt"), "shared");
    let plan = project.run(&["plan", "a/pipeline.yaml"]).ok().stdout;
    assert!(plan.contains("concurrency 2 · retries 2"), "{plan}");
    assert!(plan.contains("at most 1000/s, shared as `slow`"), "{plan}");
    let set = [
        "plan",
        "a/pipeline.yaml",
        "--set",
        "policies.gentle.concurrency=6",
        "--set",
        "rate_limits.slow=9/s",
    ];
    let plan = project.run(&set).ok().stdout;
    assert!(plan.contains("concurrency 6") && plan.contains("at most 9/s, shared as `slow`"), "{plan}");
}

#[test]
fn results_do_not_depend_on_the_file_in_which_something_stands() {
    let project = project(COMMON, PIPELINE);
    run(&project, "a/pipeline.yaml");
    let runs: Vec<_> = std::fs::read_dir(project.path("a/.flowrun/runs")).expect("runs").flatten().collect();
    let copy = std::fs::read_to_string(runs[0].path().join("pipeline/common.yaml")).expect("a copy");
    assert_eq!(copy, COMMON);
    let inlined = PIPELINE
        .replace("include: [../common.yaml]\n", "")
        .replace("env: { NAME: me }", "env: { NAME: me, GREETING: hello }");
    let inlined = inlined.replace("write: [.] }", "write: [.], read: [., ../shared] }");
    let project =
        project.file("a/pipeline.yaml", format!("{inlined}policies: {{ gentle: {{ concurrency: 3 }} }}\n"));
    let resumed = project.run(&["resume", "latest", "--state-dir", "a/.flowrun"]).ok().stderr;
    assert!(resumed.contains("reused 1, redone 0"), "{resumed}");
    let project =
        project.file("a/pipeline.yaml", PIPELINE).file("common.yaml", COMMON.replace("hello", "good day"));
    let resumed = project.run(&["resume", "latest", "--state-dir", "a/.flowrun"]).ok().stderr;
    assert!(resumed.contains("redone 1 (env changed)"), "{resumed}");
    assert_eq!(project.read("a/o.jsonl"), "\"good day me\"\n");
}

#[test]
fn findings_have_the_file_and_line_in_which_they_stand() {
    let common = COMMON
        .replace("attempt < 2", "attempt <")
        .replace("slow: 1000/s", "slow: '${{ 1 }}'")
        .replace("rate_limit: slow", "rate_limit: slwo");
    let project = project(&common, PIPELINE);
    let expect = [
        "common.yaml:4 bad_rate rate limit `slow` is not a rate: `1`",
        "common.yaml:6 lua_syntax the Lua of `policies.gentle.retries.when` cannot be compiled",
        "common.yaml:6 unknown_rate_limit unknown rate limit `slwo`",
    ];
    let mut all = found(&project, "a/pipeline.yaml");
    all.sort();
    assert_eq!(all, expect);
    let sarif = project.run(&["check", "--format", "sarif", "a/pipeline.yaml"]);
    assert_eq!((sarif.code, sarif.stdout.matches("\"uri\": \"common.yaml\"").count() >= 3), (65, true));
    let github = project.run(&["check", "--format", "github", "a/pipeline.yaml"]).stdout;
    assert_eq!(github.matches("::error file=common.yaml,line=6").count(), 2, "{github}");
    let junit = project.run(&["check", "--format", "junit", "a/pipeline.yaml"]).stdout;
    assert!(junit.contains("<testsuite name=\"common.yaml\" tests=\"3\" failures=\"3\""), "{junit}");
    let ran = project.run(&["a/pipeline.yaml"]);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stderr.contains("common.yaml:6:"), "{}", ran.stderr);
}

#[test]
fn an_expression_that_gives_a_wrong_value_is_placed_in_its_file() {
    let common = "policies: { gentle: { concurrency: '${{ params.n }}' } }\n";
    let pipeline = "include: [../common.yaml]\nparams: { n: 0 }\nsteps:\n  in: { items: [1] }\n  a: { from: in, map: { policy: gentle, lua: return item } }\n  o: { from: a, write: o.jsonl }\n";
    let project = project(common, pipeline);
    assert_eq!(
        found(&project, "a/pipeline.yaml"),
        ["common.yaml:1 out_of_range `concurrency` of policy `gentle` must be at least 1"]
    );
    project.run(&["a/pipeline.yaml", "-p", "n=2"]).ok();
}

#[test]
fn included_files_are_files_of_the_run() {
    let project = project(COMMON, PIPELINE);
    let ran = project.run(&["a/pipeline.yaml", "--report", "common.yaml"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("which the pipeline includes"), "{}", ran.stderr);
    let over = PIPELINE
        .replace("write: o.jsonl", "write: limits.json")
        .replace("[../common.yaml]", "[../common.yaml, limits.json]");
    let project = project.file("a/pipeline.yaml", over).file("a/limits.json", "{ rate_limits: {} }\n");
    assert_eq!(
        found(&project, "a/pipeline.yaml"),
        ["a/pipeline.yaml:14 write_over_input step `o` writes over the file that the pipeline includes"]
    );
    let lua = PIPELINE
        .replace("fs.write('copy.txt'", "fs.write('limits.json'")
        .replace("[../common.yaml]", "[../common.yaml, limits.json]");
    let project = project.file("a/pipeline.yaml", lua);
    let ran = project.run(&["a/pipeline.yaml"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert_eq!(project.read("a/limits.json"), "{ rate_limits: {} }\n");
}

#[test]
fn the_schema_and_the_formatter_know_such_files() {
    let project = Project::new().file(
        "common.yaml",
        "# shared\npolicies:\n  a: { retries: 1 }\n# limits\nrate_limits:\n  a: 1/s\nenv:\n  A: b\n",
    );
    project.run(&["fmt", "common.yaml"]).ok();
    assert_eq!(
        project.read("common.yaml"),
        "# shared\nenv:\n  A: b\n# limits\nrate_limits:\n  a: 1/s\npolicies:\n  a: { retries: 1 }\n"
    );
    let schema: serde_json::Value =
        serde_json::from_str(&project.run(&["schema", "--include"]).ok().stdout).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let judge = |value| validator.is_valid(&value);
    assert!(judge(serde_json::json!({ "policies": { "a": { "retries": 1 } } })));
    assert!(!judge(serde_json::json!({ "policies": { "a": { "key": "item.id" } } })));
    assert!(!judge(serde_json::json!({ "steps": {} })));
}
