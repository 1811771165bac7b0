//! These tests drive crews with processes that are made up, in virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::place::Job;
use super::{Crew, CrewOptions, End, Order};

const MS: Duration = Duration::from_millis(1);

fn options() -> CrewOptions {
    CrewOptions {
        processes: 1,
        lanes: 2,
        concurrency: 2,
        ready: Duration::from_secs(30),
        restart: 3,
        timeout: Some(Duration::from_secs(1)),
        item_deadline: None,
    }
}

fn crew(options: CrewOptions, jobs: u64) -> Crew {
    let mut crew = Crew::new(options);
    (1..=jobs).for_each(|number| crew.offer(Job { number, deadline: None }));
    crew.advance(Duration::ZERO);
    crew
}

fn orders(crew: &mut Crew) -> Vec<Order> {
    std::iter::from_fn(|| crew.next_order()).collect()
}

fn send(process: usize, job: u64, id: u64) -> Order {
    Order::Send { process, job, id }
}

fn ended(job: u64, how: End, ms: u32) -> Order {
    Order::Ended { job, how, duration: MS * ms }
}

#[test]
fn at_the_timeout_the_first_in_line_fails_and_the_others_run_again() {
    let mut crew = crew(options(), 3);
    assert_eq!(orders(&mut crew), [Order::Start(0), send(0, 1, 1), send(0, 2, 2)]);
    assert!(crew.ready(0, false, MS * 200));
    assert_eq!(crew.next_limit(), Some(MS * 1200));
    crew.advance(MS * 1200);
    assert_eq!(orders(&mut crew), [Order::Kill(0), ended(1, End::Timeout, 1000)]);
    crew.advance(MS * 1201);
    assert_eq!(orders(&mut crew), [], "no process is there before the old one is no more");
    crew.ended(0);
    crew.advance(MS * 1300);
    assert_eq!(orders(&mut crew), [Order::Start(0), send(0, 2, 3), send(0, 3, 4)]);
    // Answers out of order: the one before has begun, too.
    assert_eq!(crew.answered(0, 4, MS * 1400).and_then(|answered| answered.job), Some(3));
    assert_eq!(crew.next_limit(), Some(MS * 2400));
    assert_eq!(crew.answered(0, 4, MS * 1500), None);
}

#[test]
fn in_a_parallel_process_every_attempt_has_its_own_time() {
    let mut crew = crew(CrewOptions { lanes: 3, concurrency: 3, ..options() }, 2);
    assert!(crew.ready(0, true, MS * 100));
    crew.offer(Job { number: 3, deadline: None });
    crew.advance(MS * 600);
    orders(&mut crew);
    assert_eq!(crew.answered(0, 1, MS * 700).map(|answered| answered.duration), Some(MS * 600));
    crew.advance(MS * 1100);
    assert_eq!(orders(&mut crew), [Order::Kill(0), ended(2, End::Timeout, 1000)]);
    crew.ended(0);
    crew.advance(MS * 1101);
    assert_eq!(orders(&mut crew), [Order::Start(0), send(0, 3, 4)]);
}

#[test]
fn of_several_in_a_process_that_dies_each_runs_alone() {
    let mut crew = crew(CrewOptions { processes: 2, lanes: 2, concurrency: 4, ..options() }, 6);
    let sent = orders(&mut crew);
    assert_eq!(sent[..4], [Order::Start(0), send(0, 1, 1), Order::Start(1), send(1, 2, 2)]);
    crew.ready(0, false, MS);
    crew.ready(1, false, MS);
    crew.died(0, "it ended", MS * 2);
    crew.advance(MS * 3);
    assert_eq!(orders(&mut crew), [Order::Start(0), send(0, 1, 5)]);
    crew.died(0, "it ended again", MS * 4);
    crew.advance(MS * 5);
    let expect = [ended(1, End::Program("it ended again".to_owned()), 1), Order::Start(0), send(0, 3, 6)];
    assert_eq!(orders(&mut crew), expect);
    crew.answered(0, 6, MS * 6);
    crew.advance(MS * 6);
    assert_eq!(orders(&mut crew), [send(0, 5, 7), send(0, 6, 8)]);
}

#[test]
fn deaths_in_a_row_without_an_answer_stop_the_step() {
    let mut crew = crew(CrewOptions { lanes: 1, concurrency: 1, ..options() }, 9);
    let die = |crew: &mut Crew| {
        crew.advance(MS);
        crew.died(0, "gone", MS);
        orders(crew).contains(&Order::Stop("gone".to_owned()))
    };
    assert!(!die(&mut crew) && !die(&mut crew));
    crew.advance(MS);
    crew.answered(0, 3, MS);
    assert!(!die(&mut crew) && !die(&mut crew) && die(&mut crew));
}

