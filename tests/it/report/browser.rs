//! These tests cover the page in a headless Chromium: no message on its console, nothing wider than a phone, a name
//! for everything, enough contrast, a search that finds.

use std::path::Path;

use super::{pipeline, project};
use crate::browser::{is_there, left, look};
use crate::editors;
use crate::project::Project;

const PROBE: &str = include_str!("browser.js");
const DARK: &str = "--blink-settings=preferredColorScheme=0";
/// What axe-core finds, in an element that is added to the page.
const BARRIERS: &str = "axe.run(document).then(function (found) {
  var barriers = found.violations.map(function (rule) { return rule.id + ': ' + rule.nodes[0].html; });
  var rules = found.passes.length > 15 ? 'more than 15' : found.passes.length;
  var result = document.createElement('pre');
  result.id = 'barriers';
  result.textContent = barriers.length ? barriers.join('\\n') : 'no barrier by ' + rules + ' rules';
  document.body.appendChild(result);
});";

/// Fails unless the page of the project is as it should be, this wide.
#[track_caller]
fn check(project: Project, width: u32, options: &[&str]) {
    let holder = format!(
        "<!doctype html><title>x</title><body><iframe src=\"r.html\" style=\"width:{width}px;height:1500px;border:0\"></iframe>\
         <script>{PROBE}</script>"
    );
    let project = project.file("holder.html", holder);
    let folder = project.path("");
    let (document, said) = look(&folder, "holder.html", options);
    assert_eq!(left(&document, "result"), Some("nothing is wrong"), "{width} px {options:?}\n{said}");
    let console: Vec<&str> = said.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(console.is_empty(), "{width} px {options:?}: {console:?}");
}

/// Fails unless axe-core finds no barrier in the page of the project, in the widths and colours that Chromium is told.
#[track_caller]
fn check_for_barriers(project: Project, axe: &Path, options: &[&str]) {
    let page = project.read("r.html");
    let (before, policy) = page.split_once("<meta http-equiv=\"Content-Security-Policy\"").expect("a policy");
    // The page lets no foreign script run, so this one comes with a copy that has no policy.
    let (_, rest) = policy.split_once('>').expect("the policy ends");
    let rest = rest.strip_suffix("</html>\n").expect("the page is whole");
    let copy = format!(
        "{before}{rest}<script src=\"file://{}\"></script><script>{BARRIERS}</script></html>",
        axe.display()
    );
    let project = project.file("barriers.html", copy);
    let (document, said) = look(&project.path(""), "barriers.html", options);
    assert_eq!(left(&document, "barriers"), Some("no barrier by more than 15 rules"), "{options:?}\n{said}");
}

#[test]
fn no_barrier_is_in_the_page() {
    let Some(axe) = is_there().then(|| editors::node_module("axe-core/axe.min.js")).flatten() else { return };
    for options in [&["--window-size=500,2000"][..], &["--window-size=1280,2000", DARK]] {
        let project = project("0.5");
        project.run(&["pipeline.yaml", "--report", "r.html"]).ok();
        check_for_barriers(project, &axe, options);
    }
}

#[test]
fn a_browser_finds_nothing_wrong_with_the_page() {
    if !is_there() {
        return;
    }
    for (width, options) in
        [(320, &[][..]), (320, &[DARK]), (768, &[]), (1280, &[]), (1280, &[DARK]), (2560, &[])]
    {
        let project = project("0.5");
        project.run(&["pipeline.yaml", "--report", "r.html"]).ok();
        check(project, width, options);
    }
}

#[test]
fn a_browser_finds_nothing_wrong_with_the_page_of_a_failed_run_with_long_words() {
    if !is_there() {
        return;
    }
    let long = "x".repeat(300);
    let project = Project::with(&pipeline("1")).ids("in.jsonl", 12);
    let word = format!("word={long}");
    let ran = project.run(&["pipeline.yaml", "--report", "r.html", "-p", &word]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    check(project, 320, &[]);
}
