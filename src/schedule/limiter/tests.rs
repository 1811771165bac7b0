//! These tests run several steps under one limit, in a time that is made up.

use proptest::prelude::*;

use super::*;

/// A step of the made-up world, in milliseconds.
#[derive(Debug, Clone)]
struct Step {
    begun: u64,
    starts: u64,
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
    limit: Limit,
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
fn simulate(rate: Rate, steps: &[Step], seed: u64) -> Option<Vec<Vec<u64>>> {
    let limiter = RateLimiter::new(rate);
    let mut running: Vec<Running> = steps
        .iter()
        .map(|step| Running {
            limit: limiter.join(ms(step.begun)),
            next: 0,
            granted: 0,
            coming: Vec::new(),
            reports: Vec::new(),
        })
        .collect();
    let mut starts = vec![Vec::new(); steps.len()];
    for now in 0..60_000 {
        for turn in 0..steps.len() {
            let at = (turn + (now ^ seed) as usize) % steps.len();
            let (step, run) = (&steps[at], &mut running[at]);
            if now < step.begun {
                continue;
            }
            let own = now - step.begun;
            run.coming.retain(|(due, index)| {
                if *due == now {
                    starts[at].push(now);
                    run.reports.push((now + step.report, *index, own));
                }
                *due != now
            });
            let limit = &mut run.limit;
            run.reports.retain(|(due, index, began)| {
                if *due <= now {
                    limit.started(*index, ms(*began));
                }
                *due > now
            });
            if !now.is_multiple_of(step.asks) {
                continue;
            }
            while run.next < step.starts && run.limit.reserve(ms(own)) {
                run.granted += 1;
                run.limit.allow(run.granted);
                if step.gives_back > 0 && run.granted.is_multiple_of(step.gives_back) {
                    run.limit.take_back(run.granted);
                    break;
                }
                run.next += 1;
                if step.latency == 0 {
                    starts[at].push(now);
                    run.reports.push((now + step.report, run.granted, own));
                } else {
                    run.coming.push((now + step.latency, run.granted));
                }
            }
        }
        if starts.iter().zip(steps).all(|(starts, step)| starts.len() as u64 == step.starts) {
            return Some(starts);
        }
    }
    None
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0u64..50, 1u64..40, 0u64..30, 0u64..20, 0u64..4, 1u64..9).prop_map(
        |(begun, starts, latency, report, gives_back, asks)| {
            // Giving back each of them would be no end.
            let gives_back = if gives_back == 1 { 0 } else { gives_back };
            Step { begun, starts, latency, report, gives_back, asks }
        },
    );
    proptest::collection::vec(step, 1..5)
}

proptest! {
    #[test]
    fn no_window_holds_more_starts_of_all_steps_than_the_rate(
        steps in steps(),
        count in 1u32..8,
        period in 1u64..200,
        seed: u64,
    ) {
        let rate = Rate { count, period: ms(period) };
        let starts = simulate(rate, &steps, seed);
        prop_assert!(starts.is_some(), "a step waits for ever");
        let mut all: Vec<u64> = starts.into_iter().flatten().flatten().collect();
        all.sort_unstable();
        for some in all.windows(count as usize + 1) {
            prop_assert!(some[some.len() - 1] - some[0] >= period, "{some:?} in {period}");
        }
    }
}

#[test]
fn steps_that_want_all_of_it_take_turns() {
    let step = Step { begun: 0, starts: 50, latency: 0, report: 0, gives_back: 0, asks: 1 };
    // The clock that decides who asks first favours neither.
    let starts = simulate(Rate { count: 5, period: ms(100) }, &[step.clone(), step], 0).expect("an end");
    let ends: Vec<u64> = starts.iter().filter_map(|starts| starts.last().copied()).collect();
    assert!(ends.iter().all(|end| (1750..=1950).contains(end)), "{ends:?}");
    let early = |starts: &Vec<u64>| starts.iter().filter(|at| **at < 1000).count();
    // The first burst is its whose step asks first; from then on they take turns.
    assert!(starts.iter().all(|starts| (20..=28).contains(&early(starts))), "{starts:?}");
}

#[test]
fn a_step_that_is_gone_holds_nothing_up() {
    let limiter = RateLimiter::new(Rate { count: 1, period: ms(100) });
    let mut gone = limiter.join(ms(0));
    let mut other = limiter.join(ms(10));
    assert!(gone.reserve(ms(5)));
    gone.allow(1);
    assert!(!other.reserve(ms(0)));
    assert_eq!(other.opens_at(ms(0)), Some(ms(2)), "nobody knows, so it asks again");
    drop(gone);
    assert_eq!(other.opens_at(ms(1)), Some(ms(100)), "it counts as made at the last moment that is known");
    assert!(!other.reserve(ms(99)) && other.reserve(ms(100)));
}
