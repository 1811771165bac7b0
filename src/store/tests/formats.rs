//! These tests read what other versions of flowrun have kept: a run of format 1, and what is newer than this one.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::fixture::{self, chunk, finished};
use crate::store::{
    Cache, Catalogue, Digest, LinesPerItem, NewItems, Reuse, Reused, StoreError, StoredRun, paths,
};

/// The run of format 1 that is kept with the tests.
const OLD: &str = "1sjcb9v0rsb";

/// A state folder with that run; with or without its database.
fn old(database: bool) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format1").join(OLD);
    let run = paths::run(dir.path(), OLD);
    copy(&from, &run);
    let packed = fs::read(run.join("run.db.zst")).expect("kept so because it is mostly zeros");
    fs::remove_file(run.join("run.db.zst")).expect("ours");
    if database {
        let bytes = zstd::stream::decode_all(packed.as_slice()).expect("zstd");
        fs::write(paths::database(&run), bytes).expect("room");
    }
    dir
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("room");
    for entry in fs::read_dir(from).expect("readable").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("room");
        }
    }
}

/// What its items came to, in a word each, when the same ones come again.
fn reused(dir: &Path) -> String {
    let (runs, _) = Catalogue::new(dir).open_to_resume(OLD).expect("readable");
    let fingerprint = runs[0].step("work").expect("known").fingerprint;
    let reuse = Reuse::open(runs, "work", LinesPerItem::One, false, &fingerprint).expect("readable");
    let mut reuse = reuse.expect("the same function");
    let items = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format1/in.jsonl"));
    let digests: Vec<Digest> =
        items.expect("there").lines().map(|item| Digest::of(item.as_bytes())).collect();
    let items = NewItems { first: 1, identities: &digests, contents: &digests };
    let mut words = Vec::new();
    for at in 0..digests.len() {
        let mut out = Vec::new();
        words.push(match reuse.take(&items, at, &mut out).expect("readable") {
            Reused::Result { .. } => String::from_utf8_lossy(&out).trim().to_owned(),
            Reused::Skipped(reason) => format!("({})", reason.unwrap_or_default()),
            Reused::FailedForGood(item) => format!("{}!", item.message),
            other => format!("{other:?}"),
        });
    }
    words.join(" ")
}

#[test]
fn a_run_of_format_1_is_read_and_its_items_are_taken_over() {
    let dir = old(true);
    let run = StoredRun::open(&paths::run(dir.path(), OLD)).expect("readable");
    assert_eq!(run.warnings(), &[] as &[String]);
    let work = run.step("work").expect("known");
    assert_eq!((work.successes, work.failures, work.skipped, work.retried), (5, 2, 1, 2));
    assert_eq!(run.logs("work", Some(2), 9).expect("readable").len(), 2);
    for (step, key_length) in [("work", 34), ("named", 4), ("twice", 34), ("large", 34)] {
        let mut results = run.results(step).expect("known").with_keys();
        let mut lengths = Vec::new();
        while let Some(line) = results.next() {
            lengths.push(line.key.map(<[u8]>::len));
        }
        assert_eq!((lengths, results.damaged()), (vec![Some(key_length); 5], 0), "{step}");
    }
    drop(run);
    assert_eq!(
        reused(dir.path()),
        r#"{"id":1,"n":10} Failed (not wanted) {"id":4,"n":40} {"id":5,"n":50} hopeless! {"id":7,"n":70} {"id":1,"n":10}"#
    );
}

#[test]
fn a_run_of_format_1_without_its_database_is_read_from_its_segments() {
    let dir = old(false);
    let run = StoredRun::open(&paths::run(dir.path(), OLD)).expect("rebuilt");
    assert_eq!(
        (run.record().status.as_str(), run.record().params.as_str()),
        ("interrupted", "{\"factor\":10}")
    );
    let work = run.step("work").expect("known");
    assert_eq!((work.status.as_str(), work.successes, work.failures, work.skipped), ("cancelled", 5, 2, 1));
    drop(run);
    assert_eq!(
        reused(dir.path()),
        r#"{"id":1,"n":10} Failed () {"id":4,"n":40} {"id":5,"n":50} Failed {"id":7,"n":70} {"id":1,"n":10}"#
    );
    let database = Connection::open(paths::database(&paths::run(dir.path(), OLD))).expect("made anew");
    assert_eq!(crate::store::format::of(&database).expect("readable"), 2);
}

