//! These tests check that what was told a committer is on the disk, whole, and that it is reported to nobody before.

use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::event::{FailureKind, LogLevel, ReuseCounts, RunStatus, StepResult, StepStatus};
use crate::store::tests::fixture::{self, chunk, failed, result, spec};
use crate::store::{
    ChunkEndings, Committer, Digest, LinesPerItem, LogEntry, RetriedItem, StepJournal, StoredRun, paths,
};

fn committer(state: &Path) -> (Committer, StepJournal) {
    let committer = Committer::start(fixture::run(state, "r1", None)).expect("a thread");
    let journal = committer.step(spec(LinesPerItem::One, false)).expect("room");
    (committer, journal)
}

fn stored(state: &Path) -> StoredRun {
    StoredRun::open(&paths::run(state, "r1")).expect("readable")
}

fn end(committer: Committer, journal: StepJournal) {
    let reuse = ReuseCounts {
        reused: 4,
        redone: 2,
        reasons: vec![("item changed".to_owned(), 2)],
        dropped: 1,
        shards: 3,
    };
    journal.finish(&StepResult { reuse: Some(reuse), ..result(3, 2, 1) }).expect("room");
    committer.finish(RunStatus::Failed, Duration::from_secs(3), None).expect("room");
}

fn log(index: u64, message: &str) -> LogEntry {
    LogEntry { index, level: LogLevel::Warn, message: message.to_owned(), fields: Some("{}".to_owned()) }
}

#[test]
fn everything_that_was_told_can_be_read_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let (committer, journal) = committer(dir.path());
    journal.logs(vec![log(2, "before"), log(1, "other")]).expect("room");
    let retried = RetriedItem { index: 2, attempt: 1, kind: FailureKind::Timeout, message: "slow".into() };
    journal.retried(retried).expect("room");
    journal.push(chunk(4, &["d", "?e", "f"])).expect("room");
    journal.push(chunk(1, &["a", "!b", "-c"])).expect("room");
    journal.push(chunk(7, &["!!g"])).expect("room");
    journal.cancelled(8, 3).expect("room");
    let source =
        committer.step(crate::store::StepSpec { name: "source".into(), ..spec(LinesPerItem::One, false) });
    source.expect("room").failed(3, "k3".to_owned(), failed("x", false)).expect("room");
    committer.end_step("save", &result(9, 0, 0)).expect("room");
    end(committer, journal);

    let run = stored(dir.path());
    assert_eq!(run.warnings(), &[] as &[String]);
    let record = run.record();
    assert_eq!((record.status.as_str(), record.seed, record.holder.clone()), ("failed", 7, None));
    assert_eq!(record.duration, Some(Duration::from_secs(3)));
    let expect =
        [(1, "[\"a\",1]"), (4, "[\"d\",4]"), (6, "[\"f\",6]")].map(|(at, value)| (at, value.to_owned()));
    assert_eq!(fixture::results(&run), expect);

    let failures = run.failures("work", 0, 10).expect("readable");
    let got: Vec<_> = failures.iter().map(|failure| (failure.index, failure.key.clone())).collect();
    assert_eq!(got, [(2, Digest::of(b"\"b\"").to_string()), (7, Digest::of(b"\"g\"").to_string())]);
    assert_eq!((&failures[0].item, &failures[1].item), (&failed("b", false), &failed("g", true)));
    assert_eq!(run.failures("work", 2, 10).expect("readable"), failures[1..], "pages begin after an index");
    assert_eq!(run.failures("source", 0, 1).expect("readable")[0].key, "k3");
    let reasons = run.failure_reasons("work", 0, 9).expect("readable");
    let items: Vec<u64> = reasons.iter().map(|reason| reason.index).collect();
    assert_eq!((&*items, &reasons[0].place), (&[2, 7][..], &failures[0].item.place));
    assert_eq!(
        run.failure_reasons("work", 2, 9).expect("readable"),
        reasons[1..],
        "pages begin after an index"
    );
    let skips = run.skips("work", 0, 10).expect("readable");
    assert_eq!((skips.len(), skips[0].index, skips[0].reason.as_deref()), (1, 3, Some("not c")));
    let again = run.retries("work", 0, 10).expect("readable");
    assert_eq!((again.len(), again[0].attempts, again[0].message.as_str()), (1, 2, "slow"));
    assert_eq!(run.cancelled("work").expect("readable"), [(8, 3)]);
    let logs = run.logs("work", Some(2), 10).expect("readable");
    assert_eq!((logs.len(), logs[0].message.as_str(), logs[0].level.as_str()), (1, "before", "warn"));
    assert_eq!(run.logs("work", None, 10).expect("readable").len(), 2);

    let steps = run.steps().expect("readable");
    let names: Vec<_> = steps.iter().map(|step| (step.step.as_str(), step.status.as_str())).collect();
    assert_eq!(names, [("source", "running"), ("work", "succeeded"), ("save", "succeeded")]);
    let work = &steps[1];
    assert_eq!((work.successes, work.failures, work.skipped, work.total), (3, 2, 1, Some(6)));
    assert_eq!((work.success_ratio, work.shape), (Some(0.6), Some(LinesPerItem::One)));
    let reasons = vec![("item changed".to_owned(), 2)];
    assert_eq!(work.reuse, Some(ReuseCounts { reused: 4, redone: 2, reasons, dropped: 1, shards: 3 }));
    assert_eq!(steps[2].reuse, None);
    assert_eq!(work.fingerprint, spec(LinesPerItem::One, false).fingerprint);
}

