//! Records that cannot be end the run, and nothing of them is committed.

use std::time::Duration;

use crate::event::Tally;
use crate::schedule::fleet::{
    Action, Fleet, FleetOptions, Heard, Indices, Kept, Outcome, Record, ShardId, WAVE_EVERY, Why,
    first_shards,
};

const NOW: Duration = Duration::from_secs(1);

fn set(runs: &[(u64, u64)]) -> Indices {
    Indices::new(runs.iter().copied()).expect("in order")
}

/// A record of a shard: what it has done, and what it leaves.
fn record(shard: &str, done: &[(u64, u64)], rest: &[(u64, u64)], goes_on: bool) -> Record {
    let (done, rest) = (set(done), set(rest));
    let why = match (rest.is_empty(), goes_on) {
        (true, _) => Why::End,
        (false, true) => Why::Commit,
        (false, false) => Why::Yield,
    };
    let tally = Tally { succeeded: done.count(), ..Tally::default() };
    Record { shard: shard.into(), attempt: 1, done, rest, goes_on, why, tally }
}

fn options() -> FleetOptions {
    FleetOptions {
        workers: 1,
        attempts: 3,
        wave_max: 100,
        queue_max: 100,
        grace: Duration::ZERO,
        wave_every: WAVE_EVERY,
    }
}

/// Two shards of ten items each, of which `1` has gone on once and then left two children.
fn fleet() -> Fleet {
    let options = options();
    let kept = Kept {
        cut: first_shards((&Indices::run(1, 20), 0), 1, None),
        splits: [(ShardId::parse("1+1").expect("an id"), vec![set(&[(15, 2)]), set(&[(17, 4)])])].into(),
        records: vec![
            record("1+1", &[(13, 2)], &[(15, 6)], false),
            record("1", &[(11, 2)], &[(13, 8)], true),
        ],
        ..Default::default()
    };
    let fleet = Fleet::recover(options, NOW, kept).expect("they follow from each other");
    assert_eq!(fleet.tally().succeeded, 4);
    fleet
}

/// What the machine says of a record.
fn tell(name: &str, record: &Record) -> Result<Heard, &'static str> {
    let mut fleet = fleet();
    let before = fleet.tally();
    let heard = fleet.record(NOW, name, record).map_err(|fault| fault.what);
    if heard != Ok(Heard::Imported) {
        assert_eq!(fleet.tally(), before);
    }
    if heard.is_err() {
        while fleet.act(NOW).is_some() {}
        assert!(matches!(fleet.outcome(NOW), Some(Outcome::Fault(fault)) if *fault.name == *name));
    }
    heard
}

#[test]
fn a_record_is_taken_in_echoed_or_early() {
    let told = |record: &Record| tell(&record.shard.clone(), record);
    assert_eq!(told(&record("0", &[(1, 10)], &[], false)), Ok(Heard::Imported));
    assert_eq!(told(&record("0", &[(2, 1), (4, 1)], &[(1, 1), (3, 1), (5, 6)], true)), Ok(Heard::Imported));
    assert_eq!(told(&record("1+1.1", &[(17, 1)], &[(18, 3)], false)), Ok(Heard::Imported));
    // Shards that have their records, whatever these say.
    assert_eq!(told(&record("1", &[(1, 10)], &[], false)), Ok(Heard::Known));
    assert_eq!(told(&record("1+1", &[(1, 1)], &[(2, 19)], true)), Ok(Heard::Known));
    // Shards whose records may not be visible yet.
    for early in ["0+1", "0+7", "0.0", "0+3.5", "0.0.0+2", "1+1.0+1", "1+1.1.0"] {
        assert_eq!(told(&record(early, &[(1, 1)], &[], false)), Ok(Heard::Early), "{early}");
    }
}

