//! ARCHITECTURE.md and the pages on the design name tests and files that exist.

use std::collections::BTreeSet;
use std::fs;

use super::sources::{files, root};

/// The page.
fn page() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page is there")
}

/// The words of a text that stand in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The names of all tests: of functions below `#[test]`, and of those that `proptest!` makes.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in ["src", "tests/it"].into_iter().flat_map(|folder| files(&root().join(folder), "rs")) {
        let text = fs::read_to_string(path).expect("sources are UTF-8");
        for after in text.split("#[test]").skip(1) {
            let name = after.split_once("fn ").map_or("", |(_, rest)| rest);
            names.insert(
                name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("").to_owned(),
            );
        }
    }
    names
}

#[test]
fn each_invariant_names_tests_that_exist() {
    let (page, tests) = (page(), tests());
    let part = page.split("## Invariants").nth(1).and_then(|rest| rest.split("\n## ").next());
    let mut wrong = Vec::new();
    for invariant in part.expect("the page has invariants").split("\n- ").skip(1) {
        let name = invariant.split(' ').next().unwrap_or_default();
        let named = quoted(invariant).into_iter().filter(|word| word.contains('_') && !word.contains('/'));
        let named: Vec<&str> = named.collect();
        if !named.iter().any(|test| tests.contains(*test)) {
            wrong.push(format!("{name} names no test"));
        }
        wrong.extend(
            named
                .iter()
                .filter(|test| !tests.contains(**test))
                .map(|test| format!("{name}: no test `{test}`")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_that_the_pages_name_are_there() {
    let designs = files(&root().join("docs/design"), "md");
    assert!(designs.len() >= 5, "{designs:?}");
    let designs = designs.into_iter().map(|path| fs::read_to_string(path).expect("text"));
    let page = [page()].into_iter().chain(designs).collect::<String>();
    let is_path = |word: &&str| word.contains('/') && !word.contains([' ', '(', ':', '*']);
    let wrong: Vec<&str> = quoted(&page)
        .into_iter()
        .filter(is_path)
        .filter(|path| {
            [".rs", "/", ".md"].iter().any(|end| path.ends_with(end)) || path.starts_with("tests/")
        })
        .filter(|path| !["", "src"].iter().any(|folder| root().join(folder).join(path).exists()))
        .collect();
    assert!(wrong.is_empty(), "the pages name what is not there: {wrong:?}");
}
