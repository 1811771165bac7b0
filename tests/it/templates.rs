//! These tests render templates in the manner of those that exist, and compare them with what Jinja2 makes of them: `tests/templates` holds both, and
//! the script that made them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::project::Project;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Files of a folder with this extension, by name.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("listed").path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == extension)).collect();
    files.sort();
    files
}

/// What `template.render` makes of sources with variables; errors as their messages.
fn rendered(cases: &[(String, String)]) -> Vec<String> {
    let rows = cases.iter().map(|(source, variables)| {
        let source = serde_json::to_string(source).expect("a text");
        let variables: serde_json::Value = serde_json::from_str(variables).expect("JSON");
        format!("{{\"source\":{source},\"variables\":{variables}}}\n")
    });
    let project = Project::with(
        "steps:\n  list: {read: in.jsonl}\n  work:\n    from: list\n    map: |\n      \
         local ok, text = pcall(template.render, item.source, item.variables)\n      \
         return if ok then text else \"error: \" .. text.message\n  save: {from: work, write: out.jsonl}\n",
    );
    let project = project.file("in.jsonl", rows.collect::<String>());
    let ran = project.run(&["pipeline.yaml", "-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines = project.read("out.jsonl");
    lines.lines().map(|line| serde_json::from_str(line).expect("a text")).collect()
}

#[test]
fn templates_in_the_manner_of_real_ones_render_as_in_jinja() {
    let mut cases = Vec::new();
    let mut names = Vec::new();
    for variables in files(&folder(), "json") {
        let kind = folder().join(variables.file_stem().expect("a name"));
        if kind.is_dir() {
            for template in files(&kind, "j2") {
                cases.push((read(&template), read(&variables)));
                names.push(template);
            }
        }
    }
    assert_eq!(cases.len(), 40);
    for (name, text) in names.iter().zip(rendered(&cases)) {
        assert_eq!(text, read(&name.with_extension("out")), "{}", name.display());
    }
}

#[test]
fn methods_filters_and_tests_do_what_they_do_in_jinja() {
    let variables = read(&folder().join("lines.json"));
    let texts = |name: &str| -> Vec<String> {
        read(&folder().join(name)).lines().map(|line| serde_json::from_str(line).expect("a text")).collect()
    };
    let sources = texts("lines.txt");
    let cases: Vec<_> = sources.iter().map(|source| (source.clone(), variables.clone())).collect();
    for ((source, text), expect) in sources.iter().zip(rendered(&cases)).zip(texts("lines.out")) {
        assert_eq!(text, expect, "{source}");
    }
}

#[test]
fn what_is_drawn_depends_on_the_seed_and_the_item_alone() {
    let drawn = |args: &[&str]| {
        let project = Project::with(
            "steps:\n  list: { items: [1, 2, 3, 4, 5, 6, 7, 8] }\n  work:\n    from: list\n    map:\n      concurrency: 4\n      lua: |\n        \
             local plain = template.render('{{ x }}', { x = item })\n        \
             return template.render('{{ l|random }} {{ l|random }}', { l = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 } }) .. plain\n  \
             save: { from: work, write: out.jsonl }\n",
        );
        project.run(&[&["pipeline.yaml"], args].concat()).ok();
        project.read("out.jsonl")
    };
    let first = drawn(&["--seed", "1"]);
    assert_eq!(first, drawn(&["--seed", "1", "--set", "work.concurrency=1"]));
    assert_ne!(first, drawn(&["--seed", "2"]));
    let kinds: std::collections::BTreeSet<&str> =
        first.lines().map(|line| line.rsplit_once(' ').expect("two").0).collect();
    assert!(kinds.len() > 2, "items draw each for itself: {first}");
}
