//! These tests check which item gets which old result, row by row.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::{NewItems, Reuse, Reused, Unusable};
use crate::event::{RunStatus, StepResult, StepStatus};
use crate::store::tests::fixture::{self, chunk, finished, result, spec};
use crate::store::{Catalogue, Committer, Digest, LinesPerItem, StoredRun, paths};
use crate::value::Ratio;

fn open(runs: Vec<StoredRun>) -> Reuse {
    let fingerprint = spec(LinesPerItem::One, false).fingerprint;
    Reuse::open(runs, "work", LinesPerItem::One, false, &fingerprint)
        .expect("readable")
        .expect("the same function")
}

/// Asks for all items, `window` at a time, and says in a word each what became of them.
fn ask(reuse: &mut Reuse, new: &[&str], window: usize) -> String {
    let mut words = Vec::new();
    for (at, texts) in new.chunks(window).enumerate() {
        let digests: Vec<Digest> = texts.iter().map(|text| Digest::of(text.as_bytes())).collect();
        let items = NewItems { first: (at * window) as u64 + 1, identities: &digests, contents: &digests };
        for at in 0..texts.len() {
            let mut out = Vec::new();
            words.push(match reuse.take(&items, at, &mut out).expect("readable") {
                Reused::Result { lines } => {
                    assert_eq!(lines, 1);
                    let value: (String, u64) = serde_json::from_slice(&out).expect("a result");
                    format!("{}{}", value.0, value.1)
                }
                Reused::Skipped(reason) => format!("({})", reason.unwrap_or_default()),
                Reused::Failed => "failed".to_owned(),
                Reused::FailedForGood(item) => format!("{}!", item.message),
                Reused::Changed => "changed".to_owned(),
                Reused::Damaged => "damaged".to_owned(),
                Reused::New => "new".to_owned(),
            });
        }
    }
    words.join(" ")
}

/// `old` in the notation of [`chunk`]; of each new item that was reused, the text and the old index.
fn check(old: &[&str], new: &[&str], expect: &str, left: u64) {
    for window in [1000, 2, 1] {
        let dir = tempfile::tempdir().expect("a folder");
        let run = finished(dir.path(), "r1", None, vec![chunk(1, old)]);
        let mut reuse = open(vec![run]);
        assert_eq!(ask(&mut reuse, new, window), expect, "{window} at a time");
        assert_eq!(reuse.left(), left);
        assert_eq!(reuse.warnings().count(), 0);
    }
}

#[test]
fn what_succeeded_or_was_skipped_is_reused_and_the_rest_is_not() {
    check(
        &["a", "-b", "!c", "!!d", "?e", "f"],
        &["a", "b", "c", "d", "e", "f"],
        "a1 (not b) failed no good! new f6",
        0,
    );
}

#[test]
fn inserting_dropping_and_swapping_redoes_only_what_is_new() {
    check(&["a", "b", "c", "d"], &["x", "a", "b", "c", "d"], "new a1 b2 c3 d4", 0);
    check(&["a", "b", "c", "d"], &["a", "x", "b", "y", "c", "d"], "a1 new b2 new c3 d4", 0);
    check(&["a", "b", "c", "d"], &["b", "d"], "b2 d4", 2);
    check(&["a", "b", "c", "d"], &["d", "c", "b", "a"], "d4 c3 b2 a1", 0);
    check(&["a", "b", "c", "d"], &["x", "y"], "new new", 4);
    check(&[], &["a"], "new", 0);
    check(&["a"], &[], "", 1);
}

#[test]
fn repeats_are_told_apart_by_their_occurrence() {
    check(&["a", "a", "b"], &["a", "a", "b"], "a1 a2 b3", 0);
    check(&["a", "a", "b"], &["x", "a", "b", "a"], "new a1 b3 a2", 0);
    check(&["a", "a"], &["a", "a", "a"], "a1 a2 new", 0);
    check(&["a", "a", "a"], &["a"], "a1", 2);
    check(&["!a", "a"], &["a", "a"], "failed a2", 0);
}

