//! The pages: README.md and what lies in `docs`, and the others that are linked to.

use std::fs;
use std::path::{Path, PathBuf};

use super::block::fence;

/// A page, by its path from the root.
pub(super) struct Page {
    pub(super) name: String,
    pub(super) text: String,
}

pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> Page {
    let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
    Page { text: fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}")), name }
}

fn below(folder: &Path, pages: &mut Vec<Page>) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder can be listed")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            below(&path, pages);
        } else if path.extension().is_some_and(|end| end == "md") {
            pages.push(read(&path));
        }
    }
}

/// README.md and the pages of the book, but for its summary.
pub(super) fn pages() -> Vec<Page> {
    let mut pages = vec![read(&root().join("README.md"))];
    below(&root().join("docs"), &mut pages);
    pages.retain(|page| page.name != "docs/SUMMARY.md");
    pages
}

/// These and all others that people read.
pub(super) fn all() -> Vec<Page> {
    let mut all = pages();
    for name in [
        "docs/SUMMARY.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "python/README.md",
        "editors/README.md",
    ] {
        all.push(read(&root().join(name)));
    }
    below(&root().join("examples"), &mut all);
    all
}

/// The lines outside of fenced blocks, with their numbers from 1.
pub(super) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut open: Option<&str> = None;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let bare = line.trim();
        match (open, fence(bare)) {
            (None, None) => return Some((index + 1, line)),
            (None, Some(fence)) => open = Some(fence),
            (Some(fence), _) if bare == fence => open = None,
            (Some(_), _) => {}
        }
        None
    })
}

/// Level and text of every heading.
pub(super) fn headings(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).filter_map(|(_, line)| {
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        line[level..].strip_prefix(' ').filter(|_| level > 0).map(|title| (level, title))
    })
}

/// Whether a page is what the program says; `UPDATE_EXPECT=1` makes it so.
pub(super) fn check(name: &str, expected: &str) {
    let path = root().join(name);
    let is = fs::read_to_string(&path).unwrap_or_default();
    if is != expected && std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, expected).expect("written");
        return;
    }
    let differs = is.lines().zip(expected.lines()).find(|(is, should)| is != should);
    assert!(is == expected, "{name} is not what the program says (UPDATE_EXPECT=1 rewrites it): {differs:?}");
}