#[test]
fn a_program_that_never_says_that_it_is_ready_is_known_by_its_first_start() {
    let mut crew = crew(CrewOptions { lanes: 1, concurrency: 1, ..options() }, 3);
    assert_eq!(crew.next_limit(), Some(Duration::from_secs(30)));
    crew.answered(0, 1, MS * 150);
    crew.advance(MS * 150);
    crew.advance(MS * 1150);
    orders(&mut crew);
    crew.ended(0);
    crew.advance(MS * 2000);
    assert_eq!(crew.next_limit(), Some(MS * 13_000));
    crew.advance(MS * 13_000);
    assert!(orders(&mut crew).contains(&ended(3, End::Timeout, 11_000)));
}

#[test]
fn a_deadline_that_passes_in_line_ends_the_item_and_not_the_process() {
    let mut crew = Crew::new(options());
    crew.offer(Job { number: 1, deadline: None });
    crew.offer(Job { number: 2, deadline: Some(MS * 500) });
    crew.advance(Duration::ZERO);
    crew.ready(0, false, Duration::ZERO);
    orders(&mut crew);
    crew.advance(MS * 500);
    assert_eq!(orders(&mut crew), [ended(2, End::Deadline, 500)]);
    assert_eq!(crew.answered(0, 1, MS * 600).and_then(|answered| answered.job), Some(1));
    assert_eq!(crew.answered(0, 2, MS * 700).map(|answered| answered.job), Some(None));
}

#[test]
fn nonsense_fails_all_that_is_in_flight() {
    let mut crew = crew(options(), 2);
    orders(&mut crew);
    crew.spoke_nonsense(0, "it is no JSON", MS);
    let no = || End::Program("it is no JSON".to_owned());
    assert_eq!(orders(&mut crew), [Order::Kill(0), ended(1, no(), 1), ended(2, no(), 1)]);
    crew.close();
    crew.ended(0);
    crew.advance(MS);
    assert!(crew.is_gone());
}

#[test]
fn a_stop_ends_what_it_is_told_to() {
    for interrupts in [false, true] {
        let mut crew = crew(options(), 3);
        orders(&mut crew);
        crew.stop(interrupts, MS * 5);
        let mut expect = vec![Order::Unbegun(3)];
        if interrupts {
            expect.extend([Order::Kill(0), ended(1, End::Cancelled, 5), ended(2, End::Cancelled, 5)]);
        }
        assert_eq!(orders(&mut crew), expect);
    }
}

#[test]
fn two_items_that_kill_their_process_do_not_stop_a_step_that_answers() {
    let mut crew = crew(CrewOptions { lanes: 4, concurrency: 4, ..options() }, 5);
    crew.answered(0, 1, MS);
    crew.advance(MS);
    orders(&mut crew);
    let alone = |crew: &mut Crew| {
        crew.died(0, "gone", MS * 2);
        crew.advance(MS * 2);
        orders(crew)
    };
    assert_eq!(alone(&mut crew), [Order::Start(0), send(0, 2, 6)]);
    let gone = || End::Program("gone".to_owned());
    assert_eq!(alone(&mut crew), [ended(2, gone(), 0), Order::Start(0), send(0, 3, 7)]);
    assert_eq!(alone(&mut crew), [ended(3, gone(), 0), Order::Start(0), send(0, 4, 8)]);
}

#[test]
fn a_program_that_never_answers_fails_what_is_in_it_when_the_step_stops() {
    let mut crew = crew(CrewOptions { lanes: 2, concurrency: 2, restart: 1, ..options() }, 4);
    orders(&mut crew);
    crew.died(0, "gone", MS);
    let gone = || End::Program("gone".to_owned());
    assert_eq!(orders(&mut crew), [ended(1, gone(), 1), ended(2, gone(), 1), Order::Stop("gone".to_owned())]);
}

#[test]
fn what_a_process_was_sent_that_left_well_is_sent_again() {
    let mut crew = crew(CrewOptions { lanes: 1, concurrency: 1, ..options() }, 3);
    crew.answered(0, 1, MS);
    crew.advance(MS);
    orders(&mut crew);
    assert!(crew.has_answered(0));
    crew.left(0);
    crew.advance(MS * 2);
    assert_eq!(orders(&mut crew), [Order::Start(0), send(0, 2, 3)]);
    assert!(!crew.has_answered(0));
}

/// What an item does to the process that works on it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Nature {
    Answers(u32),
    Hangs,
    Kills(u32),
}

/// A process that takes its items one after the other, or all at once.
#[derive(Debug, Default)]
struct Process {
    /// Numbers and natures, in the order in which they were sent.
    items: Vec<(u64, Nature)>,
    /// When each of them began.
    begun: BTreeMap<u64, Duration>,
}

