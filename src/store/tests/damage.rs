//! These tests damage the files of a run as a crash, a broken disk or a mistaken edit would: items are redone,
//! nothing else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fixture::{self, chunk, result, spec};
use crate::store::{
    Catalogue, Committer, Digest, LinesPerItem, NewItems, Reuse, Reused, StoredRun, database, paths,
};

/// Files of a run whose process was killed, and what its items had come to.
struct Crashed {
    files: BTreeMap<PathBuf, Arc<[u8]>>,
    items: Vec<String>,
}

/// Five commits of forty items each: in the database, in its log, and in the segment.
fn crashed() -> Crashed {
    let dir = folder();
    let committer = Committer::start(fixture::run(dir.path(), "r1", None)).expect("a thread");
    let journal = committer.step(spec(LinesPerItem::One, false)).expect("room");
    let mark = |item: u64| match item % 10 {
        3 => "-",
        5 => "!",
        7 => "!!",
        8 => "?",
        _ => "",
    };
    // Every fourth item is a repeat.
    let items: Vec<String> = (0..200).map(|at| format!("{}item {}", mark(at), at - at % 4 / 3)).collect();
    for (at, part) in items.chunks(40).enumerate() {
        let part: Vec<&str> = part.iter().map(String::as_str).collect();
        journal.push(chunk(at as u64 * 40 + 1, &part)).expect("room");
        // Waits for the commit.
        committer.end_step("source", &result(0, 0, 0)).expect("room");
        let other =
            committer.step(crate::store::StepSpec { name: "other".into(), ..spec(LinesPerItem::One, false) });
        let other = other.expect("room");
        if at == 0 {
            other.push(chunk(1, &["x"])).expect("room");
        }
        wait_for(dir.path(), at as i64 + 1);
        if at == 2 {
            // As SQLite does by itself once its log is long: the rest of the commits go to a log begun anew.
            let connection = database::write(&paths::database(&paths::run(dir.path(), "r1"))).expect("room");
            connection.pragma_query(None, "wal_checkpoint", |_| Ok(())).expect("room");
        }
    }
    let files = files_below(&paths::run(dir.path(), "r1"));
    Crashed { files, items }
}

fn wait_for(state: &Path, commits: i64) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while std::time::Instant::now() < until {
        let run = StoredRun::open(&paths::run(state, "r1")).expect("readable");
        let sql = "SELECT count(*) FROM commits WHERE step = 'work'";
        let counts = run.rows(sql, [], |row| row.get::<_, i64>(0)).expect("readable");
        if counts[0] >= commits {
            return;
        }
        std::thread::yield_now();
    }
}

/// In memory where there is such a disk: thousands of runs are written.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

fn files_below(folder: &Path) -> BTreeMap<PathBuf, Arc<[u8]>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("run.db-shm") && !path.ends_with("lock") {
                let inside = path.strip_prefix(folder).expect("below it").to_path_buf();
                files.insert(inside, fixture::bytes(&path));
            }
        }
    }
    files
}

impl Crashed {
    /// Checks what is made of the run when one file has another content. `settles`: with all that resuming does to it.
    fn check(&self, file: &Path, content: &[u8], settles: bool, what: &str) {
        let dir = folder();
        let run = paths::run(dir.path(), "r1");
        for (name, bytes) in &self.files {
            let path = run.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("room");
            std::fs::write(path, if name == file { content } else { bytes }).expect("room");
        }
        let (runs, said) = if settles {
            Catalogue::new(dir.path()).open_to_resume("r1").expect(what)
        } else {
            (vec![StoredRun::open(&run).expect(what)], Vec::new())
        };
        self.check_results(&runs[0], what);
        let redone = self.check_reuse(runs, what);
        if settles && content.len() < self.files[file].len() && redone > 0 {
            assert!(!said.is_empty(), "{what}: {redone} items are redone and nobody says why");
        }
    }

    fn check_results(&self, run: &StoredRun, what: &str) {
        let Ok(mut results) = run.results("work") else { return };
        while let Some(line) = results.next() {
            let item = &self.items[line.index as usize - 1];
            let expect = format!("[\"{item}\",{}]", line.index);
            assert_eq!(line.value.map(String::from_utf8_lossy).as_deref(), Some(expect.as_str()), "{what}");
        }
    }