#[test]
fn a_database_has_the_number_of_its_format_and_its_commits_are_the_runs_own() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = finished(dir.path(), "r1", None, vec![chunk(1, &["a"])]);
    assert_eq!(crate::store::format::of(&run.connection).expect("readable"), crate::store::format::RUN);
    let sources = run.rows("SELECT source FROM commits", [], |row| row.get::<_, Option<String>>(0));
    assert_eq!(sources.expect("readable"), [None]);
}

fn number(path: &Path, format: i64) {
    let connection = Connection::open(path).expect("a database");
    connection.pragma_update(None, "user_version", format).expect("room");
}

#[test]
fn a_run_of_a_newer_flowrun_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(finished(dir.path(), "r1", None, vec![chunk(1, &["a", "!b"])]));
    let (run, expect) = (
        paths::run(dir.path(), "r1"),
        "run `r1` was kept by a newer flowrun (format 3); this one reads up to 2",
    );
    let database = paths::database(&run);
    number(&database, 3);
    let before = fixture::bytes(&database);
    let catalogue = Catalogue::new(dir.path());
    let errors = [
        StoredRun::open(&run).map(drop),
        catalogue.open_to_resume("r1").map(drop),
        crate::store::database::write(&database).map(drop),
    ];
    for error in errors {
        assert_eq!(error.expect_err("newer").to_string(), expect);
    }
    let (records, newer) = catalogue.list_all().expect("the others can be listed");
    assert_eq!((records.len(), newer.len(), newer[0].to_string().as_str()), (0, 1, expect));
    let pruned = catalogue.prune(Some(0), None, std::time::SystemTime::now(), true).expect("the others");
    assert!(pruned.is_empty() && run.exists(), "it is not for this flowrun to remove");
    assert_eq!(fixture::bytes(&database), before);
    // Its tables may be others, too.
    let connection = Connection::open(&database).expect("a database");
    connection.execute_batch("DROP TABLE run").expect("room");
    drop(connection);
    assert_eq!(StoredRun::open(&run).expect_err("newer").to_string(), expect);
}

#[test]
fn segments_and_records_of_a_newer_flowrun_are_not_made_into_a_database() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(finished(dir.path(), "r1", None, vec![chunk(1, &["a"])]));
    let run = paths::run(dir.path(), "r1");
    fs::remove_file(paths::database(&run)).expect("ours");
    let mut line = Vec::new();
    let begin = crate::store::record::RunBegin { format: 3, ..Default::default() };
    crate::store::record::RecordLine::RunBegin(begin).push(&mut line);
    fs::write(paths::record(&run), line).expect("room");
    assert!(matches!(StoredRun::open(&run), Err(StoreError::Newer { format: 3, .. })));
    let said = Catalogue::new(dir.path()).open_to_resume("r1").expect_err("newer");
    assert!(matches!(said, StoreError::Newer { .. }) && !paths::database(&run).exists());
}

#[test]
fn a_cache_has_a_number_and_a_newer_one_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = paths::cache(dir.path());
    drop(Cache::open(dir.path()).expect("room"));
    number(&path, 0);
    drop(Cache::open(dir.path()).expect("that of the first flowruns"));
    let connection = Connection::open(&path).expect("a database");
    assert_eq!(crate::store::format::of(&connection).expect("readable"), crate::store::format::CACHE);
    drop(connection);
    number(&path, 2);
    let before = fixture::bytes(&path);
    let expect = format!(
        "the cache `{}` was kept by a newer flowrun (format 2); this one reads up to 1",
        path.display()
    );
    for error in [Cache::open(dir.path()).map(drop), Cache::look(dir.path()).map(drop)] {
        assert_eq!(error.expect_err("newer").to_string(), expect);
    }
    assert_eq!(fixture::bytes(&path), before);
}
