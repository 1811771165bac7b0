//! These tests make attempts at shards, cut their files off and damage them: what counts is whole, and each item once.

mod import;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::event::{FailureKind, RunStatus, Why};
use crate::store::tests::fixture::{self, chunk, spec};
use crate::store::{Catalogue, Committer, LinesPerItem, RetriedItem, StoredRun, endings, paths, segment};
use crate::value::{Indices, ShardId};

fn path(text: &str) -> ShardId {
    text.parse().expect(text)
}

fn place(folder: &Path) -> RemotePlace {
    RemotePlace::create(folder, "work").expect("room")
}

fn set(runs: &[(u64, u64)]) -> Indices {
    Indices::new(runs.iter().copied()).expect("they are in order")
}

fn pairs(indices: &Indices) -> Vec<(u64, u64)> {
    indices.iter().map(<(u64, u64)>::from).collect()
}

fn claim(place: &RemotePlace, items: &Indices) -> AttemptFile {
    AttemptFile::claim(place, ("r1", "work"), &path("17"), items).expect("room")
}

/// Works on items and gives what is in the file then. Names of items that begin with `!` fail, with `-` are left out.
fn work(attempt: AttemptFile, chunks: &[(u64, &[&str])]) -> AttemptState {
    let committer = Committer::of_attempt(attempt).expect("a thread");
    let journal = committer.step(spec(LinesPerItem::One, false)).expect("room");
    for (first, items) in chunks {
        journal.push(chunk(*first, items)).expect("room");
        // Each in a commit of its own.
        committer.checkpoint().expect("room");
    }
    let state = committer.checkpoint().expect("room");
    drop(journal);
    assert!(committer.finish(RunStatus::Succeeded, Duration::ZERO, None).expect("room").is_none());
    state
}

/// The result lines of the frames of an attempt.
fn lines(place: &RemotePlace, attempt: u32, state: &AttemptState) -> Vec<String> {
    let file = fs::File::open(place.attempt(&path("17"), attempt)).expect("it is there");
    let tag = endings::tag("r1", &format!("work/17/{attempt}"));
    let mut lines = Vec::new();
    for frame in &state.frames {
        let place = endings::BlockPlace { tag, segment: 0, offset: frame.offset, length: frame.length };
        let head = segment::read_head(&file, place).expect("it was written");
        assert_eq!(head.blocks_length(), frame.endings);
        let text = segment::read_results(&file, place, &head).expect("it is whole");
        lines.extend(String::from_utf8(text).expect("JSON").lines().map(str::to_owned));
    }
    lines
}

#[test]
fn an_attempt_says_what_it_has_finished_and_what_is_left() {
    let dir = tempfile::tempdir().expect("a folder");
    let place = place(dir.path());
    let runs = set(&[(1, 5), (20, 3)]);
    let attempt = claim(&place, &runs);
    assert_eq!(attempt.attempt(), 1);
    let committer = Committer::of_attempt(attempt).expect("a thread");
    let journal = committer.step(spec(LinesPerItem::One, false)).expect("room");
    journal.push(chunk(3, &["c", "!d", "-e"])).expect("room");
    journal.push(chunk(21, &["v"])).expect("room");
    let retried = |attempt| RetriedItem { index: 3, attempt, kind: FailureKind::Error, message: "x".into() };
    journal.retried(retried(1)).expect("room");
    journal.retried(retried(2)).expect("room");
    let state = committer.checkpoint().expect("room");
    let tally = state.tally;
    assert_eq!((tally.succeeded, tally.failed, tally.skipped, tally.retried), (2, 1, 1, 1));
    assert_eq!(pairs(&state.left_of(&runs)), [(1, 2), (20, 1), (22, 1)]);
    assert_eq!(lines(&place, 1, &state).len(), 2);
    let record = CommitRecord::of((path("17"), 1), &runs, &state, Why::Commit);
    assert!(record.goes_on && pairs(&record.rest) == [(1, 2), (20, 1), (22, 1)]);
    assert_eq!(place.commit(&record).expect("room"), Published::Made);
    assert_eq!(place.record(&path("17")).expect("readable"), Some(record.clone()));
    let mut other = record.clone();
    other.attempt = 2;
    assert_eq!(place.commit(&other).expect("room"), Published::WasThere);
    assert_eq!(place.record(&path("17")).expect("readable"), Some(record));
    assert_eq!(place.done().expect("readable"), [path("17")]);
    assert_eq!(fs::read_dir(place.path().join("tmp")).expect("it is there").count(), 0);
}

