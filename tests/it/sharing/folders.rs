//! `check` of a folder finds pipelines and what they include, and leaves other YAML files aside.

use super::found;
use crate::project::Project;

#[test]
fn all_files_below_a_folder_are_checked_and_each_finding_told_once() {
    let step = "steps:\n  in: { items: [1] }\n  a: { from: in, map: { policy: zip, lua: return item } }\n";
    let project = Project::new()
        .file("common.yaml", "policies:\n  zip: { retries: x }\n")
        .file(
            "b/p.yaml",
            format!("include: [../common.yaml]\n{step}  o: {{ from: [a, x], write: o.jsonl }}\n"),
        )
        .file("a/p.yml", format!("include: [../common.yaml]\n{step}  o: {{ from: a, write: o.jsonl }}\n"))
        .file("a/alone.yaml", "rate_limits: { a: 1 }\n")
        .file("ci.yaml", "permissions: { contents: read }\njobs: {}\n")
        .file(".hidden/p.yaml", "steps: 1\n");
    let expect = [
        "a/alone.yaml:1 bad_rate rate limit `a` is not a rate: `1`",
        "b/p.yaml:5 unknown_step step `o` reads from unknown step `x`",
        "common.yaml:2 wrong_type `retries` of policy `zip` must be a whole number or a map, not a string",
    ];
    assert_eq!(found(&project, "."), expect);
    let ran = project.run(&["check", "."]);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("left aside, neither pipelines nor like files that they include: ci.yaml\n"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("3 errors in 4 files"), "{}", ran.stderr);
}

#[test]
fn a_file_that_is_named_is_checked_as_what_its_keys_make_it() {
    let project = Project::new()
        .file("env.yaml", "env: { A: 1 }\n")
        .file("good.yaml", "permissions: { net: [x] }\n")
        .file("p.yaml", "version: 1\nrate_limits: {}\n");
    assert_eq!(
        found(&project, "env.yaml"),
        ["env.yaml:1 wrong_type variable `A` must be text or a map, not a whole number"]
    );
    project.run(&["check", "good.yaml"]).ok();
    assert_eq!(found(&project, "p.yaml"), ["p.yaml:1 missing_key the pipeline needs the key `steps`"]);
    let ran = project.run(&["check", "."]);
    assert_eq!(ran.code, 2, "nothing in the folder is sure to be meant: {}", ran.stderr);
    assert!(ran.stderr.contains("no pipeline file lies in `.`"), "{}", ran.stderr);
}
