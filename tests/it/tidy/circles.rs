//! Files lean on each other in one direction only: where two need one thing, it lies in a file below both.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::house::{Arrows, House};
use super::imports::Path;
use super::sources;

/// A shortest way from `start` back to it.
fn circle(arrows: &Arrows, start: &Path) -> Option<Vec<Path>> {
    let mut before = BTreeMap::<&Path, &Path>::new();
    let mut open = VecDeque::from([start]);
    while let Some(file) = open.pop_front() {
        for next in arrows.get(file).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                let mut way = vec![file.clone()];
                while let Some(earlier) = before.get(&way[way.len() - 1]) {
                    way.push((*earlier).clone());
                }
                way.reverse();
                return Some(way);
            }
            if !before.contains_key(next) {
                before.insert(next, file);
                open.push_back(next);
            }
        }
    }
    None
}

/// A shortest circle through each file that is on one, each circle once, in words.
fn circles(sources: impl IntoIterator<Item = (Path, String)>) -> Vec<String> {
    let arrows = House::new(sources).arrows();
    let (mut seen, mut told) = (BTreeSet::new(), Vec::new());
    for way in arrows.keys().filter_map(|file| circle(&arrows, file)) {
        if seen.insert(way.iter().cloned().collect::<BTreeSet<_>>()) {
            let next = way.iter().cycle().skip(1);
            let lines = way.iter().zip(next).map(|(file, next)| {
                let names: Vec<&str> = arrows[file][next].iter().map(String::as_str).collect();
                format!("  {} takes from {}: {}", file.join("/"), next.join("/"), names.join(", "))
            });
            told.push(lines.collect::<Vec<_>>().join("\n"));
        }
    }
    told
}

/// The circles of sources that are given as pairs of a module's path and its text.
fn circles_of(sources: &[(&str, &str)]) -> Vec<String> {
    let path = |name: &str| name.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    circles(sources.iter().map(|(name, text)| (path(name), (*text).to_owned())))
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let found = circles(sources::all());
    assert!(found.is_empty(), "{} circles of files:\n{}", found.len(), found.join("\n\n"));
}

#[test]
fn imports_are_followed_through_what_modules_hand_on() {
    let found = circles_of(&[
        ("", "mod a; mod b;"),
        ("a", "mod deep; pub use deep::{self, Deep as Handed};"),
        ("a/deep", "use crate::b::{self}; pub struct Deep; fn f() { b::g(\"crate::nothing\") }"),
        ("b", "use super::a::Handed; pub fn g<'a>() {}"),
    ]);
    assert_eq!(found, ["  a/deep takes from b: b::g\n  b takes from a/deep: super::a::Handed"]);
}

#[test]
fn a_parent_that_calls_its_child_lies_above_it() {
    let parent = |body: &str| format!("mod child; pub use child::Child; pub const MAX: u8 = 1; {body}");
    let child = "use super::MAX; pub struct Child([u8; MAX]);";
    let with = |body: &str| circles_of(&[("", "mod a;"), ("a", &parent(body)), ("a/child", child)]).len();
    assert_eq!(with(""), 0, "handing a name on is no use of it");
    assert_eq!(with("fn f() -> Child { g().child }"), 1);
    assert_eq!(with("fn f() { child::new() }"), 1);
    assert_eq!(with("#[cfg(test)] mod tests { use super::child::Child; }"), 0, "tests look at everything");
}
