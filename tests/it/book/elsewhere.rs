//! Blocks that a reader's folder is too small for: they need a code host, a crontab, a toolchain. Tests take their text from the
//! page, put what they have in the place of what is elsewhere, and run the rest as it stands.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::block::{Use, blocks};
use super::page::{pages, root};
use crate::examples::Example;
use crate::hooks;
use crate::project::{Project, shell, yaml};

/// The blocks that name this test.
pub(crate) fn marked(test: &str) -> Vec<String> {
    let name = Use::Elsewhere(test.to_owned());
    let of = |text: &str| {
        blocks(text).into_iter().filter(|block| block.purpose() == name).map(|block| block.text).collect()
    };
    let found: Vec<String> = pages().iter().flat_map(|page| -> Vec<String> { of(&page.text) }).collect();
    assert!(!found.is_empty(), "no block names `{test}`");
    found
}

/// The only one.
fn one(test: &str) -> String {
    let [block] = <[String; 1]>::try_from(marked(test)).expect("one block names the test");
    block
}

/// Whether a test of this name asks for its blocks.
pub(super) fn takes(test: &str) -> bool {
    let mut open = vec![root().join("tests/it")];
    let asks = [format!("marked(\"{test}\")"), format!("one(\"{test}\")")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let source = fs::read_to_string(path).expect("text");
            if source.contains(&format!("fn {test}()")) && asks.iter().any(|ask| source.contains(ask)) {
                return true;
            }
        }
    }
    false
}

/// What a page has its reader save under a name.
pub(crate) fn saved(page: &str, name: &str) -> String {
    let page = pages().into_iter().find(|one| one.name == page).expect("the page");
    let block = blocks(&page.text).into_iter().find(|block| block.word("file") == Some(name));
    block.expect("the file").text
}

/// The commands of a job of a workflow.
pub(crate) fn commands(workflow: &Value, job: &str) -> Vec<String> {
    let steps = workflow["jobs"][job]["steps"].as_array().expect("steps");
    steps.iter().filter_map(|step| step["run"].as_str().map(str::to_owned)).collect()
}

#[test]
fn the_line_of_the_crontab_takes_up_what_failed() {
    let line = one("the_line_of_the_crontab_takes_up_what_failed");
    let command = line.trim().strip_prefix("0 3 * * *").expect("a time").trim();
    // In a crontab an unescaped percent sign ends the command.
    assert!(!command.replace("\\%", "").contains('%'), "{command}");
    let project = Project::new().file("nightly/daily.yaml", saved("docs/guide/every-night.md", "daily.yaml"));
    fs::create_dir(project.path("nightly/in")).expect("a folder");
    let folder = project.path("nightly");
    let command = command.replace("\\%", "%").replace("/srv/nightly", &folder.to_string_lossy());
    let write =
        "for n in 1 2 3 4 5 6 7; do echo '{}' > nightly/in/$(date -d \"$n days ago\" +%F).jsonl; done";
    shell(&project.path(""), write).ok();
    let missing = project
        .path("nightly/in")
        .join(shell(&folder, "date -d '3 days ago' +%F").ok().stdout.trim().to_owned() + ".jsonl");
    fs::remove_file(&missing).expect("it was there");
    assert_eq!(shell(&folder, &command).code, 1);
    fs::write(missing, "{}\n").expect("it has come");
    let said = shell(&folder, &command).ok().stderr;
    let listed = shell(&folder, "flowrun runs --format json").ok().stdout;
    let runs: Vec<Value> = serde_json::from_str(&listed).expect("a list");
    let failed = runs.iter().filter(|run| run["status"] == "failed").count();
    assert_eq!((runs.len(), failed), (8, 1), "six, the one that failed, and it again: {said}\n{listed}");
}

#[test]
fn the_matrix_of_the_guide_makes_what_one_run_makes() {
    let workflow = yaml(&one("the_matrix_of_the_guide_makes_what_one_run_makes"));
    let (shard, gather) = (commands(&workflow, "shard"), commands(&workflow, "gather"));
    let kept = workflow["jobs"]["shard"]["steps"][2]["with"].clone();
    let numbers =
        workflow["jobs"]["shard"]["strategy"]["matrix"]["shard"].as_array().expect("numbers").clone();
    let expected = Example::new("word-count");
    shell(&expected.path, "flowrun pipeline.yaml -q").ok();
    let last = Example::new("word-count");
    for number in numbers {
        let with = |text: &str| text.replace("${{ matrix.shard }}", &number.to_string());
        let checkout = Example::new("word-count");
        shell(&checkout.path, &with(&shard[0])).ok();
        let name = with(kept["name"].as_str().expect("text"));
        let target = last.path.join("shards").join(name);
        fs::create_dir_all(&target).expect("a folder");
        let state = kept["path"].as_str().expect("text");
        shell(&checkout.path, &format!("cp -r {state}/. '{}'", target.display())).ok();
    }
    shell(&last.path, &gather[0]).ok();
    let made = |example: &Example| shell(&example.path, "cat out/*").ok().stdout;
    assert!(made(&expected) == made(&last) && !made(&last).is_empty());
}

