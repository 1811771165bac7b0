//! Waves, throttles, refusals, silence, what is unknown, yields and rests.

use super::stage::{Stage, job, options};
use crate::schedule::fleet::{Exit, Failure, FleetOptions, JobState, Outcome, Submission};

const OVER: JobState = JobState::Ended(Exit::Code(0));

#[test]
fn a_wave_is_all_that_waits_as_far_as_the_engine_takes_it() {
    let mut stage = Stage::new(&FleetOptions { wave_max: 3, queue_max: 4, ..options(2) });
    assert_eq!(stage.acts(), ["submit 0: 0 1 2 at 2"]);
    stage.fleet.submitted(stage.time(), 0, Submission::Accepted);
    stage.now = 10;
    assert_eq!(stage.acts(), ["look [0]"], "both workers may be at work");
    stage.record("0", (1, 10), (0, 0), false);
    stage.record("1", (11, 10), (0, 0), false);
    assert_eq!(
        stage.look(&[(job(0, 0), OVER), (job(0, 1), OVER), (job(0, 2), JobState::Running)]),
        ["submit 1: 3 at 1"]
    );
}

#[test]
fn two_waves_together_have_no_more_workers_than_there_are() {
    let mut stage = Stage::running(&options(2));
    stage.record("0", (1, 10), (0, 0), false);
    stage.now = 4;
    let left = [
        (job(0, 0), OVER),
        (job(0, 1), JobState::Ended(Exit::Killed)),
        (job(0, 2), JobState::Running),
        (job(0, 3), JobState::Running),
    ];
    assert_eq!(stage.look(&left), ["inspect 1"]);
    stage.inspect("1", 3, &[]);
    stage.now = 6;
    assert_eq!(stage.acts(), ["look [0]"]);
    stage.record("2", (21, 10), (0, 0), false);
    let both = [(job(0, 2), OVER), (job(0, 3), JobState::Running)];
    assert_eq!(stage.look(&both), ["submit 1: 1 at 1"]);
}

#[test]
fn an_order_to_start_more_is_repeated_until_it_is_taken() {
    let mut stage = Stage::new(&FleetOptions { wave_max: 3, ..options(3) });
    stage.acts();
    stage.fleet.submitted(stage.time(), 0, Submission::Accepted);
    stage.record("0", (1, 10), (0, 0), false);
    stage.now = 5;
    let running = |wave, task| (job(wave, task), JobState::Running);
    let acts = stage.look(&[(job(0, 0), OVER), running(0, 1), running(0, 2)]);
    assert_eq!(acts, ["submit 1: 3 4 5 at 1"]);
    stage.fleet.submitted(stage.time(), 1, Submission::Accepted);
    stage.record("1", (11, 10), (0, 0), false);
    stage.record("2", (21, 10), (0, 0), false);
    let second = [running(1, 0), (job(1, 1), JobState::Queued(None)), (job(1, 2), JobState::Queued(None))];
    stage.now = 7;
    assert_eq!(
        stage.look(&[&[(job(0, 1), OVER), (job(0, 2), OVER)], &second[..]].concat()),
        ["throttle 1 at 3"]
    );
    stage.now = 9;
    assert_eq!(stage.look(&second), ["throttle 1 at 3"], "nobody said that it was taken");
    stage.fleet.throttled(1, 3);
    stage.now = 11;
    assert_eq!(stage.look(&second), Vec::<String>::new());
}

#[test]
fn two_waves_are_five_seconds_apart() {
    let mut stage = Stage::running(&FleetOptions { wave_max: 2, ..options(2) });
    stage.record("0", (1, 10), (0, 0), false);
    stage.now = 4;
    assert_eq!(stage.look(&[(job(0, 0), OVER), (job(0, 1), JobState::Running)]), Vec::<String>::new());
    assert_eq!(stage.fleet.next_wake(), Some(std::time::Duration::from_secs(5)));
    stage.now = 5;
    assert_eq!(stage.acts(), ["submit 1: 2 3 at 1"]);
}