#[test]
fn a_second_process_sees_a_live_run_grow() {
    let dir = tempfile::tempdir().expect("a folder");
    let (committer, journal) = committer(dir.path());
    journal.push(chunk(1, &["a", "!b"])).expect("room");
    let until = Instant::now() + Duration::from_secs(20);
    let step = loop {
        let run = stored(dir.path());
        assert_eq!(run.record().status, "running");
        assert_eq!(run.record().holder.as_ref().and_then(|holder| holder.process), Some(std::process::id()));
        let step = run.step("work").expect("known from the start");
        if step.successes > 0 || Instant::now() > until {
            assert_eq!(fixture::results(&run), [(1, "[\"a\",1]".to_owned())]);
            break step;
        }
    };
    assert_eq!((step.status.as_str(), step.successes, step.failures, step.total), ("running", 1, 1, None));
    end(committer, journal);
}

#[test]
fn segments_are_plain_files_of_json_lines_for_everybody() {
    let dir = tempfile::tempdir().expect("a folder");
    let (committer, journal) = committer(dir.path());
    for first in (0..25_000).step_by(500) {
        let items: Vec<String> = (first..first + 500).map(|at| format!("item {at}")).collect();
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        journal.push(chunk(first + 1, &items)).expect("room");
    }
    end(committer, journal);
    let path = paths::segment(&paths::run(dir.path(), "r1"), "work", 1);
    let text = zstd::stream::decode_all(std::fs::File::open(&path).expect("there")).expect("zstd");
    let lines: Vec<serde_json::Value> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 25_000);
    assert_eq!((&lines[24_999]["i"], &lines[24_999]["v"][0]), (&25_000.into(), &"item 24999".into()));
    assert_eq!(lines[9].as_object().map(serde_json::Map::len), Some(2), "digests stand behind the frames");
    let bytes = fixture::bytes(&path);
    assert!(bytes.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]), "as everybody knows zstd");
    assert_eq!(memchr::memmem::find(&bytes, b"FRN1"), None, "there is nothing to note");
    let run = stored(dir.path());
    let mut results = run.results("work").expect("known").with_keys();
    let expect = format!("\"{}\"", Digest::of(b"item 0"));
    assert_eq!(results.next().and_then(|line| line.key), Some(expect.as_bytes()));
    let commits = run.rows("SELECT rows FROM commits ORDER BY seq", [], |row| row.get::<_, i64>(0));
    assert_eq!(commits.expect("readable"), [10_000, 10_000, 5_000], "groups are bounded");
}

#[test]
fn a_full_disk_stops_everybody_and_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let (committer, journal) = committer(dir.path());
    let path = paths::segment(&paths::run(dir.path(), "r1"), "work", 1);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("room");
    std::os::unix::fs::symlink("/dev/full", &path).expect("room");
    journal.push(chunk(1, &["a"])).expect("taken in");
    let until = Instant::now() + Duration::from_secs(20);
    while committer.fault().is_none() && Instant::now() < until {
        std::thread::yield_now();
    }
    let expect = format!("cannot write `{}`: No space left on device (os error 28)", path.display());
    assert_eq!(journal.push(chunk(2, &["b"])).expect_err("stopped").to_string(), expect);
    assert_eq!(journal.finish(&result(1, 0, 0)).expect_err("stopped").to_string(), expect);
    let end = committer.finish(RunStatus::Succeeded, Duration::ZERO, None);
    assert_eq!(end.expect_err("stopped").to_string(), expect);
    let run = stored(dir.path());
    assert_eq!((run.record().status.as_str(), fixture::results(&run).len()), ("interrupted", 0));
}