#[test]
fn a_record_that_cannot_be_is_a_fault() {
    let whole = record("0", &[(1, 10)], &[], false);
    for name in ["0.tmp", "00", "0+0", "0.24500.65aea0adbf34", ""] {
        assert_eq!(tell(name, &whole), Err("it has no name of a shard"), "{name}");
    }
    assert_eq!(tell("1+1.0", &whole), Err("it says that it is of another shard"));
    let told = |record: &Record| tell(&record.shard.clone(), record).expect_err("it cannot be");
    assert_eq!(told(&record("2", &[(1, 1)], &[], false)), "the step has no such shard");
    assert_eq!(told(&record("2+1.0", &[(1, 1)], &[], false)), "the step has no such shard");
    assert_eq!(told(&record("1+2", &[(15, 6)], &[], false)), "it goes on where nothing was left");
    for child in ["1+1.2", "1.0", "1.0.0", "1+1.2+1", "1+5.0"] {
        let what = told(&record(child, &[(15, 2)], &[], false));
        assert_eq!(what, "the shard that it would be a child of has no such child", "{child}");
    }
    let items = "its items and what it leaves are not those of the shard";
    for (done, rest) in [
        (&[(1, 9)][..], &[][..]),
        (&[(1, 11)], &[]),
        (&[(11, 10)], &[]),
        (&[(1, 6)], &[(6, 5)]),
        (&[(1, 5)], &[(7, 4)]),
        (&[(2, 9)], &[]),
    ] {
        assert_eq!(told(&record("0", done, rest, false)), items, "{done:?} {rest:?}");
    }
    assert_eq!(told(&record("0", &[], &[(1, 10)], false)), "it commits nothing");
    assert_eq!(told(&record("0", &[(1, 10)], &[], true)), "its worker goes on with nothing");
    let end = Record { why: Why::End, ..record("0", &[(1, 5)], &[(6, 5)], false) };
    assert_eq!(told(&end), "it is the end of a shard of which something is left");
    let counted = Record { tally: Tally { failed: 9, ..Tally::default() }, ..whole };
    assert_eq!(told(&counted), "its counters are not those of its items");
}

#[test]
fn nothing_is_taken_in_after_a_fault() {
    let mut fleet = fleet();
    let fault = fleet.record(NOW, "nonsense", &record("0", &[(1, 10)], &[], false));
    assert_eq!(fleet.record(NOW, "0", &record("0", &[(1, 10)], &[], false)), fault);
    assert_eq!(fleet.tally().succeeded, 4);
    assert!(!std::iter::from_fn(|| fleet.act(NOW)).any(|action| matches!(action, Action::Submit { .. })));
}

#[test]
fn what_does_not_fit_together_is_not_recovered() {
    let options = options();
    let wrong = |kept: Kept| {
        let fault = Fleet::recover(options.clone(), NOW, kept).expect_err("it cannot be");
        (fault.name.to_string(), fault.what)
    };
    let hole = Kept {
        cut: vec![set(&[(1, 20)])],
        records: vec![record("0+1", &[(13, 2)], &[(15, 6)], false)],
        ..Kept::default()
    };
    assert_eq!(wrong(hole), ("0+1".to_owned(), "the record that it goes on from is missing"));
    let twice = Kept {
        cut: vec![set(&[(1, 10)]), set(&[(10, 10)])],
        records: vec![record("0", &[(1, 10)], &[], false), record("1", &[(10, 10)], &[], false)],
        ..Kept::default()
    };
    assert_eq!(wrong(twice), ("1".to_owned(), "it has items that are committed already"));
    let torn = Kept {
        cut: vec![set(&[(1, 10)])],
        splits: [(ShardId::first_cut(0), vec![set(&[(5, 2)]), set(&[(8, 3)])])].into(),
        records: vec![record("0", &[(1, 4)], &[(5, 6)], false)],
        ..Kept::default()
    };
    assert_eq!(wrong(torn), ("0".to_owned(), "what it left was cut into something else"));
    let stranger = Kept {
        cut: vec![set(&[(1, 10)])],
        waves: [(0, vec![ShardId::first_cut(1)])].into(),
        ..Kept::default()
    };
    assert_eq!(wrong(stranger), ("1".to_owned(), "a wave has it, and it is no shard"));
}