#[test]
fn what_there_is_no_room_for_is_smaller_and_later() {
    let mut stage = Stage::new(&options(2));
    let full = || Submission::Full("QOSMaxSubmitJobPerUserLimit".into());
    for (at, expect) in [(0, "submit 0: 0 1 2 3 at 2"), (5, "submit 1: 0 1 at 2"), (15, "submit 2: 2 at 1")] {
        stage.now = at;
        assert_eq!(stage.acts(), [expect]);
        stage.now = at + 4;
        assert_eq!(stage.acts(), Vec::<String>::new());
        stage.now = at;
        stage.fleet.submitted(stage.time(), stage.fleet.waves.len() as u32 - 1, full());
    }
    let Some(Outcome::Failed(Failure::Refused(why))) = ({
        stage.acts();
        stage.fleet.outcome(stage.time())
    }) else {
        panic!("there is no room for one, and none of ours is there")
    };
    assert_eq!(&*why, "QOSMaxSubmitJobPerUserLimit");
}

#[test]
fn what_is_refused_for_good_fails_the_step() {
    let mut stage = Stage::new(&options(2));
    stage.acts();
    stage.fleet.submitted(stage.time(), 0, Submission::Refused("Invalid partition".into()));
    assert_eq!(stage.acts(), ["control Some(Interrupt) []"]);
    let failure = Failure::Refused("Invalid partition".into());
    assert_eq!(stage.fleet.outcome(stage.time()), Some(Outcome::Failed(failure)));
}

#[test]
fn a_submission_without_an_answer_is_looked_up() {
    let mut stage = Stage::new(&options(2));
    stage.acts();
    stage.fleet.submitted(stage.time(), 0, Submission::Unsure);
    stage.now = 2;
    assert_eq!(stage.acts(), ["look [0]"]);
    assert_eq!(stage.look(&[]), Vec::<String>::new(), "it may be on its way");
    stage.now = 5;
    assert_eq!(stage.acts(), ["look [0]"]);
    assert_eq!(stage.look(&[]), Vec::<String>::new());
    stage.now = 10;
    assert_eq!(stage.acts(), ["submit 1: 0 1 at 2"], "half of it, after a while");
    stage.fleet.submitted(stage.time(), 1, Submission::Accepted);
    // The first one was on its way for long. One shard is with another job now, and one has waited.
    stage.now = 12;
    assert_eq!(stage.acts(), ["look [0, 1]"]);
    let seen = [
        (job(0, 0), JobState::Running),
        (job(0, 2), JobState::Running),
        (job(1, 0), JobState::Running),
        (job(1, 1), JobState::Running),
    ];
    assert_eq!(stage.look(&seen), ["cancel 0/0"]);
    assert_eq!(stage.fleet.counts(stage.time()).waiting, 1);
}

#[test]
fn silence_says_nothing() {
    let mut stage = Stage::running(&options(1));
    let mut waits = Vec::new();
    for _ in 0..8 {
        let wake = stage.fleet.look_at().expect("there are jobs").as_secs();
        waits.push(wake - stage.now);
        stage.now = wake;
        assert_eq!(stage.acts(), ["look [0]"]);
        stage.fleet.silent(stage.time());
    }
    assert_eq!(waits, [2, 1, 2, 4, 8, 16, 32, 60]);
    stage.now += 6000;
    assert_eq!(stage.acts(), ["look [0]"], "nobody is given up");
}

#[test]
fn a_job_that_the_engine_does_not_know_is_alive_for_five_minutes_after_its_last_beat() {
    let mut stage = Stage::running(&options(1));
    stage.now = 100;
    stage.beat("0", 1);
    stage.now = 399;
    assert_eq!(stage.look(&[(job(0, 1), JobState::Queued(None))]), Vec::<String>::new());
    stage.now = 400;
    assert_eq!(stage.look(&[(job(0, 1), JobState::Queued(None))]), Vec::<String>::new());
    stage.now = 519;
    assert_eq!(stage.acts(), ["look [0]"], "its record may be on its way");
    stage.now = 520;
    assert_eq!(stage.acts(), ["inspect 0"]);
}