#[test]
fn a_batch_that_contradicts_itself_is_a_fault_not_a_wrong_result() {
    for wrong in [
        ChunkEndings { out: b"1\n2\n".to_vec(), ..chunk(1, &["a"]) },
        ChunkEndings { out: Vec::new(), ..chunk(1, &["a"]) },
        ChunkEndings { lines: vec![1], ..chunk(1, &["a"]) },
    ] {
        let dir = tempfile::tempdir().expect("a folder");
        let (committer, journal) = committer(dir.path());
        journal.push(wrong).expect("taken in");
        let error = journal.finish(&result(1, 0, 0)).expect_err("refused");
        assert!(error.to_string().ends_with("results and endings do not match"), "{error}");
        drop(committer);
    }
}

#[test]
fn a_run_that_was_given_up_keeps_what_it_had() {
    let dir = tempfile::tempdir().expect("a folder");
    let (committer, journal) = committer(dir.path());
    journal.push(chunk(1, &["a"])).expect("room");
    drop(committer);
    assert!(journal.push(chunk(2, &["b"])).is_err(), "nobody listens any more");
    let run = stored(dir.path());
    assert_eq!((run.record().status.as_str(), fixture::results(&run).len()), ("interrupted", 1));
}

#[test]
fn logs_are_bounded_for_each_item_and_counted() {
    let dir = tempfile::tempdir().expect("a folder");
    let (committer, journal) = committer(dir.path());
    journal.logs((0..150).map(|_| log(1, "x")).collect()).expect("room");
    journal.logs(vec![log(2, &"é".repeat(9000))]).expect("room");
    end(committer, journal);
    let run = stored(dir.path());
    assert_eq!(run.logs("work", Some(1), 1000).expect("readable").len(), 100);
    assert_eq!(run.step("work").expect("known").logs_left_out, 50);
    let long = &run.logs("work", Some(2), 1).expect("readable")[0].message;
    assert_eq!((long.chars().count(), long.ends_with('…')), (8193, true));
}

#[test]
fn a_step_that_was_skipped_has_its_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    let (committer, journal) = committer(dir.path());
    let skipped =
        crate::event::StepResult::without_items(StepStatus::Skipped, "`when` is false", Duration::ZERO);
    committer.end_step("source", &skipped).expect("room");
    end(committer, journal);
    let step = stored(dir.path()).step("source").expect("known");
    assert_eq!((step.status.as_str(), step.reason.as_deref()), ("skipped", Some("`when` is false")));
    assert_eq!((step.verb.as_str(), step.shape), ("read", None));
}

/// Items in any order of arrival, with any number of results each.
fn arrivals() -> impl Strategy<Value = Vec<Vec<Vec<u8>>>> {
    let item = prop::collection::vec(any::<u8>(), 0..4);
    prop::collection::vec(prop::collection::vec(item, 1..6), 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn for_every_order_of_arrival_results_come_back_in_index_order(
        chunks in arrivals(),
        order in Just(()).prop_perturb(|(), mut random| random.next_u64()),
        keyed in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let committer = Committer::start(fixture::run(dir.path(), "r1", None)).expect("a thread");
        let journal = committer.step(spec(LinesPerItem::Many, keyed)).expect("room");
        let (mut first, mut told, mut expect) = (1, Vec::new(), Vec::new());
        for items in &chunks {
            let mut chunk = ChunkEndings { first, ..ChunkEndings::default() };
            for (at, values) in items.iter().enumerate() {
                chunk.contents.push(Digest(u128::from(first) + at as u128));
                if keyed {
                    chunk.keys.push(format!("key \"{}\"", first + at as u64).into());
                }
                chunk.lines.push(values.len() as u32);
                for value in values {
                    chunk.out.extend_from_slice(format!("{value}\n").as_bytes());
                    expect.extend_from_slice(format!("{value}\n").as_bytes());
                }
            }
            first += items.len() as u64;
            told.push(chunk);
        }
        told.sort_by_key(|chunk| xxhash_rust::xxh3::xxh3_64_with_seed(&chunk.first.to_le_bytes(), order));
        for (at, chunk) in told.into_iter().enumerate() {
            journal.push(chunk).expect("room");
            if at % 7 == 3 {
                committer.end_step("source", &result(0, 0, 0)).expect("room");
            }
        }
        journal.finish(&result(0, 0, 0)).expect("room");
        committer.finish(RunStatus::Succeeded, Duration::ZERO, None).expect("room");
        let run = stored(dir.path());
        let mut results = run.results("work").expect("known");
        let mut found = Vec::new();
        while results.read(found.len() + 10, &mut found) {}
        prop_assert_eq!(String::from_utf8_lossy(&found), String::from_utf8_lossy(&expect));
        prop_assert_eq!(results.damaged(), 0);
    }
}
