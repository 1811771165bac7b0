//! These tests take a run's database away and compare what is said of the run then with what was said before.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::fixture::{self, chunk, failed, result, spec};
use crate::event::{FailureKind, LogLevel, ReuseCounts, RunStatus, StepResult, StepStatus, Timing};
use crate::store::{
    Catalogue, ChunkEndings, Committer, LinesPerItem, LogEntry, RetriedItem, StepJournal, StepSpec,
    StoredRun, paths,
};
use crate::value::Ratio;

/// All that can be asked of a run, in words.
fn answers(run: &StoredRun) -> String {
    let mut said = format!("{:#?}\n{:?}\n{:?}\n", run.record(), run.summary(), run.sources());
    for step in run.steps().expect("readable") {
        let name = &step.step;
        writeln!(said, "{step:#?}").expect("room");
        let failures = (run.failures(name, 0, 99), run.failure_reasons(name, 0, 99), run.failure(name, 2));
        let others = (run.skips(name, 0, 99), run.retries(name, 0, 99), run.cancelled(name));
        let rest = (run.timing(name), run.logs(name, None, 999), run.logs(name, Some(2), 9));
        writeln!(said, "{failures:#?}\n{others:#?}\n{rest:#?}").expect("room");
        let mut results = run.results(name).expect("known").with_keys();
        while let Some(line) = results.next() {
            writeln!(said, "{line:?}").expect("room");
        }
        assert_eq!((results.damaged(), results.warnings()), (0, &[] as &[String]), "{name}");
    }
    said
}

fn log(index: u64, message: &str) -> LogEntry {
    LogEntry { index, level: LogLevel::Warn, message: message.to_owned(), fields: Some("{}".to_owned()) }
}

fn timing(items: u64) -> Timing {
    let mut timing = Timing::default();
    timing.record(1, items, Duration::from_micros(1234));
    timing
}

/// Tells a step everything that can be told.
fn tell(journal: &StepJournal) {
    journal.logs((0..150).map(|at| log(2, &format!("line {at}"))).collect()).expect("room");
    let retried = RetriedItem { index: 2, attempt: 1, kind: FailureKind::Timeout, message: "slow".into() };
    journal.retried(retried).expect("room");
    journal.push(chunk(4, &["d", "?e", "f"])).expect("room");
    journal.push(chunk(1, &["a", "!b", "-c"])).expect("room");
    journal.push(chunk(7, &["!!g"])).expect("room");
    journal.cancelled(8, 3).expect("room");
    journal.timing(timing(3)).expect("room");
}

fn step(committer: &Committer, name: &str, shape: LinesPerItem, keyed: bool) -> StepJournal {
    committer.step(StepSpec { name: name.into(), ..spec(shape, keyed) }).expect("room")
}

/// A run of five steps: a source with a bad row, one of each shape, one of which with keys, and one without items.
fn tell_all(committer: &Committer) -> StepJournal {
    let work = step(committer, "work", LinesPerItem::One, false);
    tell(&work);
    let source = step(committer, "source", LinesPerItem::One, false);
    source.failed(3, "k3".to_owned(), failed("x", false)).expect("room");
    source.finish(&StepResult { age: Some(Duration::from_secs(9)), ..result(2, 1, 0) }).expect("room");
    let keyed = step(committer, "keyed", LinesPerItem::One, true);
    keyed
        .push(ChunkEndings { keys: vec!["k1".into(), "k2".into()], ..chunk(1, &["a", "-b"]) })
        .expect("room");
    keyed.finish(&result(1, 0, 1)).expect("room");
    let many = step(committer, "many", LinesPerItem::Many, false);
    many.push(ChunkEndings { out: b"1\n2\n3\n".to_vec(), lines: vec![3, 0], ..chunk(1, &["a", "b"]) })
        .expect("room");
    let kept = step(committer, "kept", LinesPerItem::Optional, false);
    kept.push(ChunkEndings { out: b"1\n".to_vec(), lines: vec![0, 1], ..chunk(1, &["a", "b"]) })
        .expect("room");
    kept.finish(&StepResult { reason: Some("why".to_owned()), emitted: 1, ..result(2, 0, 0) }).expect("room");
    committer
        .end_step("save", &StepResult { target: Some("out.jsonl".into()), ..result(9, 0, 0) })
        .expect("room");
    let skipped = StepResult::without_items(StepStatus::Skipped, "`when` is false", Duration::ZERO);
    committer.end_step("other", &skipped).expect("room");
    // It does not come to its end.
    many
}

fn take_away(run: &Path) {
    for name in ["run.db", "run.db-wal", "run.db-shm"] {
        let _ = fs::remove_file(run.join(name));
    }
}

/// Compares what is said of a run before and after its database is lost, by those who look and those who resume.
fn check(state: &Path, id: &str) {
    let run = paths::run(state, id);
    let before = StoredRun::open(&run).expect("readable");
    assert_eq!(before.warnings(), &[] as &[String]);
    let (before, listed) = (answers(&before), Catalogue::new(state).list().expect("readable"));
    take_away(&run);
    let after = StoredRun::open(&run).expect("rebuilt");
    assert_eq!(after.warnings().len(), 1, "{:?}", after.warnings());
    assert_eq!(answers(&after), before);
    assert_eq!(Catalogue::new(state).list().expect("readable"), listed);
    assert!(!run.join("run.db").exists(), "looking makes nothing");
}