#[test]
fn reasons_for_waiting_are_told_after_a_while() {
    let mut stage = Stage::running(&options(1));
    let jobs =
        [(job(0, 0), JobState::Running), (job(0, 1), JobState::Queued(Some("PartitionConfig".into())))];
    stage.now = 4;
    stage.look(&jobs);
    stage.now = 31;
    assert_eq!(stage.fleet.counts(stage.time()).why, None);
    stage.now = 32;
    let counts = stage.fleet.counts(stage.time());
    assert_eq!((counts.running, counts.queued, counts.why.as_deref()), (1, 1, Some("PartitionConfig")));
}

#[test]
fn a_launch_that_is_held_is_ended_and_tried_anew() {
    let mut stage = Stage::running(&options(1));
    stage.now = 6;
    let jobs = [(job(0, 0), JobState::Running), (job(0, 1), JobState::Held)];
    assert_eq!(stage.look(&jobs), ["cancel 0/1"]);
    stage.now = 10;
    assert_eq!(stage.look(&jobs), Vec::<String>::new(), "it was told so a moment ago");
    stage.now = 16;
    assert_eq!(stage.look(&jobs), ["cancel 0/1"], "that order was lost");
    stage.record("0", (1, 10), (0, 0), false);
    stage.now = 18;
    assert_eq!(stage.look(&[(job(0, 0), OVER), (job(0, 1), JobState::Ended(Exit::Killed))]), ["inspect 1"]);
    stage.inspect("1", 0, &[]);
    assert_eq!(stage.acts(), ["submit 1: 1 at 1"]);
}

#[test]
fn the_shard_with_most_left_is_asked_for_its_rest_while_a_worker_idles() {
    let mut stage = Stage::running(&options(3));
    for (shard, first) in [("0", 1), ("1", 11), ("2", 21)] {
        stage.record(shard, (first, 10), (0, 0), false);
    }
    for shard in ["3", "4", "5"] {
        stage.beat(shard, 0);
    }
    stage.now = 4;
    let all = [3, 4, 5].map(|task| (job(0, task), JobState::Running));
    let over = [0, 1, 2].map(|task| (job(0, task), OVER));
    stage.look(&[&over[..], &all[..]].concat());
    stage.now = 34;
    stage.record("3", (31, 10), (0, 0), false);
    stage.beat("4", 4);
    stage.beat("5", 3);
    let left = [(job(0, 3), OVER), all[1].clone(), all[2].clone()];
    assert_eq!(stage.look(&left), ["control None [5]"], "75 s are left of it, and 48 s of the other");
    stage.now = 60;
    assert_eq!(stage.look(&left), Vec::<String>::new(), "one at a time");
    stage.record("5", (51, 4), (55, 6), false);
    assert_eq!(stage.acts(), ["split 5: 55–57 | 58–60", "submit 1: 5.0 5.1 at 1"]);
}

#[test]
fn a_chain_that_was_asked_is_asked_on() {
    let mut stage = Stage::running(&options(1));
    stage.record("0", (1, 10), (0, 0), false);
    stage.now = 4;
    stage.look(&[(job(0, 0), OVER), (job(0, 1), JobState::Running)]);
    stage.record("1", (11, 2), (13, 8), true);
    stage.record("1+1", (13, 2), (15, 6), false);
    assert_eq!(stage.acts(), ["split 1+1: 15–20"], "no worker is free before this one has ended");
    stage.now = 6;
    assert_eq!(stage.look(&[(job(0, 1), OVER)]), ["submit 1: 1+1.0 at 1"]);
}