#[test]
fn of_many_who_commit_a_shard_one_does() {
    let dir = tempfile::tempdir().expect("a folder");
    let place = place(dir.path());
    let state = AttemptState::default();
    let made = thread::scope(|scope| {
        let commit = |attempt| {
            let record = CommitRecord::of((path("3+1"), attempt), &set(&[(1, 2)]), &state, Why::End);
            let place = &place;
            scope.spawn(move || (attempt, place.commit(&record).expect("room")))
        };
        let all: Vec<_> = (1..=12).map(commit).collect();
        let ended = all.into_iter().map(|one| one.join().expect("no panic"));
        ended
            .filter(|(_, published)| *published == Published::Made)
            .map(|(attempt, _)| attempt)
            .collect::<Vec<_>>()
    });
    let record = place.record(&path("3+1")).expect("readable").expect("one has made it");
    assert_eq!(made, [record.attempt]);
}

#[test]
fn of_many_who_claim_an_attempt_each_has_its_own() {
    let dir = tempfile::tempdir().expect("a folder");
    let place = place(dir.path());
    let mut claimed = thread::scope(|scope| {
        let all: Vec<_> = (0..12).map(|_| scope.spawn(|| claim(&place, &set(&[(1, 1)])).attempt())).collect();
        all.into_iter().map(|one| one.join().expect("no panic")).collect::<Vec<_>>()
    });
    claimed.sort_unstable();
    assert_eq!(claimed, (1..=12).collect::<Vec<_>>());
    assert_eq!(place.attempts(&path("17")).expect("readable"), claimed);
}

#[test]
fn names_that_are_none_of_ours_are_never_taken_for_some() {
    let dir = tempfile::tempdir().expect("a folder");
    let place = place(dir.path());
    for name in ["17.01.zst", "17.x.zst", "17.0.1.zst", "17+1.2.zst", "170.1.zst", "17.1.zst.part", "17.3"] {
        fs::write(place.path().join("try").join(name), "").expect("room");
    }
    assert_eq!(place.attempts(&path("17")).expect("readable"), [] as [u32; 0]);
    assert_eq!(place.attempts(&path("17.0")).expect("readable"), [1]);
    fs::write(place.path().join("tmp/17"), "").expect("room");
    assert_eq!(place.done().expect("readable"), []);
    fs::write(place.path().join("done/00000.24500.65aea0adbf34"), "").expect("room");
    let error = place.done().expect_err("nobody knows what it means").to_string();
    assert!(error.contains("it is no name of a shard"), "{error}");
}

#[test]
fn a_record_that_is_torn_or_of_another_shard_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let place = place(dir.path());
    let record = CommitRecord::of((path("17"), 1), &set(&[(1, 9)]), &AttemptState::default(), Why::Term);
    place.commit(&record).expect("room");
    let file = place.path().join("done/17");
    let bytes = fs::read(&file).expect("it is there");
    for length in 0..bytes.len() {
        fs::write(&file, &bytes[..length]).expect("room");
        let error = place.record(&path("17")).expect_err("it is torn").to_string();
        assert!(error.contains("it is cut off or its checksum is wrong"), "{length} {error}");
    }
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1;
        fs::write(&file, &other).expect("room");
        assert!(place.record(&path("17")).is_err(), "{at}");
    }
    fs::write(place.path().join("done/18"), &bytes).expect("room");
    let error = place.record(&path("18")).expect_err("it is another one's").to_string();
    assert!(error.contains("it is the record of shard 17"), "{error}");
}

#[test]
fn what_a_dead_attempt_had_finished_is_taken_over_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let place = place(dir.path());
    let runs = set(&[(1, 9)]);
    let first = work(claim(&place, &runs), &[(1, &["a", "!b"]), (5, &["e"])]);
    let second = work(claim(&place, &runs), &[(3, &["c", "-d"])]);
    let left = |state: &AttemptState| pairs(&state.left_of(&runs));
    assert_eq!((left(&first), left(&second)), (vec![(3, 2), (6, 4)], vec![(6, 4)]));
    let third = work(claim(&place, &runs), &[(6, &["f", "g", "h", "i"])]);
    assert_eq!(left(&third), []);
    let tally = third.tally;
    assert_eq!((tally.succeeded, tally.failed, tally.skipped), (7, 1, 1));
    let mut found = lines(&place, 3, &third);
    found.sort();
    let expect: Vec<String> = [(1, "a"), (3, "c"), (5, "e"), (6, "f"), (7, "g"), (8, "h"), (9, "i")]
        .map(|(index, name)| format!("{{\"i\":{index},\"v\":[\"{name}\",{index}]}}"))
        .to_vec();
    assert_eq!(found, expect);
    // Another shard has nothing of it, whatever it is called.
    let other = AttemptFile::claim(&place, ("r1", "work"), &path("17+1"), &runs).expect("room");
    assert_eq!(left(&work(other, &[])), [(1, 9)]);
}

