//! The book as mdBook builds it, in a headless Chromium: no barrier by axe-core in any of its themes, nothing wider than a
//! phone, no link that leads nowhere, a search that finds without a server.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::page::{pages, root};
use crate::{browser, editors};

const WALK: &str = include_str!("built.js");

/// Builds the book into this folder, and says which pages it has there.
fn build(mdbook: &Path, folder: &Path) -> Vec<String> {
    let built = Command::new(mdbook)
        .args(["build", "--dest-dir"])
        .arg(folder)
        .arg(root().join("docs"))
        .output()
        .expect("mdbook starts");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success() && !said.contains("WARN"), "{said}");
    let pages: Vec<String> = pages()
        .into_iter()
        .filter_map(|page| Some(format!("{}.html", page.name.strip_prefix("docs/")?.strip_suffix(".md")?)))
        .collect();
    assert!(pages.iter().all(|page| folder.join(page).is_file()), "{said}");
    pages
}

/// Fails unless every page is as it should be, this wide and in these themes.
#[track_caller]
fn check(width: u32, themes: &[&str]) {
    let tools = browser::is_there()
        .then(|| Some((editors::node_module("axe-core/axe.min.js")?, editors::python_program("mdbook")?)));
    let Some((axe, mdbook)) = tools.flatten() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let book = folder.path().join("book");
    let pages = build(&mdbook, &book);
    let script = format!(
        "var pages = {}, themes = {}, width = {width}, axe = {};",
        json!(pages),
        json!(themes),
        json!(format!("file://{}", axe.display()))
    );
    let holder =
        format!("<!doctype html><title>x</title><body><script>{script}</script><script>{WALK}</script>");
    std::fs::write(book.join("holder.html"), holder).expect("written");
    let window = format!("--window-size={},1000", width + 100);
    let (document, said) = browser::look(&book, "holder.html", &[&window]);
    assert_eq!(browser::left(&document, "result"), Some("nothing is wrong"), "{width} px {themes:?}\n{said}");
}

#[test]
fn a_browser_finds_nothing_wrong_with_the_book_on_a_phone() {
    check(320, &["light", "navy"]);
}

#[test]
fn a_browser_finds_nothing_wrong_with_the_book_on_a_screen() {
    check(1280, &["light", "rust", "coal", "navy", "ayu"]);
}