impl Process {
    /// What it does next, and when: the place of the item.
    fn next(&mut self, parallel: bool, now: Duration) -> Option<(Duration, usize)> {
        let working = if parallel { self.items.len() } else { 1 };
        let items = self.items.iter().take(working).enumerate();
        let due = items.filter_map(|(at, (id, nature))| {
            let begun = *self.begun.entry(*id).or_insert(now);
            match nature {
                Nature::Answers(ms) | Nature::Kills(ms) => Some((begun + MS * *ms, at)),
                Nature::Hangs => None,
            }
        });
        due.min()
    }
}

/// Runs a whole step. Gives how each item ended, and how many processes there were.
fn play(options: &CrewOptions, natures: &[Nature], parallel: bool) -> BTreeMap<u64, Option<End>> {
    let mut crew = Crew::new(options.clone());
    let mut processes: Vec<Option<Process>> = (0..options.processes).map(|_| None).collect();
    let mut ends = BTreeMap::new();
    (1..=natures.len() as u64).for_each(|number| crew.offer(Job { number, deadline: None }));
    crew.close();
    let mut now = Duration::ZERO;
    for _ in 0..100_000 {
        crew.advance(now);
        let mut is_changed = false;
        while let Some(order) = crew.next_order() {
            is_changed |= matches!(order, Order::Kill(_) | Order::CloseInput(_));
            match order {
                Order::Start(process) => {
                    assert!(processes[process].replace(Process::default()).is_none());
                    crew.ready(process, parallel, now);
                }
                Order::Send { process, job, id } => {
                    let to = processes[process].as_mut().expect("it was started");
                    to.items.push((id, natures[job as usize - 1]));
                    assert!(to.items.len() <= options.lanes);
                }
                Order::Kill(process) => {
                    assert!(processes[process].take().is_some());
                    crew.ended(process);
                }
                Order::CloseInput(process) => {
                    processes[process] = None;
                    crew.died(process, "", now);
                }
                Order::Ended { job, how, .. } => assert!(ends.insert(job, Some(how)).is_none()),
                Order::Unbegun(job) => panic!("{job} was not stopped"),
                Order::Stop(_) => {}
            }
            let flying: usize = processes.iter().flatten().map(|process| process.items.len()).sum();
            assert!(flying <= options.concurrency, "{flying} in flight");
        }
        if crew.is_gone() && ends.len() == natures.len() {
            return ends;
        }
        if is_changed {
            // A process that is no more makes room.
            continue;
        }
        let all = processes.iter_mut().enumerate();
        let due =
            all.filter_map(|(place, process)| Some((process.as_mut()?.next(parallel, now)?, place))).min();
        let limit = crew.next_limit();
        match due.filter(|((at, _), _)| limit.is_none_or(|limit| *at < limit)) {
            None => now = limit.expect("something goes on").max(now),
            Some(((at, item), place)) => {
                now = at.max(now);
                let process = processes[place].as_mut().expect("it acts");
                let (id, nature) = process.items.remove(item);
                if matches!(nature, Nature::Kills(_)) {
                    processes[place] = None;
                    crew.died(place, "it died", now);
                } else {
                    let job =
                        crew.answered(place, id, now).expect("it is in flight").job.expect("it is not over");
                    assert!(ends.insert(job, None).is_none());
                }
            }
        }
    }
    panic!("the step does not end: {crew:?}");
}

fn nature() -> impl Strategy<Value = Nature> {
    prop_oneof![
        6 => (0..900_u32).prop_map(Nature::Answers),
        1 => Just(Nature::Hangs),
        1 => (0..900_u32).prop_map(Nature::Kills),
    ]
}

proptest! {
    #[test]
    fn for_all_worlds_each_item_comes_to_what_it_would_come_to_alone(
        natures in prop::collection::vec(nature(), 0..40),
        processes in 1..4_usize,
        lanes in 1..5_usize,
        less in 0..3_usize,
        parallel in any::<bool>(),
    ) {
        let concurrency = (processes * lanes).saturating_sub(less).max(1);
        let options = CrewOptions { processes, lanes, concurrency, ..options() };
        let ends = play(&options, &natures, parallel);
        let numbers: BTreeSet<u64> = ends.keys().copied().collect();
        prop_assert_eq!(numbers, (1..=natures.len() as u64).collect());
        for (job, end) in ends {
            let expect = match natures[job as usize - 1] {
                Nature::Answers(_) => None,
                Nature::Hangs => Some(End::Timeout),
                Nature::Kills(_) => Some(End::Program("it died".to_owned())),
            };
            prop_assert_eq!(end, expect, "item {}", job);
        }
    }
}