#[test]
fn the_workflow_of_the_guide_uses_what_the_action_has() {
    let workflow = yaml(&one("the_workflow_of_the_guide_uses_what_the_action_has"));
    let steps = workflow["jobs"]["check"]["steps"].as_array().expect("steps");
    let ours = steps
        .iter()
        .find(|step| step["uses"].as_str().is_some_and(|uses| uses.starts_with("flowrun/flowrun@")));
    let given: Vec<(&str, &str)> = ours.expect("our action")["with"]
        .as_object()
        .expect("inputs")
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().expect("text")))
        .collect();
    let project = hooks::project(hooks::PIPELINE);
    hooks::action(&project, &given).ok();
    fs::create_dir(project.path("pipelines")).expect("a folder");
    fs::copy(project.path("pipeline.yaml"), project.path("pipelines/one.yaml")).expect("a copy");
    for command in commands(&workflow, "check") {
        assert!(shell(&project.path(""), &command).ok().stderr.contains("1 passed"), "{command}");
    }
}

#[test]
fn the_hooks_of_the_guide_are_there() {
    let config = yaml(&one("the_hooks_of_the_guide_are_there"));
    let listed = config["repos"][0]["hooks"].as_array().expect("hooks");
    assert_eq!(listed.len(), 3);
    let project = hooks::project(hooks::PIPELINE);
    for hook in listed {
        hooks::hook(hook["id"].as_str().expect("text"), &project).ok();
    }
}

#[test]
fn the_quick_start_cleans_documents() {
    for block in marked("the_quick_start_cleans_documents") {
        let arguments = block.trim().strip_prefix("cargo run --release -- ").expect("a run by cargo");
        let example = Example::new("clean-text");
        // As from the root of a checkout.
        let checkout = example.path.parent().and_then(Path::parent).expect("a root");
        shell(checkout, &format!("flowrun {arguments}")).ok();
        assert!(shell(&example.path, "cat out/*").ok().stdout.lines().count() > 1000);
    }
}

#[test]
fn the_loop_in_rust_is_a_program() {
    let text = one("the_loop_in_rust_is_a_program");
    let project = Project::with(
        "version: 1\nsteps:\n  rows: { items: [{ text: A }, { text: 1 }, { text: Bc }] }\n  low:\n    from: rows\n    map: { program: [./low], min_success_ratio: 0.5 }\n  save: { from: low, write: out.jsonl }\n",
    )
    .file("low.rs", text);
    // The crates that this test was built with lie beside it.
    let here = std::env::current_exe().expect("a program");
    let built = here.parent().expect("a folder");
    let crates = fs::read_dir(built).expect("a folder").map(|entry| entry.expect("an entry").path());
    let serde_json = crates.filter(|path| {
        let name = path.file_name().expect("a name").to_string_lossy();
        name.starts_with("libserde_json-") && name.ends_with(".rlib")
    });
    let compiles = |library: &Path| {
        let mut rustc = Command::new("rustc");
        rustc
            .args(["--edition", "2024", "low.rs", "-o", "low", "-L"])
            .arg(format!("dependency={}", built.display()));
        rustc.arg("--extern").arg(format!("serde_json={}", library.display())).current_dir(project.path(""));
        let output = rustc.output().expect("rustc starts");
        output.status.success().then_some(()).ok_or(String::from_utf8_lossy(&output.stderr).into_owned())
    };
    // Of several versions one is the test's own; the others may be of another compiler.
    let tried: Vec<Result<(), String>> = serde_json.map(|path| compiles(&path)).collect();
    assert!(tried.iter().any(Result::is_ok), "{tried:?}");
    let summary = project.json(&[]);
    assert_eq!(
        (summary.counts("low"), project.read("out.jsonl")),
        ([2, 1, 0, 0], "{\"text\":\"a\"}\n{\"text\":\"bc\"}\n".to_owned())
    );
}