#[test]
fn a_repeat_that_had_not_ended_does_not_take_the_result_of_a_later_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = finished(dir.path(), "r1", None, vec![chunk(1, &["?a", "b", "a", "c"])]);
    assert_eq!(ask(&mut open(vec![run]), &["a", "b", "a", "c"], 1000), "new b2 a3 c4");
    let run = StoredRun::open(&paths::run(dir.path(), "r1")).expect("readable");
    assert_eq!(ask(&mut open(vec![run]), &["b", "a", "c"], 1000), "b2 a3 c4", "the first one was dropped");
}

#[test]
fn what_a_resumed_run_did_not_come_to_is_taken_from_the_one_before() {
    let dir = tempfile::tempdir().expect("a folder");
    finished(dir.path(), "r1", None, vec![chunk(1, &["a", "b", "!c", "a", "?e"])]);
    finished(dir.path(), "r2", Some("r1"), vec![chunk(1, &["?a", "b", "c"]), chunk(5, &["e"])]);
    finished(dir.path(), "r3", Some("r2"), vec![chunk(2, &["b"])]);
    let (runs, said) = Catalogue::new(dir.path()).open_to_resume("r3").expect("readable");
    let ids: Vec<&str> = runs.iter().map(|run| run.record().id.as_str()).collect();
    assert_eq!((ids, said), (vec!["r3", "r2", "r1"], Vec::<String>::new()));
    assert_eq!(ask(&mut open(runs), &["a", "b", "c", "a", "e"], 1000), "a1 b2 c3 a4 e5");
}

#[test]
fn a_run_that_came_to_its_end_is_asked_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let all = |id: &str, parent, items: &[&str], status| {
        let needed = Some((Ratio::ONE, items.len() as u64));
        let result = StepResult { status, needed, ..fixture::result(items.len() as u64, 0, 0) };
        fixture::finished_as(dir.path(), id, parent, vec![chunk(1, items)], &result)
    };
    let runs = |status| vec![all("r2", Some("r1"), &["a"], status), all("r1", None, &["a", "b"], status)];
    // `b` was dropped in the last run, or the last run had not come to it.
    for (status, known, left) in [(StepStatus::Succeeded, 1, 0), (StepStatus::Cancelled, 3, 1)] {
        let dir = dir.path().join("runs");
        let mut reuse = open(runs(status));
        assert_eq!(reuse.known(), known);
        ask(&mut reuse, &["a"], 1);
        assert_eq!(reuse.left(), left);
        std::fs::remove_dir_all(dir).expect("room");
    }
}

#[test]
fn items_with_keys_are_found_by_them_and_told_when_their_content_is_another() {
    let dir = tempfile::tempdir().expect("a folder");
    let committer = Committer::start(fixture::run(dir.path(), "r1", None)).expect("a thread");
    let journal = committer.step(spec(LinesPerItem::One, true)).expect("room");
    let mut old = chunk(1, &["a", "b", "!c"]);
    old.keys = vec!["k1".into(), "k2".into(), "k3".into()];
    journal.push(old).expect("room");
    journal.finish(&result(2, 1, 0)).expect("room");
    committer.finish(RunStatus::Failed, Duration::ZERO, None).expect("room");
    let run = || StoredRun::open(&paths::run(dir.path(), "r1")).expect("readable");
    let spec = spec(LinesPerItem::One, true);
    let reuse =
        Reuse::open(vec![run()], "work", LinesPerItem::One, true, &spec.fingerprint).expect("readable");
    let identities = ["k2", "k1", "k3", "k4"].map(Digest::of_key);
    let contents = [&b"b"[..], b"changed", b"c", b"a"].map(Digest::of);
    let items = NewItems { first: 1, identities: &identities, contents: &contents };
    let (mut reuse, mut out) = (reuse.expect("the same function"), Vec::new());
    let got: Vec<Reused> = (0..4).map(|at| reuse.take(&items, at, &mut out).expect("readable")).collect();
    assert_eq!(got, [Reused::Result { lines: 1 }, Reused::Changed, Reused::Failed, Reused::New]);
    assert_eq!(out, b"[\"b\",2]\n");
    assert_eq!(run().failures("work", 0, 9).expect("readable")[0].key, "k3");
    let other =
        Reuse::open(vec![run()], "work", LinesPerItem::One, false, &spec.fingerprint).expect("readable");
    assert_eq!(other.expect_err("other identities"), Unusable::Changed(vec!["key".to_owned()]));
}

