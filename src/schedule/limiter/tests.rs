//! These tests run several steps under several limits, in a time that is made up.

use proptest::prelude::*;

use super::*;

/// A step of the made-up world, in milliseconds.
#[derive(Debug, Clone)]
struct Step {
    begun: u64,
    starts: u64,
    /// Its limits, each once, and what a start takes of each.
    takes: Vec<(usize, u64)>,
    /// From the grant to the start, and from the start to the word of it.
    latency: u64,
    report: u64,
    /// Every so many grants are given back instead of used; 0: none.
    gives_back: u64,
    /// It asks only at multiples of this.
    asks: u64,
}

/// What a step has under way.
struct Running {
    share: Share,
    next: u64,
    granted: u64,
    /// Starts to come, and reports to come: when, and of which item.
    coming: Vec<(u64, u64)>,
    reports: Vec<(u64, u64, u64)>,
}

fn ms(value: u64) -> Duration {
    Duration::from_millis(value)
}

/// The true starts of each step, in milliseconds; `None` when some never came.
fn simulate(rates: &[Rate], steps: &[Step], seed: u64) -> Option<Vec<Vec<u64>>> {
    let limits = RateLimits::default();
    let ids: Vec<LimitId> = rates.iter().map(|rate| limits.add(*rate)).collect();
    let mut running: Vec<Running> = steps
        .iter()
        .map(|step| {
            let own: Vec<LimitId> = step.takes.iter().map(|(limit, _)| ids[*limit]).collect();
            let share = Share::new(&limits, &own, ms(step.begun));
            Running { share, next: 0, granted: 0, coming: Vec::new(), reports: Vec::new() }
        })
        .collect();
    let mut starts = vec![Vec::new(); steps.len()];
    for now in 0..60_000 {
        for turn in 0..steps.len() {
            let at = (turn + (now ^ seed) as usize) % steps.len();
            if now >= steps[at].begun {
                running[at].act(&steps[at], now, &mut starts[at]);
            }
        }
        if starts.iter().zip(steps).all(|(starts, step)| starts.len() as u64 == step.starts) {
            return Some(starts);
        }
    }
    None
}

impl Running {
    /// What the step does at this moment.
    fn act(&mut self, step: &Step, now: u64, starts: &mut Vec<u64>) {
        let own = now - step.begun;
        let reports = &mut self.reports;
        self.coming.retain(|(due, index)| {
            if *due == now {
                starts.push(now);
                reports.push((now + step.report, *index, own));
            }
            *due != now
        });
        let share = &mut self.share;
        reports.retain(|(due, index, began)| {
            if *due <= now {
                share.started(*index, ms(*began));
            }
            *due > now
        });
        if !now.is_multiple_of(step.asks) {
            return;
        }
        let costs: Vec<u64> = step.takes.iter().map(|(_, cost)| *cost).collect();
        while self.next < step.starts && self.share.take(ms(own), self.granted + 1, &costs) {
            self.granted += 1;
            if step.gives_back > 0 && self.granted.is_multiple_of(step.gives_back) {
                self.share.take_back(self.granted);
                break;
            }
            self.next += 1;
            if step.latency == 0 {
                starts.push(now);
                self.reports.push((now + step.report, self.granted, own));
            } else {
                self.coming.push((now + step.latency, self.granted));
            }
        }
    }
}

fn rate(count: u32, period: u64) -> Rate {
    Rate { count, period: ms(period) }
}

/// Up to three limits, and steps that are under some of them each.
fn worlds() -> impl Strategy<Value = (Vec<Rate>, Vec<Step>)> {
    let rates = proptest::collection::vec((1u32..8, 1u64..200), 1..4);
    let times = (0u64..50, 1u64..40, 0u64..30, 0u64..20, 0u64..4, 1u64..9);
    let steps = proptest::collection::vec((times, [0u64..9, 0..9, 0..9]), 1..5);
    (rates, steps).prop_map(|(rates, steps)| {
        let rates: Vec<Rate> = rates.into_iter().map(|(count, period)| rate(count, period)).collect();
        let step = |((begun, starts, latency, report, gives_back, asks), costs): (_, [u64; 3])| {
            // Giving back each of them would be no end.
            let gives_back = if gives_back == 1 { 0 } else { gives_back };
            let takes = rates.iter().zip(costs).enumerate();
            let takes = takes.filter(|(_, (_, cost))| *cost > 0);
            let takes = takes.map(|(at, (rate, cost))| (at, cost.min(u64::from(rate.count)))).collect();
            Step { begun, starts, takes, latency, report, gives_back, asks }
        };
        let steps = steps.into_iter().map(step).collect();
        (rates, steps)
    })
}

