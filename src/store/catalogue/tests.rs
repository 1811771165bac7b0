//! These tests check which run is meant, and which may go.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::Catalogue;
use crate::event::RunStatus;
use crate::store::tests::fixture::{chunk, finished, run, spec};
use crate::store::{Committer, LinesPerItem, paths};

/// Runs with an id, how they ended, and the run that they resumed.
fn catalogue(runs: &[(&str, RunStatus, Option<&str>)]) -> (tempfile::TempDir, Catalogue) {
    let dir = tempfile::tempdir().expect("a folder");
    for (id, status, parent) in runs {
        let committer = Committer::start(run(dir.path(), id, *parent)).expect("a thread");
        committer.finish(*status, Duration::ZERO, None).expect("room");
    }
    let catalogue = Catalogue::new(dir.path());
    (dir, catalogue)
}

fn ids(records: &[super::RunRecord]) -> Vec<&str> {
    records.iter().map(|record| record.id.as_str()).collect()
}

const FAILED: RunStatus = RunStatus::Failed;
const SUCCEEDED: RunStatus = RunStatus::Succeeded;

#[test]
fn a_run_is_found_by_its_id_the_beginning_of_it_or_as_the_latest() {
    let (_dir, catalogue) = catalogue(&[("abc1", FAILED, None), ("abd2", FAILED, None)]);
    let check = |wanted: &str, expect: &str| {
        let found = catalogue.find(wanted).unwrap_or_else(|error| error.to_string());
        assert_eq!(found.split(" in `").next(), Some(expect), "{wanted}");
    };
    check("abc1", "abc1");
    check("abd", "abd2");
    check("ABD", "abd2");
    check("latest", "abd2");
    check("ab", "`ab` may be any of abc1, abd2");
    check("x", "there is no run `x`");
    check("", "there is no run ``");
}

#[test]
fn a_state_folder_that_is_not_there_has_no_runs() {
    let catalogue = Catalogue::new(Path::new("/nowhere/.flowrun"));
    assert_eq!(catalogue.list().expect("empty"), []);
    assert!(catalogue.find("latest").is_err() && catalogue.open("x").is_err());
}

#[test]
fn runs_are_listed_from_the_newest_with_what_is_going_on() {
    let (dir, catalogue) = catalogue(&[("r1", FAILED, None)]);
    let committer = Committer::start(run(dir.path(), "r2", None)).expect("a thread");
    let states = || -> Vec<(String, String)> {
        let records = catalogue.list().expect("readable");
        records.into_iter().map(|record| (record.id, record.status)).collect()
    };
    let pair = |id: &str, status: &str| (id.to_owned(), status.to_owned());
    assert_eq!(states(), [pair("r2", "running"), pair("r1", "failed")]);
    let live = catalogue.open_to_resume("r2").expect_err("still going on").to_string();
    assert_eq!(live, format!("run `r2` is still going on (process {})", std::process::id()));
    drop(committer);
    assert_eq!(states(), [pair("r2", "interrupted"), pair("r1", "failed")]);
}

#[test]
fn a_run_that_broke_off_is_put_in_order_when_it_is_resumed() {
    let dir = tempfile::tempdir().expect("a folder");
    let committer = Committer::start(run(dir.path(), "r1", None)).expect("a thread");
    let journal = committer.step(spec(LinesPerItem::One, false)).expect("room");
    journal.push(chunk(1, &["a"])).expect("room");
    drop(committer);
    let segment = paths::segment(&paths::run(dir.path(), "r1"), "work", 1);
    let length = segment.metadata().expect("there").len();
    let mut file = std::fs::OpenOptions::new().append(true).open(&segment).expect("there");
    std::io::Write::write_all(&mut file, b"torn").expect("room");
    let stray = paths::segment(&paths::run(dir.path(), "r1"), "work", 2);
    std::fs::write(&stray, "torn").expect("room");
    let (runs, said) = Catalogue::new(dir.path()).open_to_resume("r1").expect("readable");
    let expect = format!("4 bytes behind the last commit of `{}` are cut off", segment.display());
    assert_eq!(said, [expect]);
    assert_eq!((segment.metadata().expect("there").len(), stray.exists()), (length, false));
    assert_eq!(runs[0].step("work").expect("known").status, "cancelled");
    let (_, said) = Catalogue::new(dir.path()).open_to_resume("r1").expect("readable");
    assert_eq!(said, Vec::<String>::new(), "once is enough");
}

#[test]
fn pruning_keeps_the_newest_the_young_the_live_and_what_they_stand_on() {
    let runs = [
        ("r1", FAILED, None),
        ("r2", SUCCEEDED, None),
        ("r3", RunStatus::Interrupted, Some("r1")),
        ("r4", SUCCEEDED, Some("r3")),
    ];
    let check = |keep: Option<usize>, age: Option<u64>, expect: &[&str]| {
        let (dir, catalogue) = catalogue(&runs);
        let live = run(dir.path(), "r0", None);
        let later = SystemTime::now() + Duration::from_secs(3600);
        let age = age.map(Duration::from_secs);
        let would = catalogue.prune(keep, age, later, false).expect("readable");
        assert_eq!(catalogue.ids().expect("readable").len(), 5, "nothing is removed unasked");
        let pruned = catalogue.prune(keep, age, later, true).expect("removable");
        assert_eq!(pruned, would);
        let records: Vec<_> = pruned.into_iter().map(|pruned| pruned.record).collect();
        assert_eq!(ids(&records), expect);
        assert_eq!(catalogue.ids().expect("readable").len(), 5 - expect.len());
        assert_eq!(std::fs::read_dir(dir.path().join("runs")).expect("there").count(), 5 - expect.len());
        drop(live);
    };
    check(None, None, &[]);
    check(Some(1), None, &["r3", "r2", "r1"]);
    // r3 was cut off and stands on r1.
    check(Some(2), None, &["r2"]);
    check(Some(0), None, &["r4", "r3", "r2", "r1"]);
    check(None, Some(1800), &["r4", "r3", "r2", "r1"]);
    check(None, Some(7200), &[]);
    check(Some(3), Some(1800), &[]);
    check(Some(2), Some(1800), &["r2"]);
}

#[test]
fn a_run_has_a_size() {
    let dir = tempfile::tempdir().expect("a folder");
    finished(dir.path(), "r1", None, vec![chunk(1, &["a"])]);
    let size = Catalogue::new(dir.path()).size("r1");
    assert!((10_000..500_000).contains(&size), "{size}");
}
