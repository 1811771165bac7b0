//! These tests look at single decisions, one scene each. `properties` checks what holds for every scene.

use std::time::Duration;

use super::*;
use crate::event::FailureKind;
use crate::schedule::{Breaker, Expired, FailFast, RateUse, Retries, StopReason, Verdict};
use crate::value::{Rate, Ratio};

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

fn policy() -> Policy {
    let retries = Retries { max: 2, delay: ms(100), ..Retries::default() };
    Policy { concurrency: 2, retries, ..Policy::default() }
}

/// A scheduler whose whole input is there.
fn scheduler(policy: &Policy, items: u64) -> Scheduler {
    let mut scheduler = Scheduler::new(policy, 7);
    scheduler.offer(items);
    scheduler.end_of_input();
    scheduler
}

fn start(scheduler: &mut Scheduler, now: u64) -> Start {
    scheduler.start(ms(now), 1).expect("something may start")
}

fn failure(index: u64, started: u64) -> FailedAttempt {
    let kind = FailureKind::Error;
    FailedAttempt { index, identity: 0, kind, retryable: true, retry_after: None, started: ms(started) }
}

fn fail(scheduler: &mut Scheduler, now: u64, start: &Start) -> Next {
    let next = scheduler.failed(ms(now), start, &failure(start.first, now));
    scheduler.chunk_ended(ms(now), start, 0);
    next
}

/// An item that fails for good.
fn lose(scheduler: &mut Scheduler, now: u64, start: &Start) {
    let attempt = FailedAttempt { retryable: false, ..failure(start.first, now) };
    assert_eq!(scheduler.failed(ms(now), start, &attempt), Next::Failed);
    scheduler.chunk_ended(ms(now), start, 0);
}

fn succeed(scheduler: &mut Scheduler, now: u64, start: &Start) {
    scheduler.succeeded(ms(now), start, start.count);
    scheduler.chunk_ended(ms(now), start, 0);
}

fn close(scheduler: &mut Scheduler) -> (Tally, Verdict) {
    assert!(scheduler.is_done());
    scheduler.close();
    (scheduler.tally(), scheduler.verdict())
}

/// So much in any second.
fn limit(count: u32, weighted: bool) -> RateUse {
    RateUse { name: None, rate: Rate { count, period: ms(1000) }, weighted }
}

#[test]
fn a_waiting_retry_holds_no_worker_and_goes_before_fresh_items() {
    let mut scheduler = scheduler(&Policy { concurrency: 1, ..policy() }, 3);
    let first = start(&mut scheduler, 0);
    assert_eq!(scheduler.start(ms(0), 1), None);
    assert_eq!(fail(&mut scheduler, 10, &first), Next::RetryAt(ms(110)));
    assert_eq!((scheduler.running(), scheduler.waiting()), (0, 1));
    let second = start(&mut scheduler, 10);
    assert_eq!((second.first, scheduler.next_wake(ms(10))), (2, None));
    succeed(&mut scheduler, 200, &second);
    let again = start(&mut scheduler, 200);
    assert_eq!((again.first, again.attempt, scheduler.tally().retried), (1, 2, 1));
    assert_eq!(fail(&mut scheduler, 200, &again), Next::RetryAt(ms(400)));
    let third = start(&mut scheduler, 200);
    succeed(&mut scheduler, 201, &third);
    assert_eq!((scheduler.next_wake(ms(201)), scheduler.is_done()), (Some(ms(400)), false));
    let last = start(&mut scheduler, 400);
    assert_eq!(fail(&mut scheduler, 400, &last), Next::Failed);
    let (tally, verdict) = close(&mut scheduler);
    assert_eq!((tally.succeeded, tally.failed, tally.retried), (2, 1, 1));
    assert_eq!(verdict.reason.as_deref(), Some("2 of 3 items succeeded, 3 needed"));
}

