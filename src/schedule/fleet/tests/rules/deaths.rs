//! These tests say what a job's end means.

use super::stage::{Stage, id, job, options};
use crate::schedule::fleet::{Exit, Failure, Indices, JobState, Outcome};

const NOTHING: [&str; 0] = [];

/// The machine of one worker, whose first job ends so at 10 s.
fn after(exit: Exit) -> (Stage, Vec<String>) {
    let mut stage = Stage::running(&options(1));
    stage.fleet.claimed(&id("0"));
    stage.now = 10;
    let acts = stage.look(&[(job(0, 0), JobState::Ended(exit)), (job(0, 1), JobState::Running)]);
    (stage, acts)
}

#[test]
fn a_worker_that_died_is_followed_at_once_and_one_that_ended_well_in_two_minutes() {
    assert_eq!(after(Exit::Code(70)).1, ["inspect 0"]);
    assert_eq!(after(Exit::Code(75)).1, ["inspect 0"]);
    assert_eq!(after(Exit::Lost).1, ["inspect 0"]);
    for exit in [Exit::Code(0), Exit::Unknown] {
        let (mut stage, acts) = after(exit);
        assert_eq!(acts, NOTHING);
        stage.now = 129;
        assert_eq!(stage.acts(), ["look [0]"]);
        stage.now = 130;
        assert_eq!(stage.acts(), ["inspect 0"]);
    }
}

#[test]
fn a_record_that_shows_late_is_taken_in() {
    let (mut stage, _) = after(Exit::Code(0));
    stage.now = 129;
    stage.record("0", (1, 10), (0, 0), false);
    stage.now = 131;
    assert_eq!(stage.acts(), ["look [0]"]);
}

#[test]
fn a_listing_that_began_before_the_end_was_heard_judges_nothing() {
    let mut stage = Stage::running(&options(1));
    stage.now = 10;
    let ended = crate::schedule::fleet::Seen { job: job(0, 0), state: JobState::Ended(Exit::Killed) };
    stage.fleet.looked(stage.time(), stage.time(), &[ended]);
    stage.fleet.listed(stage.time(), std::time::Duration::from_secs(9));
    assert_eq!(stage.fleet.died, 0);
    assert_eq!(stage.acts(), ["inspect 0"]);
    assert_eq!(stage.fleet.died, 1);
}

/// Lets the only shard's job end so again and again; how often until the step fails.
fn times_until_failure(exit: Exit, mut found: impl FnMut(&mut Stage, u32)) -> (u32, Stage) {
    let mut stage = Stage::single();
    stage.beat("0", 0);
    for wave in 0..200 {
        stage.now += 10;
        assert_eq!(stage.look(&[(job(wave, 0), JobState::Running)]), NOTHING);
        stage.now += 10;
        let acts = stage.look(&[(job(wave, 0), JobState::Ended(exit))]);
        assert!(acts.contains(&"inspect 0".to_owned()), "{acts:?}");
        found(&mut stage, wave);
        stage.now += 60;
        if stage.acts().iter().any(|act| act.starts_with("control Some")) {
            return (wave + 1, stage);
        }
        stage.fleet.submitted(stage.time(), wave + 1, crate::schedule::fleet::Submission::Accepted);
    }
    panic!("it goes on for ever");
}

#[test]
fn deaths_without_anything_new_fail_the_step() {
    let (times, stage) = times_until_failure(Exit::Killed, |stage, _| stage.inspect("0", 0, &[]));
    assert_eq!(times, 3);
    let (shard, items, node) = (id("0"), Indices::run(1, 10), Some("n7".into()));
    let failure = Failure::Died { shard, items, node, times: 3 };
    assert_eq!(stage.fleet.outcome(stage.time()), Some(Outcome::Failed(failure)));
    // A row that is new each time, and then none.
    let rows = |wave: u32| u64::from(wave.min(4));
    assert_eq!(times_until_failure(Exit::Killed, |stage, wave| stage.inspect("0", rows(wave), &[])).0, 4 + 4);
}

#[test]
fn lost_nodes_and_workers_that_give_back_are_no_attempts() {
    for exit in [Exit::Lost, Exit::Code(75)] {
        let (times, stage) = times_until_failure(exit, |stage, _| stage.inspect("0", 0, &[]));
        assert_eq!(times, 100, "but no step goes on for ever");
        assert!(matches!(
            stage.fleet.outcome(stage.time()),
            Some(Outcome::Failed(Failure::Fruitless { .. }))
        ));
    }
}