#[test]
fn an_attempt_goes_on_at_the_next_shard_of_its_chain() {
    let dir = tempfile::tempdir().expect("a folder");
    let place = place(dir.path());
    let runs = set(&[(1, 5), (20, 3)]);
    let attempt = claim(&place, &runs);
    let watch = attempt.watch();
    let committer = Committer::of_attempt(attempt).expect("a thread");
    let journal = committer.step(spec(LinesPerItem::One, false)).expect("room");
    assert_eq!(committer.commit_shard(Why::Commit, Vec::new()).expect("room"), ShardCommit::Nothing);
    // Neighbours need not end in their order.
    journal.push(chunk(20, &["t"])).expect("room");
    journal.push(chunk(3, &["c", "!d"])).expect("room");
    let carry = |index| Whence { index, attempts: 1, history: "[]".to_owned(), outlived: 0 };
    let made = committer.commit_shard(Why::Commit, vec![carry(1), carry(3)]).expect("room");
    assert_eq!(made, ShardCommit::Made { goes_on: true });
    assert_eq!(watch.get().shard, path("17+1"));
    journal.push(chunk(1, &["a", "-b"])).expect("room");
    assert_eq!(
        committer.commit_shard(Why::Term, Vec::new()).expect("room"),
        ShardCommit::Made { goes_on: false }
    );
    drop(journal);
    drop(committer);
    let record = |shard: &str| place.record(&path(shard)).expect("readable").expect("it is there");
    let (one, two) = (record("17"), record("17+1"));
    assert_eq!((pairs(&one.rest), one.why, one.goes_on), (vec![(1, 2), (5, 1), (21, 2)], Why::Commit, true));
    assert_eq!(
        one.carry.iter().map(|whence| whence.index).collect::<Vec<_>>(),
        [1],
        "what has ended carries nothing"
    );
    assert_eq!((pairs(&two.rest), two.why, two.goes_on), (vec![(5, 1), (21, 2)], Why::Term, false));
    let done =
        |record: &CommitRecord| pairs(place.read_shard(("r1", "work"), record).expect("readable").done());
    assert_eq!((done(&one), done(&two)), (vec![(3, 2), (20, 1)], vec![(1, 2)]));
    let left = place.left_behind(("r1", "work"), &path("17+1")).expect("readable");
    assert_eq!((left.attempts, left.items, left.at_work), (1, 2, Vec::new()));
}

#[test]
fn who_comes_second_has_lost_the_shard() {
    let dir = tempfile::tempdir().expect("a folder");
    let place = place(dir.path());
    let start = || {
        let committer = Committer::of_attempt(claim(&place, &set(&[(1, 2)]))).expect("a thread");
        let journal = committer.step(spec(LinesPerItem::One, false)).expect("room");
        journal.push(chunk(1, &["a"])).expect("room");
        committer
    };
    let (one, two) = (start(), start());
    assert_eq!(two.commit_shard(Why::Commit, Vec::new()).expect("room"), ShardCommit::Made { goes_on: true });
    assert_eq!(one.commit_shard(Why::End, Vec::new()).expect("room"), ShardCommit::Lost);
    assert_eq!(place.record(&path("17")).expect("readable").expect("it is there").attempt, 2);
}

#[test]
fn a_run_takes_over_what_attempts_have_committed_and_keeps_it_without_its_database() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = fixture::run(dir.path(), "r1", None);
    let place = RemotePlace::create(run.path(), "work").expect("room");
    let committer = Committer::start(run).expect("a thread");
    let journal = committer.step(spec(LinesPerItem::One, false)).expect("room");
    journal.push(chunk(1, &["a"])).expect("room");
    work(claim(&place, &set(&[(2, 6)])), &[(5, &["e", "!f"]), (2, &["b", "-c", "d"])]);
    let attempt = claim(&place, &set(&[(2, 6)]));
    let worker = Committer::of_attempt(attempt).expect("a thread");
    let theirs = worker.step(spec(LinesPerItem::One, false)).expect("room");
    theirs.push(chunk(7, &["g"])).expect("room");
    worker.commit_shard(Why::End, Vec::new()).expect("room");
    drop((theirs, worker));
    let record = place.record(&path("17")).expect("readable").expect("it is there");
    let read = place.read_shard(("r1", "work"), &record).expect("readable");
    assert_eq!(read.failures().map(|(index, ..)| index).collect::<Vec<_>>(), [6]);
    journal.import(read).expect("room").wait().expect("room");
    journal.push(chunk(8, &["h"])).expect("room");
    journal.finish(&fixture::result(7, 1, 0)).expect("room");
    drop(committer.finish(RunStatus::Succeeded, Duration::ZERO, None).expect("room"));
    place.clear(true).expect("they can go");
    let folder = paths::run(dir.path(), "r1");
    let known = |run: &StoredRun| {
        let failures = run.failures("work", 0, 9).expect("readable");
        let failed: Vec<u64> = failures.iter().map(|failure| failure.index).collect();
        (fixture::results(run), failed)
    };
    let expect = [(1, "a"), (2, "b"), (4, "d"), (5, "e"), (7, "g"), (8, "h")];
    let expect: Vec<(u64, String)> =
        expect.map(|(index, name)| (index, format!("[\"{name}\",{index}]"))).into_iter().collect();
    let stored = StoredRun::open(&folder).expect("readable");
    assert_eq!(known(&stored), (expect.clone(), vec![6]));
    drop(stored);
    fs::remove_file(paths::database(&folder)).expect("it was there");
    let rebuilt = StoredRun::open(&folder).expect("rebuilt");
    assert_eq!(known(&rebuilt), (expect, vec![6]));
}