#[test]
fn an_item_that_would_wait_beyond_its_deadline_fails_at_once() {
    let mut scheduler = scheduler(&Policy { item_deadline: Some(ms(110)), ..policy() }, 2);
    let (one, two) = (start(&mut scheduler, 0), start(&mut scheduler, 0));
    assert_eq!(scheduler.failed(ms(9), &one, &failure(1, 0)), Next::RetryAt(ms(109)));
    assert_eq!(scheduler.failed(ms(10), &two, &failure(2, 0)), Next::OutOfTime);
    scheduler.chunk_ended(ms(10), &one, 0);
    scheduler.chunk_ended(ms(10), &two, 0);
    assert_eq!(start(&mut scheduler, 109).item_deadline, Some(ms(110)));
}

#[test]
fn an_item_whose_deadline_passes_in_the_queue_fails_and_gives_its_retry_back() {
    let retries = Retries { budget: Some(1), ..policy().retries };
    let mut scheduler =
        scheduler(&Policy { item_deadline: Some(ms(150)), concurrency: 1, retries, ..policy() }, 3);
    let one = start(&mut scheduler, 0);
    assert_eq!(fail(&mut scheduler, 0, &one), Next::RetryAt(ms(100)));
    let two = start(&mut scheduler, 0);
    // The worker is busy: what is to come is the deadline, not the retry.
    assert_eq!(scheduler.next_wake(ms(0)), Some(ms(150)));
    assert_eq!(scheduler.expired(ms(149)), None);
    succeed(&mut scheduler, 160, &two);
    assert_eq!((start(&mut scheduler, 160).first, scheduler.next_wake(ms(160))), (3, Some(ms(160))));
    assert_eq!(scheduler.expired(ms(160)), Some(Expired { index: 1, attempts: 1 }));
    assert_eq!(
        (scheduler.expired(ms(160)), scheduler.tally().failed, scheduler.tally().retried),
        (None, 1, 0)
    );
    let three = Start { first: 3, count: 1, attempt: 1, item_deadline: None };
    assert_eq!(scheduler.failed(ms(161), &three, &failure(3, 160)), Next::RetryAt(ms(261)));
}

#[test]
fn a_stop_drops_retries_and_a_second_reason_can_only_interrupt() {
    let mut scheduler = scheduler(&Policy { fail_fast: FailFast::Drain, concurrency: 3, ..policy() }, 9);
    let starts = [0; 3].map(|now| start(&mut scheduler, now));
    assert_eq!(fail(&mut scheduler, 5, &starts[0]), Next::RetryAt(ms(105)));
    lose(&mut scheduler, 6, &starts[1]);
    assert_eq!(scheduler.stop(), Some(Stop { reason: StopReason::FailFast, interrupt: false }));
    assert_eq!((scheduler.waiting(), scheduler.tally().cancelled), (0, 1));
    assert_eq!((scheduler.start(ms(999), 1), scheduler.next_wake(ms(6))), (None, None));
    scheduler.interrupt();
    assert_eq!(scheduler.stop(), Some(Stop { reason: StopReason::FailFast, interrupt: false }));
    scheduler.grace_over();
    assert_eq!(scheduler.stop(), Some(Stop { reason: StopReason::FailFast, interrupt: true }));
    assert_eq!(fail(&mut scheduler, 7, &starts[2]), Next::Cancelled);
    let (tally, verdict) = close(&mut scheduler);
    assert_eq!(tally, Tally { failed: 1, cancelled: 8, ..Tally::default() });
    assert_eq!(verdict.reason.as_deref(), Some("0 of 9 items succeeded, 9 needed (stopped: fail_fast)"));
}

#[test]
fn a_deadline_fails_the_step_only_if_it_cuts_something_off() {
    let lenient = Policy { min_success_ratio: Ratio::ZERO, ..policy() };
    let check = |cut: &dyn Fn(&mut Scheduler), expect: Option<&str>| {
        let mut scheduler = Scheduler::new(&lenient, 7);
        scheduler.offer(1);
        let one = start(&mut scheduler, 0);
        scheduler.succeeded(ms(1), &one, 1);
        scheduler.chunk_ended(ms(1), &one, 0);
        cut(&mut scheduler);
        assert_eq!(close(&mut scheduler).1.reason.as_deref(), expect);
    };
    check(&Scheduler::deadline, Some("deadline"));
    check(&|scheduler| (scheduler.end_of_input(), scheduler.deadline()).1, None);
    check(&|scheduler| (scheduler.deadline(), scheduler.end_of_input()).1, None);
    check(&|scheduler| (scheduler.expect_total(2), scheduler.deadline()).1, Some("deadline"));
    check(&|scheduler| (scheduler.expect_total(2), scheduler.source_failed()).1, None);
    check(&|scheduler| (scheduler.offer(1), scheduler.interrupt(), scheduler.deadline()).1, None);
}

