//! A shard is damaged at every byte of its results: either that is found beforehand, or all its items are what they were.

use super::fixture::{self, chunk, result, spec};
use crate::event::{FailureKind, RunStatus};
use crate::store::{
    Committer, Digest, Gathered, GatheredShard, GatheredStep, LinesPerItem, RetriedItem, paths,
};

const ITEMS: [&str; 8] = ["a", "!b", "-c", "d", "e", "!!f", "g", "h"];

/// A run whose items came in three chunks, each with a retry.
fn shard(state: &std::path::Path) -> GatheredStep {
    let committer = Committer::start(fixture::run(state, "r1", None)).expect("a thread");
    let journal = committer.step(spec(LinesPerItem::One, false)).expect("room");
    for (at, part) in ITEMS.chunks(3).enumerate() {
        let first = at as u64 * 3 + 1;
        let retry = RetriedItem { index: first, attempt: 1, kind: FailureKind::Error, message: "no".into() };
        journal.retried(retry).expect("room");
        journal.push(chunk(first, part)).expect("room");
    }
    journal.finish(&result(5, 2, 1)).expect("room");
    drop(committer.finish(RunStatus::Succeeded, std::time::Duration::from_secs(3), None).expect("room"));
    gathered(state)
}

fn gathered(state: &std::path::Path) -> GatheredStep {
    let count = ITEMS.len() as u64;
    let shard = GatheredShard {
        state: state.to_owned(),
        run: "r1".into(),
        name: "shard 1/1".into(),
        first: 1,
        count,
    };
    GatheredStep::new(vec![shard], ("work", count), LinesPerItem::One)
}

/// What all items have come to; `Err`: one of them cannot be taken over.
fn taken(mut step: GatheredStep) -> Result<Vec<(Gathered, Vec<u8>)>, String> {
    let take = |(at, item): (usize, &&str)| {
        let (text, mut out) = (item.trim_start_matches(['!', '-']), Vec::new());
        let ending = step.take(at as u64 + 1, Digest::of(text.as_bytes()), &mut out);
        ending.map(|ending| (ending, out)).map_err(|error| error.to_string())
    };
    ITEMS.iter().enumerate().map(take).collect()
}

#[test]
fn for_every_byte_that_is_damaged_the_check_says_so_or_it_does_not_matter() {
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
    let mut whole = shard(dir.path());
    assert_eq!(whole.check(&|| false), [] as [String; 0]);
    let expect = taken(whole).expect("sound");
    let segment = paths::segment(&paths::run(dir.path(), "r1"), "work", 1);
    let bytes = std::fs::read(&segment).expect("it is there");
    let mut unfound = Vec::new();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        std::fs::write(&segment, &damaged).expect("room");
        let mut step = gathered(dir.path());
        if step.check(&|| false).is_empty() {
            assert_eq!(taken(step), Ok(expect.clone()), "byte {at}");
            unfound.push(at);
        }
    }
    // The title before the first commit is nothing that is taken over.
    let title = unfound.len();
    assert_eq!(unfound, (0..title).collect::<Vec<_>>(), "of {}", bytes.len());
    assert!(title < 200 && bytes.len() > 2 * title, "{title} of {}", bytes.len());
    for length in [0, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&segment, &bytes[..length]).expect("room");
        assert_eq!(gathered(dir.path()).check(&|| false).len(), 1, "{length}");
    }
}

#[test]
fn slices_that_cannot_be_hold_no_item_twice() {
    let shard = |first, count| GatheredShard {
        state: "s".into(),
        run: "r1".into(),
        name: "shard 1/1".into(),
        first,
        count,
    };
    for (first, count, from, until, expect) in [
        (4, 3, 1, 3, false),
        (4, 3, 1, 4, true),
        (4, 3, 6, 9, true),
        (4, 3, 7, 9, false),
        (4, 0, 1, 9, false),
        (u64::MAX, u64::MAX, 1, u64::MAX, true),
        (u64::MAX, 1, 1, 5, false),
    ] {
        assert_eq!(shard(first, count).holds(from, until), expect, "{first} {count} {from} {until}");
    }
}