#[test]
fn a_run_that_has_ended_is_the_same_without_its_database() {
    let dir = tempfile::tempdir().expect("a folder");
    let committer = Committer::start(fixture::run(dir.path(), "r1", Some("r0"))).expect("a thread");
    let many = tell_all(&committer);
    drop(many);
    let reuse = ReuseCounts {
        reused: 4,
        redone: 2,
        reasons: vec![("item changed".to_owned(), 2)],
        dropped: 1,
        shards: 3,
    };
    let needed = Ratio::parse("0.95").map(|ratio| (ratio, 4));
    let last = StepResult {
        status: StepStatus::Failed,
        reuse: Some(reuse),
        needed,
        timing: Some(timing(5).into()),
        ..result(1, 0, 0)
    };
    let journal = step(&committer, "last", LinesPerItem::One, false);
    journal.push(chunk(1, &["a"])).expect("room");
    journal.finish(&last).expect("room");
    let run = committer
        .finish(RunStatus::Failed, Duration::from_millis(3210), None)
        .expect("room")
        .expect("a run has a folder");
    run.write_summary("{}\n").expect("room");
    drop(run);
    check(dir.path(), "r1");
}

#[test]
fn a_run_that_was_given_up_is_the_same_without_its_database_and_is_resumed_like_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let committer = Committer::start(fixture::run(dir.path(), "r1", None)).expect("a thread");
    let many = tell_all(&committer);
    drop(committer);
    drop(many);
    check(dir.path(), "r1");
    let (runs, said) = Catalogue::new(dir.path()).open_to_resume("r1").expect("rebuilt");
    assert_eq!((said.len(), runs[0].record().status.as_str()), (1, "interrupted"), "{said:?}");
    assert!(runs[0].record().ended.is_some_and(|at| at >= runs[0].record().started));
    let rebuilt = answers(&runs[0]);
    drop(runs);
    let (runs, said) = Catalogue::new(dir.path()).open_to_resume("r1").expect("in order");
    assert_eq!((said, answers(&runs[0])), (Vec::new(), rebuilt), "once is enough");
}

#[test]
fn what_is_lost_of_the_record_promises_less_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let committer = Committer::start(fixture::run(dir.path(), "r1", None)).expect("a thread");
    let journal = step(&committer, "work", LinesPerItem::One, false);
    tell(&journal);
    journal.finish(&result(3, 2, 1)).expect("room");
    drop(committer.finish(RunStatus::Failed, Duration::from_secs(3), None).expect("room"));
    let run = paths::run(dir.path(), "r1");
    let whole = StoredRun::open(&run).expect("readable");
    take_away(&run);
    let text = fixture::bytes(&paths::record(&run));
    for flip in 0..300_u64 {
        let mut bytes = text.to_vec();
        let random = xxhash_rust::xxh3::xxh3_64(&flip.to_le_bytes());
        bytes[(random >> 8) as usize % text.len()] ^= (random as u8).max(1);
        fs::write(paths::record(&run), &bytes).expect("room");
        let stored = StoredRun::open(&run).expect("rebuilt");
        let (work, expect) = (stored.step("work").expect("known"), whole.step("work").expect("known"));
        assert_eq!((work.successes, work.failures, work.skipped), (3, 2, 1), "flip {flip}");
        assert!(work.status == expect.status || ["running", "cancelled"].contains(&&*work.status));
        assert!(["failed", "interrupted"].contains(&&*stored.record().status));
        assert!([whole.record().file.as_str(), ""].contains(&&*stored.record().file));
        assert_eq!(
            stored.failures("work", 0, 9).expect("readable"),
            whole.failures("work", 0, 9).expect("readable")
        );
        assert_eq!(fixture::results(&stored), fixture::results(&whole));
        let is_cut = bytes.last() != Some(&b'\n');
        let said = stored.warnings();
        assert!(
            is_cut || (said.len() == 2 && said[1].contains("lines of its record")),
            "flip {flip}: {said:?}"
        );
    }
}

#[test]
fn what_is_lost_of_a_segment_is_said() {
    let dir = tempfile::tempdir().expect("a folder");
    let committer = Committer::start(fixture::run(dir.path(), "r1", None)).expect("a thread");
    let journal = step(&committer, "work", LinesPerItem::One, false);
    tell(&journal);
    journal.finish(&result(3, 2, 1)).expect("room");
    drop(committer.finish(RunStatus::Failed, Duration::from_secs(3), None).expect("room"));
    let run = paths::run(dir.path(), "r1");
    take_away(&run);
    let path = paths::segment(&run, "work", 1);
    let text = fixture::bytes(&path);
    for at in 0..text.len() {
        let mut bytes = text.to_vec();
        bytes[at] ^= 1;
        fs::write(&path, &bytes).expect("room");
        let stored = StoredRun::open(&run).expect("rebuilt");
        let work = stored.step("work").expect("known");
        let failures = stored.failures("work", 0, 9).expect("readable").len() as u64;
        assert_eq!(stored.lost_failures(&work).expect("readable"), work.failures - failures, "byte {at}");
        let is_known = failures == 2 && stored.skips("work", 0, 9).expect("readable").len() == 1;
        assert!(is_known || stored.warnings().len() > 1, "byte {at}: {:?}", stored.warnings());
    }
}