#[test]
fn a_step_that_is_over_cannot_be_stopped() {
    let mut scheduler = scheduler(&policy(), 1);
    let one = start(&mut scheduler, 0);
    succeed(&mut scheduler, 1, &one);
    scheduler.deadline();
    scheduler.interrupt();
    assert_eq!(scheduler.stop(), None);
    assert!(close(&mut scheduler).1.succeeded);
}

#[test]
fn enough_results_stop_a_step_whose_other_items_have_all_ended() {
    let mut scheduler = scheduler(&policy(), 3);
    let one = start(&mut scheduler, 0);
    succeed(&mut scheduler, 1, &one);
    scheduler.enough();
    assert_eq!(scheduler.start(ms(1), 1), None, "nobody wants what they come to");
    let (tally, verdict) = close(&mut scheduler);
    assert_eq!((tally.ended(), tally.cancelled, verdict.succeeded), (1, 0, true));
}

#[test]
fn a_sealed_verdict_stops_the_step() {
    let check = |policy: Policy, total: Option<u64>, losses: u64, expect: Option<StopReason>| {
        let mut scheduler = Scheduler::new(&policy, 7);
        scheduler.offer(10);
        if let Some(total) = total {
            scheduler.expect_total(total);
        }
        for now in 0..losses {
            assert_eq!(scheduler.stop(), None, "after {now} of {losses}");
            let one = start(&mut scheduler, now);
            lose(&mut scheduler, now, &one);
        }
        assert_eq!(scheduler.stop(), expect.map(|reason| Stop { reason, interrupt: true }));
    };
    let early = |ratio| {
        let min_success_ratio = Ratio::parse(ratio).expect("a ratio");
        Policy { stop_early: true, min_success_ratio, ..policy() }
    };
    check(early("1"), None, 1, Some(StopReason::StopEarly));
    check(early("0.9"), None, 10, None);
    check(early("0.8"), Some(10), 3, Some(StopReason::StopEarly));
    check(early("0.8"), Some(20), 5, Some(StopReason::StopEarly));
    let bounded = |max| Policy { max_failures: Some(max), min_success_ratio: Ratio::ZERO, ..policy() };
    check(bounded(0), None, 1, Some(StopReason::MaxFailures));
    check(bounded(3), Some(10), 3, None);
    check(bounded(3), Some(10), 4, Some(StopReason::MaxFailures));
}

#[test]
fn a_bound_from_above_stops_a_step_as_a_total_does() {
    let min_success_ratio = Ratio::parse("0.8").expect("a ratio");
    let policy = Policy { stop_early: true, min_success_ratio, ..policy() };
    for (bound, losses) in [(10, 3), (20, 5), (2, 3)] {
        let mut scheduler = Scheduler::new(&policy, 7);
        scheduler.offer(10);
        scheduler.expect_at_most(bound);
        for now in 0..losses {
            assert_eq!(scheduler.stop(), None, "after {now} of {losses}");
            let one = start(&mut scheduler, now);
            lose(&mut scheduler, now, &one);
        }
        assert_eq!(
            scheduler.stop(),
            Some(Stop { reason: StopReason::StopEarly, interrupt: true }),
            "{bound}"
        );
        assert_eq!(scheduler.total(), None, "it is no total");
    }
}

#[test]
fn a_start_that_did_not_happen_leaves_room_in_the_rate() {
    let mut scheduler = scheduler(&Policy { rate_limits: vec![limit(1, false)], ..policy() }, 3);
    let one = scheduler.start(ms(0), 3).expect("the window is open");
    assert_eq!((one.count, scheduler.start(ms(0), 3), scheduler.next_wake(ms(0))), (1, None, None));
    scheduler.chunk_ended(ms(5), &one, 1);
    let one = start(&mut scheduler, 5);
    scheduler.started_at(&one, ms(8));
    assert_eq!((one.first, scheduler.next_wake(ms(9))), (1, Some(ms(1008))));
    assert_eq!(scheduler.start(ms(1007), 3), None);
    assert_eq!(start(&mut scheduler, 1008).first, 2);
}

