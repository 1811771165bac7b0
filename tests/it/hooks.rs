//! These tests run the hooks of `.pre-commit-hooks.yaml` and the steps of `action.yml` as pre-commit and GitHub do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::installer::{checksums, file_name, packed};
use crate::project::{Project, Ran, binary, yaml};
use crate::server::{Reply, Server};

pub(crate) const PIPELINE: &str = "version: 1
name: double
steps:
  rows:
    items: [{ id: 1 }]
  double:
    from: rows
    map:
      lua: return { id = item.id * 2 }
  save:
    from: double
    write: out.jsonl
tests:
  - name: it doubles
    step: double
    item: { id: 2 }
    expect: { id: 4 }
";

/// YAML of other programs, and a file that pipelines include.
pub(crate) fn project(pipeline: &str) -> Project {
    Project::with(pipeline)
        .file("compose.yaml", "services:\n  web: {image: nginx}\n")
        .file("broken.yaml", "a: [\n")
        .file("shared.yaml", "policies:\n  patient:\n    retries: 3\n")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn parsed(name: &str) -> Value {
    yaml(&fs::read_to_string(root().join(name)).expect("it is there"))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no text `{key}` in {value}"))
}

/// What a hook says to the YAML files of a project.
pub(crate) fn hook(id: &str, project: &Project) -> Ran {
    let hooks = parsed(".pre-commit-hooks.yaml");
    let hook = hooks.as_array().into_iter().flatten().find(|hook| hook["id"] == id).expect("a hook");
    assert_eq!((text(hook, "language"), &hook["types"][0]), ("system", &"yaml".into()));
    let mut words = text(hook, "entry").split(' ');
    assert_eq!(words.next(), Some("flowrun"));
    let files = ["broken.yaml", "compose.yaml", "pipeline.yaml", "shared.yaml"];
    project.run(&words.chain(files).collect::<Vec<_>>())
}

#[test]
fn hooks_pass_over_the_yaml_of_other_programs() {
    let project = project(PIPELINE);
    for (id, says) in [
        ("flowrun-check", "no error and no warning in 2 files"),
        ("flowrun-fmt", "2 files, 0 would change"),
        ("flowrun-test", "1 passed"),
    ] {
        let ran = hook(id, &project);
        assert!(ran.code == 0 && ran.stderr.contains(says), "{id}: {} {}", ran.code, ran.stderr);
    }
    assert!(!project.has("out.jsonl"));
}

#[test]
fn hooks_find_what_is_wrong_with_pipelines() {
    let ran = hook("flowrun-check", &project(&PIPELINE.replace("from: rows", "from: rwos")));
    assert!(ran.code == 65 && ran.stderr.contains("rwos"), "{}", ran.stderr);
    let unordered = PIPELINE.replace("version: 1\nname: double\n", "name: double\nversion: 1\n");
    let ran = hook("flowrun-fmt", &project(&unordered));
    assert!(ran.code == 1 && ran.stderr.contains("would change pipeline.yaml"), "{}", ran.stderr);
    let ran = hook("flowrun-test", &project(&PIPELINE.replace("expect: { id: 4 }", "expect: { id: 5 }")));
    assert!(ran.code == 1, "{}", ran.stderr);
}

#[test]
fn nothing_to_do_is_no_error_where_others_are_skipped() {
    let project = project(PIPELINE);
    for command in [&["check"][..], &["fmt", "--check"], &["test"]] {
        let run = |file| project.run(&[command, &["--skip-others", file]].concat());
        assert_eq!(run("compose.yaml").code, 0, "{command:?}");
        // A file that is not there is one that somebody means.
        assert_eq!(run("missing.yaml").code, 2, "{command:?}");
    }
    assert_eq!(project.run(&["check", "compose.yaml"]).code, 65);
}

/// The steps of the action in order, on a machine of GitHub's with these inputs.
pub(crate) fn action(project: &Project, inputs: &[(&str, &str)]) -> Ran {
    let action = parsed("action.yml");
    let input = |name: &str| {
        let given = inputs.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
        given.unwrap_or_else(|| text(&action["inputs"][name], "default").to_owned())
    };
    let stub = packed(&format!("#!/bin/sh\nexec '{}' \"$@\"\n", binary()));
    let sums = checksums(&stub);
    let server = Server::start(move |request| match request.target.strip_prefix("/") {
        Some("SHA256SUMS") => Reply::text(200, &sums),
        Some(name) if name == file_name() => Reply::Whole(200, Vec::new(), stub.clone()),
        _ => Reply::text(404, ""),
    });
    let path_file = project.path("github-path");
    let mut last = None;
    for step in action["runs"]["steps"].as_array().expect("steps") {
        if step["if"].as_str() == Some("inputs.paths != ''") && input("paths").is_empty() {
            continue;
        }
        assert_eq!(text(step, "shell"), "bash");
        let added = fs::read_to_string(&path_file).unwrap_or_default().trim().to_owned();
        let path = format!("{added}:{}", std::env::var("PATH").expect("a search path"));
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", text(step, "run")]);
        command.current_dir(project.path("")).stdin(Stdio::null()).env("PATH", path);
        command.env("GITHUB_ACTION_PATH", root()).env("GITHUB_PATH", &path_file);
        command.env("RUNNER_TEMP", project.path(".runner")).env("FLOWRUN_BASE_URL", server.url(""));
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            let value = value.as_str().expect("text");
            let name_of = value.strip_prefix("${{ inputs.").and_then(|rest| rest.strip_suffix(" }}"));
            command.env(name, input(name_of.expect("an input")));
        }
        let ran = Ran::from(command.output().expect("bash runs"));
        let is_over = ran.code != 0;
        last = Some(ran);
        if is_over {
            break;
        }
    }
    last.expect("a step")
}

#[test]
fn the_action_installs_flowrun_and_shows_findings_beside_the_lines() {
    let ran = action(&project(PIPELINE), &[]);
    assert!(ran.code == 0 && ran.stderr.contains("no error and no warning in 2 files"), "{}", ran.stderr);
    let ran =
        action(&project(&PIPELINE.replace("from: rows", "from: rwos")), &[("paths", "pipeline.yaml\n")]);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("::error file=pipeline.yaml,line=7,"), "{}", ran.stdout);
}

#[test]
fn the_action_takes_its_inputs_as_they_are() {
    // A word that a shell would act on is a name that does not exist.
    let ran = action(&project(PIPELINE), &[("paths", "pipeline.yaml\n$(touch made);*.yml")]);
    assert!(ran.code == 2 && ran.stderr.contains("$(touch made);*.yml"), "{}", ran.stderr);
    let warned = PIPELINE.replace("  save:\n    from: double\n    write: out.jsonl\n", "");
    assert_eq!(action(&project(&warned), &[]).code, 0);
    assert_eq!(action(&project(&warned), &[("deny-warnings", "true")]).code, 65);
    let ran = action(&project("no pipeline: at all\n"), &[("paths", "")]);
    assert!(ran.code == 0 && ran.stdout.starts_with("installed flowrun "), "{}", ran.stdout);
    let ran = action(&project(PIPELINE), &[("version", "1.0.0")]);
    assert!(ran.code == 1 && ran.stderr.contains("--version has no meaning"), "{}", ran.stderr);
}

#[test]
fn scripts_can_be_started() {
    for entry in fs::read_dir(root().join("packaging")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{}", path.display());
        assert!(fs::read(&path).expect("a script").starts_with(b"#!"), "{}", path.display());
    }
}