#[test]
fn another_function_or_parameter_is_named_as_the_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    finished(dir.path(), "r1", None, vec![chunk(1, &["a"])]);
    let check = |step: &str, changes: &[(&str, &str)], expect: Unusable| {
        let run = StoredRun::open(&paths::run(dir.path(), "r1")).expect("readable");
        let fingerprint = changes.iter().map(|(name, digest)| ((*name).into(), (*digest).into())).collect();
        let reuse = Reuse::open(vec![run], step, LinesPerItem::One, false, &fingerprint).expect("readable");
        assert_eq!(reuse.expect_err("not to be reused"), expect);
    };
    let changed = |names: &[&str]| Unusable::Changed(names.iter().map(|name| (*name).to_owned()).collect());
    check("work", &[("params", "p1"), ("function", "f2")], changed(&["function"]));
    check("work", &[("params", "p2"), ("function", "f2")], changed(&["function", "params"]));
    check("work", &[("function", "f1")], changed(&["params"]));
    check("other", &[], Unusable::Unknown);
    check("source", &[], Unusable::Unknown);
}

fn lists() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
    let list = || prop::collection::vec((0..12_u8).prop_map(|item| format!("i{item}")), 0..60);
    prop_oneof![(list(), list()), list().prop_map(|list| (list.clone(), list))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn for_every_change_of_the_source_each_occurrence_gets_its_own_old_result(
        (old, new) in lists(),
        cut in 1..10_usize,
        window in 1..20_usize,
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        // In pieces that arrive in another order than that of their indices.
        let mut chunks: Vec<_> = old
            .chunks(cut)
            .enumerate()
            .map(|(at, items)| {
                let items: Vec<&str> = items.iter().map(String::as_str).collect();
                chunk((at * cut) as u64 + 1, &items)
            })
            .collect();
        chunks.reverse();
        let run = finished(dir.path(), "r1", None, chunks);
        let mut taken = vec![false; old.len()];
        let expect: Vec<String> = new
            .iter()
            .map(|item| match (0..old.len()).find(|at| !taken[*at] && old[*at] == *item) {
                Some(at) => {
                    taken[at] = true;
                    format!("{item}{}", at + 1)
                }
                None => "new".to_owned(),
            })
            .collect();
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        let mut reuse = open(vec![run]);
        prop_assert_eq!(ask(&mut reuse, &new, window), expect.join(" "));
        prop_assert_eq!(reuse.left(), taken.iter().filter(|taken| !**taken).count() as u64);
    }
}

/// Every damage leads to items that are run again, never to another result.
fn check_damage(state: &Path, what: &str) {
    let items = ["a", "b", "c", "a"];
    let Ok((runs, _)) = Catalogue::new(state).open_to_resume("r1") else { return };
    let Ok(Ok(mut reuse)) =
        Reuse::open(runs, "work", LinesPerItem::One, false, &spec(LinesPerItem::One, false).fingerprint)
    else {
        return;
    };
    let said = ask(&mut reuse, &items, 10).replace("(not c)", "(c)");
    for (word, whole) in said.split(' ').zip(["a1", "b2", "(c)", "a4"]) {
        assert!(
            [whole, "new", "damaged", "failed"].contains(&word) || word.starts_with('('),
            "{what}: {said}"
        );
    }
}

#[test]
fn a_segment_that_ends_too_soon_gives_no_wrong_result() {
    let dir = tempfile::tempdir().expect("a folder");
    finished(dir.path(), "r1", None, vec![chunk(1, &["a", "b", "-c", "a"])]);
    let path = paths::segment(&paths::run(dir.path(), "r1"), "work", 1);
    let whole = fixture::bytes(&path);
    // The reason of the skip is noted behind the endings; as long as the database is whole, nobody needs it.
    let notes = memchr::memmem::find(&whole, b"FRN1").expect("noted") - 8;
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).expect("room");
        let run = StoredRun::open(&paths::run(dir.path(), "r1")).expect("the database is whole");
        let mut reuse = open(vec![run]);
        let is_whole = length >= notes;
        let expect = if is_whole { "a1 b2 (not c) a4" } else { "new new new new" };
        assert_eq!(ask(&mut reuse, &["a", "b", "c", "a"], 9), expect, "cut at {length}");
        assert_eq!(reuse.warnings().count(), usize::from(!is_whole), "cut at {length}");
        check_damage(dir.path(), "cut");
    }
}