#[test]
fn an_item_that_kills_its_worker_alone_twice_is_given_up() {
    let mut stage = Stage::single();
    let slots = [(job(0, 0), (4, 3)), (job(1, 0), (5, 1)), (job(2, 0), (5, 1))];
    let expect = [
        "submit 1: 0 careful 4–6 at 1",
        "submit 2: 0 careful 4–6 at 1",
        "submit 3: 0 careful 4, 6 condemned 5 at 1",
    ];
    for (at, wave) in [0, 1, 2].into_iter().enumerate() {
        stage.now += 10;
        let acts = stage.look(&[(job(wave, 0), JobState::Ended(Exit::Killed))]);
        assert!(acts.contains(&"inspect 0".to_owned()), "{acts:?}");
        stage.inspect("0", 9, &slots[..=at]);
        stage.now += 10;
        assert_eq!(stage.acts(), [expect[at]]);
        stage.fleet.submitted(stage.time(), wave + 1, crate::schedule::fleet::Submission::Accepted);
    }
    // What a lost node was working on has killed nobody; what was suspected before, children inherit.
    let mut stage = Stage::single();
    stage.now = 10;
    stage.look(&[(job(0, 0), JobState::Ended(Exit::Lost))]);
    stage.inspect("0", 9, &slots[..1]);
    stage.now = 20;
    assert_eq!(stage.acts(), ["submit 1: 0 at 1"]);
}

#[test]
fn three_jobs_that_leave_no_trace_mean_that_nodes_do_not_see_the_folder() {
    let mut stage = Stage::running(&options(3));
    stage.now = 10;
    let ended = [0, 1, 2].map(|task| (job(0, task), JobState::Ended(Exit::Code(127))));
    assert_eq!(stage.look(&ended[..2]), ["throttle 0 at 3", "inspect 0", "inspect 1"][1..]);
    let nothing = crate::schedule::fleet::Inspection::default();
    for shard in ["0", "1"] {
        stage.fleet.inspected(stage.time(), &id(shard), &nothing);
    }
    stage.now = 12;
    stage.acts();
    stage.look(&ended[2..]);
    stage.fleet.inspected(stage.time(), &id("2"), &nothing);
    stage.fleet.cancel(stage.time());
    stage.acts();
    stage.now = 100;
    assert_eq!(stage.fleet.outcome(stage.time()), Some(Outcome::Failed(Failure::Unseen)));
}

#[test]
fn a_full_disk_and_another_program_stop_the_step_at_once() {
    for (code, failure) in [(74, Failure::CannotKeep(id("0"))), (78, Failure::WrongProgram(id("0")))] {
        let (mut stage, acts) = after(Exit::Code(code));
        assert_eq!(acts, ["control Some(Interrupt) []"]);
        stage.now = 12;
        stage.record("1", (11, 10), (0, 0), false);
        stage.look(&[(job(0, 1), JobState::Ended(Exit::Code(0)))]);
        assert_eq!(stage.fleet.outcome(stage.time()), Some(Outcome::Failed(failure)));
        assert_eq!(stage.fleet.tally().succeeded, 10, "what the others have done is kept");
    }
}

#[test]
fn a_job_that_had_ended_and_has_not_gets_its_shard_back_unless_another_one_has_it() {
    let (mut stage, _) = after(Exit::Killed);
    stage.inspect("0", 0, &[]);
    let both = [(job(0, 0), JobState::Running), (job(0, 1), JobState::Queued(None))];
    stage.now = 12;
    assert_eq!(stage.look(&both), NOTHING);
    assert_eq!(stage.fleet.counts(stage.time()).waiting, 0);
    stage.now = 14;
    stage.look(&[(job(0, 0), JobState::Ended(Exit::Killed)), (job(0, 1), JobState::Ended(Exit::Code(75)))]);
    stage.inspect("0", 0, &[]);
    stage.inspect("1", 0, &[]);
    assert_eq!(stage.acts(), ["submit 1: 0 1 at 1"]);
    stage.fleet.submitted(stage.time(), 1, crate::schedule::fleet::Submission::Accepted);
    stage.now = 16;
    assert_eq!(stage.look(&[(job(0, 0), JobState::Running)]), ["cancel 0/0"]);
}