proptest! {
    #[test]
    fn no_window_holds_more_of_all_steps_than_its_rate((rates, steps) in worlds(), seed: u64) {
        let starts = simulate(&rates, &steps, seed);
        prop_assert!(starts.is_some(), "a step waits for ever");
        for (limit, rate) in rates.iter().enumerate() {
            let cost = |step: &Step| step.takes.iter().find(|(own, _)| *own == limit).map_or(0, |(_, cost)| *cost);
            let each = starts.iter().flatten().zip(&steps);
            let all: Vec<(u64, u64)> =
                each.flat_map(|(starts, step)| starts.iter().map(|at| (*at, cost(step)))).collect();
            let period = rate.period.as_millis() as u64;
            for (first, _) in &all {
                let within = all.iter().filter(|(at, _)| (*first..first + period).contains(at));
                let taken: u64 = within.map(|(_, cost)| cost).sum();
                prop_assert!(taken <= u64::from(rate.count), "{taken} of limit {limit} from {first} on");
            }
        }
    }
}

fn step(starts: u64, takes: &[(usize, u64)]) -> Step {
    Step { begun: 0, starts, takes: takes.to_vec(), latency: 0, report: 0, gives_back: 0, asks: 1 }
}

#[test]
fn steps_that_want_all_of_it_take_turns() {
    let step = step(50, &[(0, 1)]);
    // The clock that decides who asks first favours neither.
    let starts = simulate(&[rate(5, 100)], &[step.clone(), step], 0).expect("an end");
    let ends: Vec<u64> = starts.iter().filter_map(|starts| starts.last().copied()).collect();
    assert!(ends.iter().all(|end| (1750..=1950).contains(end)), "{ends:?}");
    let early = |starts: &Vec<u64>| starts.iter().filter(|at| **at < 1000).count();
    // The first burst is its whose step asks first; from then on they take turns.
    assert!(starts.iter().all(|starts| (20..=28).contains(&early(starts))), "{starts:?}");
}

#[test]
fn a_start_that_wants_much_is_not_passed_by_small_ones_for_ever() {
    let starts =
        simulate(&[rate(100, 100)], &[step(2000, &[(0, 1)]), step(5, &[(0, 90)])], 0).expect("an end");
    assert!(starts[1].iter().all(|at| *at <= 1200), "{:?}", starts[1]);
    // Nor do small ones wait while it waits for something else.
    let starts =
        simulate(&[rate(100, 100), rate(1, 5000)], &[step(1000, &[(0, 1)]), step(3, &[(0, 90), (1, 1)])], 0);
    let starts = starts.expect("an end");
    assert!(starts[0].last().is_some_and(|last| *last <= 1100), "{:?}", starts[0].last());
    assert_eq!(starts[1].len(), 3);
}

#[test]
fn steps_that_want_two_limits_in_different_orders_get_on() {
    let (one, two) = (step(20, &[(0, 1), (1, 1)]), step(20, &[(1, 1), (0, 1)]));
    let starts = simulate(&[rate(1, 50), rate(1, 70)], &[one, two], 3).expect("an end");
    let last = starts.iter().flatten().max().copied();
    assert!(last.is_some_and(|last| last <= 39 * 70), "the tighter one is used: {last:?}");
}

#[test]
fn a_step_that_is_gone_holds_nothing_up() {
    let limits = RateLimits::default();
    let limit = [limits.add(rate(1, 100))];
    let (mut gone, mut other) = (Share::new(&limits, &limit, ms(0)), Share::new(&limits, &limit, ms(10)));
    assert!(gone.take(ms(5), 1, &[1]));
    assert!(!other.take(ms(0), 1, &[1]));
    assert_eq!(other.asks_again(ms(0), &[1]), Some(ms(2)), "nobody knows, so it asks again");
    drop(gone);
    assert_eq!(
        other.asks_again(ms(1), &[1]),
        Some(ms(100)),
        "it counts as made at the last moment that is known"
    );
    assert!(!other.take(ms(99), 1, &[1]) && other.take(ms(100), 1, &[1]));
}

#[test]
fn guests_and_steps_share_a_limit() {
    let limits = RateLimits::default();
    let limit = limits.add(rate(2, 100));
    let (mut share, guest) = (Share::new(&limits, &[limit], ms(0)), limits.guest(limit));
    assert!(share.take(ms(0), 1, &[1]));
    share.started(1, ms(0));
    assert_eq!(guest.take(ms(10)), Ok(()));
    assert_eq!(guest.take(ms(10)), Err(ms(100)));
    assert!(share.take(ms(100), 2, &[1]), "it has waited for longer");
    share.started(2, ms(100));
    assert_eq!(guest.take(ms(105)), Err(ms(110)));
    assert_eq!(guest.take(ms(110)), Ok(()));
}
