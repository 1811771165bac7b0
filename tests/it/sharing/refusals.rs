//! Files that cannot be included are refused where they are named, and nothing else is said for that reason.

use super::found;
use crate::project::Project;

fn project() -> Project {
    Project::new()
        .file("common.yaml", "policies: { zip: {} }\n")
        .file("other/common.yaml", "policies: { zip: {} }\n")
        .file("a/sub/limits.yaml", "policies: { zip: {} }\n")
}

/// Checks a pipeline with this list under `include`.
#[track_caller]
fn check(project: Project, list: &str, expect: &[&str]) {
    let text = format!(
        "include: {list}\nsteps:\n  in: {{ items: [1] }}\n  a: {{ from: in, map: {{ policy: zip, rate_limit: r, lua: return item }} }}\n  o: {{ from: a, write: o.jsonl }}\nrate_limits: {{ r: 1/s }}\n"
    );
    assert_eq!(found(&project.file("a/p.yaml", text), "a/p.yaml"), expect, "{list}");
}

#[test]
fn paths_that_lead_to_no_file_that_may_be_included() {
    let cannot = |path: &str| format!("a/p.yaml:1 bad_include the file `{path}` cannot be included");
    for path in ["sub/limits.yaml", "../common.yaml", "./sub/../sub/limits.yaml", "../a/sub/limits.yaml"] {
        check(project(), &format!("[{path}]"), &[]);
    }
    for path in ["common.yaml", "../other/common.yaml", "sub", "p.yaml", "../a/p.yaml", "/etc/hostname"] {
        check(project(), &format!("[{path}]"), &[&cannot(path)]);
    }
    check(project(), "[../common.yaml, ./../common.yaml]", &[&cannot("./../common.yaml")]);
    let linked = |target: &str| {
        let project = project();
        std::os::unix::fs::symlink(target, project.path("a/link.yaml")).expect("a link");
        project
    };
    check(linked("sub/limits.yaml"), "[link.yaml]", &[]);
    check(linked("../other/common.yaml"), "[link.yaml]", &[&cannot("link.yaml")]);
    check(linked("link.yaml"), "[link.yaml]", &[&cannot("link.yaml")]);
}

#[test]
fn lists_that_are_none() {
    check(project(), "../common.yaml", &["a/p.yaml:1 wrong_type `include` must be a list, not a string"]);
    check(project(), "[3]", &["a/p.yaml:1 wrong_type `include[1]` must be text, not a whole number"]);
    check(project(), "['']", &["a/p.yaml:1 bad_value `include[1]` must not be empty"]);
    check(project(), "['${{ 1 }}']", &["a/p.yaml:1 expression `${{ … }}` cannot stand here"]);
}

#[test]
fn files_that_hold_something_else() {
    let with = |text: &[u8]| project().file("a/x.yaml", text);
    let at = |line: usize, rest: &str| format!("a/x.yaml:{line} {rest}");
    let check = |text: &[u8], expect: &str| check(with(text), "[x.yaml]", &[expect]);
    check(b"", &at(1, "empty_file the file holds nothing to include"));
    check(b"- 1\n", &at(1, "wrong_type an included file must be a map, not a list"));
    check(b"policies: [\n", &at(1, "yaml_syntax this is no YAML: unclosed bracket '['"));
    check(b"policies: { zip: {} }\ninclude: [y.yaml]\n", &at(2, "unknown_key unknown key `include`"));
    check(b"policies: { zip: {} }\nsteps: {}\n", &at(2, "unknown_key unknown key `steps`"));
    check(
        b"policies: { zip: {} }\npolicies: {}\n",
        &at(2, "duplicate_key the key `policies` is given twice"),
    );
    check(b"# \xff\npolicies: { zip: {} }\n", &at(1, "not_utf8 the file is not UTF-8 text"));
    let found = found(&with(b"env: { A: 1 }\n"), "a/x.yaml");
    assert_eq!(found, ["a/x.yaml:1 wrong_type variable `A` must be text or a map, not a whole number"]);
}

#[test]
fn two_files_may_not_give_one_name_different_values() {
    let project =
        || project().file("a/x.yaml", "policies:\n  zip: { retries: 1 }\npermissions: { net: [a] }\n");
    check(
        project(),
        "[../common.yaml, x.yaml]",
        &["a/x.yaml:2 bad_include two included files say what `zip` is, each in its own way"],
    );
    check(project(), "[../common.yaml, sub/limits.yaml]", &[]);
}
