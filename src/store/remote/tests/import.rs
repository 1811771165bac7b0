//! A run takes over very many shards: thirty of a thousand items in every test, and with `FLOWRUN_IMPORT=10000x10000` so many of so
//! many, which then says how many in a second. Every tenth item of some of them has failed.

use std::io::Write as _;
use std::time::{Duration, Instant};

use super::{place, set};
use crate::event::{RunStatus, Why};
use crate::store::tests::fixture::{self, chunk, spec};
use crate::store::{AttemptFile, Committer, LinesPerItem, RemotePlace, StoredRun, paths};
use crate::value::ShardId;

const SHARDS: u64 = 30;
const ITEMS: u64 = 1000;

/// Commits a shard of items from `first` on, as a worker does.
fn commit(place: &RemotePlace, shard: &ShardId, (first, items): (u64, u64), fails: bool) {
    let attempt = AttemptFile::claim(place, ("r1", "work"), shard, &set(&[(first, items)])).expect("room");
    let worker = Committer::of_attempt(attempt).expect("a thread");
    let journal = worker.step(spec(LinesPerItem::One, false)).expect("room");
    let name = |at: u64| if fails && at.is_multiple_of(10) { "!no" } else { "yes" };
    let names: Vec<&str> = (0..items).map(name).collect();
    journal.push(chunk(first, &names)).expect("room");
    worker.commit_shard(Why::End, Vec::new()).expect("room");
}

#[test]
fn very_many_shards_are_taken_over_one_by_one() {
    let wanted = std::env::var("FLOWRUN_IMPORT").ok();
    let sizes = wanted.as_ref().map(|sizes| sizes.split_once('x').expect("shards and items"));
    let number = |text: &str| text.parse().expect("a number");
    let (shards, items) = sizes.map_or((SHARDS, ITEMS), |(shards, items)| (number(shards), number(items)));
    let dir = tempfile::tempdir().expect("a folder");
    let run = fixture::run(dir.path(), "r1", None);
    let place = place(run.path());
    let id = |shard: u64| ShardId::first_cut(u32::try_from(shard).expect("a few"));
    for shard in 0..shards {
        commit(&place, &id(shard), (shard * items + 1, items), shard % 20 == 0);
    }
    let begun = Instant::now();
    let committer = Committer::start(run).expect("a thread");
    let journal = committer.step(spec(LinesPerItem::One, false)).expect("room");
    let mut answers = Vec::new();
    for shard in 0..shards {
        let record = place.record(&id(shard)).expect("readable").expect("it is there");
        let read = place.read_shard(("r1", "work"), &record).expect("readable");
        answers.push(journal.import(read).expect("room"));
    }
    for answer in &answers {
        answer.wait().expect("room");
    }
    let took = begun.elapsed();
    let failed = shards.div_ceil(20) * items / 10;
    journal.finish(&fixture::result(shards * items - failed, failed, 0)).expect("room");
    drop(committer.finish(RunStatus::Succeeded, Duration::ZERO, None).expect("room"));
    let stored = StoredRun::open(&paths::run(dir.path(), "r1")).expect("readable");
    assert_eq!(stored.shards("work").expect("readable").len() as u64, shards);
    assert_eq!(stored.failures("work", 0, u64::MAX >> 1).expect("readable").len() as u64, failed);
    if wanted.is_some() {
        let rate = shards as f64 / took.as_secs_f64();
        let line = format!("{shards} records, {failed} failures: {took:.1?}, {rate:.0} records a second\n");
        std::io::stderr().write_all(line.as_bytes()).expect("standard error");
    }
}