#[test]
fn fresh_items_pause_while_too_many_wait() {
    let mut scheduler = scheduler(&policy(), WAITING_MAX + 2);
    let all = scheduler.start(ms(0), WAITING_MAX).expect("a chunk");
    for index in 1..=WAITING_MAX {
        assert_eq!(scheduler.failed(ms(0), &all, &failure(index, 0)), Next::RetryAt(ms(100)));
    }
    scheduler.chunk_ended(ms(0), &all, 0);
    assert_eq!((scheduler.next_fresh(), scheduler.start(ms(0), 9)), (None, None));
    assert_eq!(scheduler.next_wake(ms(0)), Some(ms(100)));
    assert_eq!(start(&mut scheduler, 100).attempt, 2);
    assert_eq!(scheduler.next_fresh(), Some(WAITING_MAX + 1));
    assert_eq!(
        scheduler.start(ms(100), 0).map(|start| start.first),
        Some(2),
        "with no fresh item wanted, a retry"
    );
}

#[test]
fn items_that_have_ended_already_count_and_are_not_started() {
    let mut scheduler = Scheduler::new(&policy(), 7);
    scheduler.passed(&Tally { succeeded: 2, skipped: 1, ..Tally::default() });
    scheduler.offer(1);
    scheduler.passed(&Tally { failed: 1, cancelled: 1, ..Tally::default() });
    scheduler.end_of_input();
    assert_eq!(scheduler.total(), Some(6));
    let only = start(&mut scheduler, 0);
    assert_eq!((only.first, only.count), (4, 1));
    succeed(&mut scheduler, 1, &only);
    let (tally, verdict) = close(&mut scheduler);
    assert_eq!(tally, Tally { succeeded: 3, failed: 1, skipped: 1, cancelled: 1, retried: 0 });
    assert!(!verdict.succeeded);
}

#[test]
fn an_old_failure_stops_a_step_like_a_new_one() {
    let mut scheduler = Scheduler::new(&Policy { fail_fast: FailFast::Drain, ..policy() }, 7);
    scheduler.offer(1);
    scheduler.passed(&Tally { failed: 1, ..Tally::default() });
    assert_eq!(scheduler.stop().map(|stop| stop.reason), Some(StopReason::FailFast));
    assert_eq!(scheduler.start(ms(0), 1), None);
}

#[test]
fn an_item_starts_when_its_costs_are_known_and_all_its_limits_have_room() {
    let limits = vec![limit(2, false), limit(100, true)];
    let mut scheduler = scheduler(&Policy { rate_limits: limits, concurrency: 9, ..policy() }, 4);
    assert_eq!((scheduler.start(ms(0), 9), scheduler.next_wake(ms(0))), (None, None));
    scheduler.cost(1, vec![1, 60]);
    let one = start(&mut scheduler, 0);
    scheduler.started_at(&one, ms(10));
    scheduler.cost(2, vec![1, 50]);
    assert_eq!((scheduler.start(ms(20), 9), scheduler.next_wake(ms(20))), (None, Some(ms(1010))));
    assert_eq!(scheduler.held_back(ms(20)), Some(HeldBack { limit: 1, until: ms(1010) }));
    // It took less than was said.
    scheduler.spent(1, 1, 40);
    let two = start(&mut scheduler, 30);
    scheduler.started_at(&two, ms(30));
    scheduler.cost(3, vec![1, 0]);
    assert_eq!(scheduler.held_back(ms(40)), Some(HeldBack { limit: 0, until: ms(1010) }));
    // What costs nothing at all, because it fails at once, waits for nobody.
    scheduler.cost(3, Vec::new());
    assert_eq!(start(&mut scheduler, 40).first, 3);
}

