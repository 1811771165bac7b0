//! These tests say how steps end, and how the next coordinator goes on.

use super::stage::{Stage, id, job, options};
use crate::schedule::fleet::{Exit, Fleet, Halt, Indices, JobState, Kept, Outcome, first_shards};

const NOTHING: [&str; 0] = [];
const OVER: JobState = JobState::Ended(Exit::Code(0));

#[test]
fn a_step_is_over_with_its_last_record_and_ends_what_works_in_vain() {
    let mut stage = Stage::running(&options(1));
    stage.record("0", (1, 10), (0, 0), false);
    stage.now = 4;
    stage.look(&[(job(0, 0), OVER), (job(0, 1), JobState::Running)]);
    stage.record("1", (11, 10), (0, 0), false);
    assert_eq!(stage.acts(), NOTHING);
    assert_eq!(stage.fleet.outcome(stage.time()), Some(Outcome::Complete), "its worker is on its way out");
    // The same where another attempt has made the last record.
    let mut stage = Stage::running(&options(1));
    stage.record("1", (11, 10), (0, 0), false);
    stage.now = 4;
    assert_eq!(
        stage.look(&[(job(0, 0), JobState::Running), (job(0, 1), JobState::Queued(None))]),
        ["cancel 0/1"]
    );
    stage.record("0", (1, 10), (0, 0), false);
    assert_eq!(stage.acts(), NOTHING);
    assert_eq!(stage.fleet.outcome(stage.time()), Some(Outcome::Complete));
}

#[test]
fn a_drain_lets_workers_finish_and_starts_none() {
    let mut stage = Stage::running(&options(1));
    stage.fleet.stop(stage.time(), Halt::Drain);
    assert_eq!(stage.acts(), ["control Some(Drain) []"]);
    stage.now = 4;
    let jobs = [(job(0, 0), JobState::Running), (job(0, 1), JobState::Queued(None))];
    assert_eq!(stage.acts(), ["look [0]"]);
    assert_eq!(stage.look(&jobs), ["cancel 0/1"]);
    stage.now = 1000;
    let ended = (job(0, 1), JobState::Ended(Exit::Killed));
    assert_eq!(stage.look(&[(job(0, 0), JobState::Running), ended.clone()]), NOTHING);
    assert_eq!(stage.fleet.outcome(stage.time()), None);
    stage.record("0", (1, 4), (5, 6), false);
    assert_eq!(stage.look(&[]), NOTHING, "the rest stays");
    stage.now = 1001;
    stage.look(&[(job(0, 0), OVER), ended]);
    assert_eq!(stage.fleet.outcome(stage.time()), Some(Outcome::Stopped));
    assert_eq!(stage.fleet.tally().succeeded, 4);
}

#[test]
fn an_interrupt_waits_for_the_grace_and_then_for_nobody_for_long() {
    let mut stage = Stage::running(&options(1));
    stage.fleet.stop(stage.time(), Halt::Interrupt);
    assert_eq!(stage.acts(), ["control Some(Interrupt) []"]);
    stage.now = 11;
    assert_eq!(stage.acts(), ["look [0]"]);
    stage.fleet.silent(stage.time());
    stage.now = 12;
    assert_eq!(stage.acts()[..], ["cancel 0/0 0/1", "look [0]"]);
    stage.fleet.silent(stage.time());
    stage.now = 71;
    stage.acts();
    assert_eq!(stage.fleet.outcome(stage.time()), None);
    stage.now = 72;
    assert_eq!(stage.fleet.next_wake(), Some(stage.time()));
    assert_eq!(stage.fleet.outcome(stage.time()), Some(Outcome::Stopped));
    assert_eq!(stage.fleet.left_alive(), [job(0, 0), job(0, 1)]);
}

#[test]
fn a_second_interrupt_ends_all_jobs_at_once() {
    let mut stage = Stage::running(&options(1));
    stage.fleet.stop(stage.time(), Halt::Drain);
    stage.fleet.cancel(stage.time());
    assert_eq!(stage.acts()[2..], ["cancel 0/0 0/1"]);
}

#[test]
fn nothing_to_do_is_done() {
    let mut fleet = Fleet::new(options(1), &[]);
    assert_eq!(fleet.act(std::time::Duration::ZERO), None);
    assert_eq!(fleet.outcome(std::time::Duration::ZERO), Some(Outcome::Complete));
}

/// The machine after its coordinator died, with two waves that it had written down.
fn recovered() -> Stage {
    let mut stage = Stage::new(&options(2));
    let kept = Kept {
        cut: first_shards((&Indices::run(1, 40), 0), 2, None),
        waves: [(0, vec![id("0"), id("1")]), (1, vec![id("2"), id("3")])].into(),
        ..Kept::default()
    };
    stage.now = 100;
    stage.fleet = Fleet::recover(options(2), stage.time(), kept).expect("it is whole");
    stage
}

#[test]
fn the_next_coordinator_asks_before_it_submits() {
    let mut stage = recovered();
    assert_eq!(stage.acts(), ["control None []", "look [0, 1]"]);
    let running = [(job(0, 0), JobState::Running), (job(0, 1), OVER)];
    assert_eq!(stage.look(&running), ["throttle 0 at 1"]);
    stage.fleet.throttled(0, 1);
    stage.fleet.claimed(&id("3"));
    stage.now = 105;
    assert_eq!(stage.acts(), ["look [0, 1]"]);
    assert_eq!(stage.look(&running), ["submit 2: 2 at 1"], "that wave was never submitted, or is over");
    // Of what was claimed, a record may show.
    stage.now = 225;
    assert!(stage.acts().contains(&"inspect 3".to_owned()));
}