    /// Says how many items are to be run that had succeeded.
    fn check_reuse(&self, runs: Vec<StoredRun>, what: &str) -> usize {
        let fingerprint = spec(LinesPerItem::One, false).fingerprint;
        let reuse = Reuse::open(runs, "work", LinesPerItem::One, false, &fingerprint).expect(what);
        let Ok(mut reuse) = reuse else { return 0 };
        let texts: Vec<&str> =
            self.items.iter().map(|item| item.trim_start_matches(['!', '-', '?'])).collect();
        let digests: Vec<Digest> = texts.iter().map(|text| Digest::of(text.as_bytes())).collect();
        let items = NewItems { first: 1, identities: &digests, contents: &digests };
        let mut redone = 0;
        for (at, item) in self.items.iter().enumerate() {
            let mut out = Vec::new();
            match reuse.take(&items, at, &mut out).expect(what) {
                Reused::Result { lines } => {
                    // Of repeats, a lost one may leave its place to the other one, whose content is the same.
                    let value: (String, u64) = serde_json::from_slice(&out).expect(what);
                    assert_eq!((value.0.as_str(), lines), (texts[at], 1), "{what}");
                    assert_eq!(self.items[value.1 as usize - 1], texts[at], "{what}: it had succeeded");
                }
                Reused::Skipped(_) => assert!(texts.contains(&texts[at]), "{what}"),
                Reused::Failed | Reused::FailedForGood(_) | Reused::New | Reused::Damaged => {
                    redone += usize::from(item == texts[at]);
                }
                Reused::Changed => panic!("{what}: no keys, no changes"),
            }
        }
        redone
    }
}

/// Each file that is part of the journal.
fn journal() -> [&'static Path; 3] {
    ["steps/work/results-0001.jsonl.zst", "run.db", "run.db-wal"].map(Path::new)
}

/// Lets a file end at each byte of its last 4 KB.
fn check_cuts(file: &Path) {
    let crashed = crashed();
    let whole = &crashed.files[file];
    assert!(whole.len() > 4096, "{} is too short to prove anything", file.display());
    for length in whole.len() - 4096..=whole.len() {
        let what = format!("{} cut at {length} of {}", file.display(), whole.len());
        crashed.check(file, &whole[..length], length % 64 == 0, &what);
    }
}

#[test]
fn for_every_place_in_its_last_4_kb_a_segment_may_end_there() {
    check_cuts(journal()[0]);
}

#[test]
fn for_every_place_in_its_last_4_kb_a_database_may_end_there() {
    check_cuts(journal()[1]);
}

#[test]
fn for_every_place_in_its_last_4_kb_the_log_of_a_database_may_end_there() {
    check_cuts(journal()[2]);
}

#[test]
fn for_every_flipped_byte_items_are_redone_at_worst() {
    let crashed = crashed();
    let lengths = journal().map(|file| crashed.files[file].len() as u64);
    for flip in 0..1000_u64 {
        let random = xxhash_rust::xxh3::xxh3_64(&flip.to_le_bytes());
        let which = (flip % 3) as usize;
        let file = journal()[which];
        let at = ((random >> 8) % lengths[which]) as usize;
        let mut bytes = crashed.files[file].to_vec();
        bytes[at] ^= (random as u8).max(1);
        crashed.check(file, &bytes, flip % 10 == 0, &format!("{}: byte {at} flipped", file.display()));
    }
}

#[test]
fn for_every_flipped_byte_of_a_run_without_its_database_items_are_redone_at_worst() {
    let mut crashed = crashed();
    crashed.files.retain(|name, _| !name.to_string_lossy().starts_with("run.db"));
    for file in [Path::new("steps/work/results-0001.jsonl.zst"), Path::new("pipeline/run.jsonl")] {
        let whole = Arc::clone(&crashed.files[file]);
        for flip in 0..300_u64 {
            let random = xxhash_rust::xxh3::xxh3_64(&(flip + 1000).to_le_bytes());
            let at = ((random >> 8) % whole.len() as u64) as usize;
            let mut bytes = whole.to_vec();
            bytes[at] ^= (random as u8).max(1);
            crashed.check(file, &bytes, flip % 10 == 0, &format!("{}: byte {at} flipped", file.display()));
        }
        for length in (0..whole.len()).step_by(37) {
            crashed.check(
                file,
                &whole[..length],
                length % 10 == 0,
                &format!("{} cut at {length}", file.display()),
            );
        }
    }
}

#[test]
fn a_run_without_its_database_is_read_from_its_results() {
    let crashed = crashed();
    crashed.check(Path::new("run.db"), b"", true, "an empty database");
    let dir = folder();
    let run = paths::run(dir.path(), "r1");
    for (name, bytes) in
        crashed.files.iter().filter(|(name, _)| !name.to_string_lossy().starts_with("run.db"))
    {
        let path = run.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("room");
        std::fs::write(path, bytes).expect("room");
    }
    let (runs, said) = Catalogue::new(dir.path()).open_to_resume("r1").expect("rebuilt");
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(fixture::results(&runs[0]).len(), 120);
    let record = runs[0].record();
    assert_eq!((record.pipeline.as_str(), record.status.as_str(), record.seed), ("p", "interrupted", 7));
    let work = runs[0].step("work").expect("known");
    assert_eq!((work.successes, work.failures, work.skipped, work.keyed), (120, 40, 20, false));
    assert_eq!(runs[0].skips("work", 0, 1).expect("readable")[0].key, Digest::of(b"item 2").to_string());
    assert_eq!(crashed.check_reuse(runs, "rebuilt"), 0);
}