#[test]
fn each_attempt_has_costs_of_its_own() {
    let mut scheduler = scheduler(&Policy { rate_limits: vec![limit(9, true)], ..policy() }, 1);
    scheduler.cost(1, vec![3]);
    let one = start(&mut scheduler, 0);
    assert_eq!(fail(&mut scheduler, 10, &one), Next::RetryAt(ms(110)));
    assert_eq!(
        (scheduler.waiting(), scheduler.start(ms(200), 9), scheduler.next_wake(ms(200))),
        (1, None, None)
    );
    scheduler.cost(1, vec![7]);
    assert_eq!(scheduler.next_wake(ms(300)), Some(ms(1010)), "seven and three are more than nine");
    let again = start(&mut scheduler, 1010);
    assert_eq!((again.first, again.attempt), (1, 2));
    // One that did not begin keeps them.
    scheduler.chunk_ended(ms(1020), &again, 1);
    assert_eq!(start(&mut scheduler, 1020).attempt, 2);
}

#[test]
fn under_a_breaker_one_item_tries_after_each_pause() {
    let breaker = Breaker { after: 2, pause: ms(1000), max_pause: ms(1500) };
    let retries = Retries { max: 9, delay: ms(100), factor: 1.0, ..Retries::default() };
    let mut scheduler = scheduler(&Policy { breaker: Some(breaker), retries, concurrency: 3, ..policy() }, 9);
    let (one, two, three) = (start(&mut scheduler, 0), start(&mut scheduler, 0), start(&mut scheduler, 0));
    assert_eq!((one.count, two.count), (1, 1), "items travel alone");
    fail(&mut scheduler, 10, &two);
    fail(&mut scheduler, 20, &one);
    assert_eq!((scheduler.paused_until(), scheduler.start(ms(500), 9)), (Some(ms(1020)), None));
    succeed(&mut scheduler, 30, &three);
    assert_eq!(scheduler.next_wake(ms(500)), Some(ms(1020)));
    let trial = start(&mut scheduler, 1020);
    assert_eq!((trial.first, trial.attempt), (2, 2), "the one that has waited longest");
    assert_eq!((scheduler.start(ms(1020), 9), scheduler.next_wake(ms(1020))), (None, None));
    fail(&mut scheduler, 1100, &trial);
    assert_eq!(scheduler.paused_until(), Some(ms(2600)));
    let trial = start(&mut scheduler, 2600);
    succeed(&mut scheduler, 2700, &trial);
    assert_eq!(scheduler.paused_until(), None);
    assert_eq!([(); 3].map(|()| start(&mut scheduler, 2700).first), [2, 4, 5]);
}

#[test]
fn what_no_retry_heals_is_no_reason_to_pause() {
    let breaker = Breaker { after: 1, ..Breaker::default() };
    let mut scheduler = scheduler(&Policy { breaker: Some(breaker), ..policy() }, 9);
    for (kind, retryable) in
        [(FailureKind::Error, false), (FailureKind::Result, true), (FailureKind::Memory, true)]
    {
        let one = start(&mut scheduler, 0);
        scheduler.failed(ms(0), &one, &FailedAttempt { kind, retryable, ..failure(one.first, 0) });
        scheduler.chunk_ended(ms(0), &one, 0);
        assert_eq!(scheduler.paused_until(), None, "{kind:?}");
    }
    let one = start(&mut scheduler, 0);
    fail(&mut scheduler, 0, &one);
    assert_eq!(scheduler.paused_until(), Some(ms(60_000)));
    scheduler.interrupt();
    assert_eq!((scheduler.paused_until(), scheduler.is_done()), (None, true), "an interrupt ends the pause");
}

#[test]
fn a_fresh_item_with_room_is_no_reason_to_wake_while_a_due_retry_waits_for_more() {
    let policy = Policy { rate_limits: vec![limit(10, true)], ..policy() };
    let mut scheduler = scheduler(&policy, 2);
    scheduler.cost(1, vec![5]);
    let one = start(&mut scheduler, 0);
    assert_eq!(fail(&mut scheduler, 10, &one), Next::RetryAt(ms(110)));
    scheduler.cost(1, vec![9]);
    scheduler.cost(2, vec![8]);
    assert_eq!((scheduler.start(ms(200), 9), scheduler.next_wake(ms(200))), (None, Some(ms(1010))));
    scheduler.cost(2, vec![1]);
    assert_eq!((scheduler.start(ms(300), 9), scheduler.next_wake(ms(300))), (None, Some(ms(1010))));
}