#[test]
fn what_nobody_has_taken_over_is_taken_over_when_the_run_is_gone_on_with() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = fixture::run(dir.path(), "r1", None);
    let place = RemotePlace::create(run.path(), "work").expect("room");
    place.write_secrets(b"hush").expect("room");
    let committer = Committer::start(run).expect("a thread");
    let journal = committer.step(spec(LinesPerItem::One, false)).expect("room");
    journal.push(chunk(1, &["a"])).expect("room");
    committer.checkpoint().expect("room");
    drop((journal, committer));
    // One shard has a record, another one has two attempts and none.
    let worker = Committer::of_attempt(claim(&place, &set(&[(2, 2)]))).expect("a thread");
    worker.step(spec(LinesPerItem::One, false)).expect("room").push(chunk(2, &["b", "!c"])).expect("room");
    worker.commit_shard(Why::End, Vec::new()).expect("room");
    drop(worker);
    let other =
        |items: &Indices| AttemptFile::claim(&place, ("r1", "work"), &path("18"), items).expect("room");
    let rest = set(&[(4, 5)]);
    work(other(&rest), &[(4, &["d"]), (6, &["-f"])]);
    work(other(&rest), &[(5, &["e"])]);
    for _ in 0..2 {
        let (runs, _) = Catalogue::new(dir.path()).open_to_resume("r1").expect("readable");
        let results = fixture::results(&runs[0]);
        assert_eq!(results.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 2, 4, 5]);
        let step = runs[0].step("work").expect("known");
        assert_eq!((step.successes, step.failures, step.skipped), (4, 1, 1), "each once");
    }
    assert!(!place.path().join("secrets").exists() && !place.path().join("try").exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn however_a_file_is_cut_off_or_damaged_what_is_taken_over_is_whole(
        length in 0..2000_usize,
        flip in prop::option::of((0..2000_usize, 0..8_u32)),
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let place = place(dir.path());
        let runs = set(&[(1, 8)]);
        work(claim(&place, &runs), &[(1, &["a", "!b"]), (3, &["c", "-d"]), (5, &["e", "f"])]);
        let file = place.attempt(&path("17"), 1);
        let mut bytes = fs::read(&file).expect("it is there");
        bytes.truncate(length.max(1));
        let size = bytes.len();
        if let Some((at, bit)) = flip {
            bytes[at % size] ^= 1 << bit;
        }
        fs::write(&file, &bytes).expect("room");
        let adopted = work(claim(&place, &runs), &[]);
        let left: u64 = adopted.left_of(&runs).count();
        prop_assert_eq!(left + adopted.tally.ended(), 8, "each item is there once or left");
        for line in lines(&place, 2, &adopted) {
            let known = [(1, "a"), (3, "c"), (5, "e"), (6, "f")]
                .map(|(index, name)| format!("{{\"i\":{index},\"v\":[\"{name}\",{index}]}}"));
            prop_assert!(known.contains(&line), "{}", line);
        }
    }

    #[test]
    fn for_all_items_that_end_what_is_left_is_the_rest(
        ended in prop::collection::vec((1..40_u64, 1..6_u64), 0..12),
        runs in prop::collection::vec((0..3_u64, 1..9_u64), 0..5),
    ) {
        let mut state = AttemptState::default();
        let mut gone = std::collections::BTreeSet::new();
        for (first, count) in &ended {
            let overlaps = (*first..first + count).any(|index| gone.contains(&index));
            prop_assert_eq!(state.ended.overlaps(&Indices::run(*first, *count)), overlaps);
            state.add(&Indices::run(*first, *count));
            gone.extend(*first..first + count);
        }
        let mut at = 1;
        let runs: Vec<(u64, u64)> = runs.iter().map(|(gap, count)| {
            let first = at + gap;
            at = first + count;
            (first, *count)
        }).collect();
        let expect: Vec<u64> =
            runs.iter().flat_map(|(first, count)| *first..first + count).filter(|index| !gone.contains(index)).collect();
        let left: Vec<u64> =
            state.left_of(&set(&runs)).iter().flat_map(|run| run.first..run.end()).collect();
        prop_assert_eq!(left, expect);
    }
}
