//! A big step says what the machine costs: actions, time and memory. `cargo test` runs one of 300 workers and 3 million items;
//! `FLOWRUN_FLEET_SCALE=1` one of 10,000 workers and 100 million items.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::world::Rng;
use crate::event::Tally;
use crate::schedule::fleet::{
    Action, Beat, Exit, Fleet, FleetOptions, Indices, JobId, JobState, Outcome, Record, Seen, ShardId,
    Submission, WAVE_EVERY, Why, first_shards,
};

/// Workers and items, as ever and where that is asked for.
const SIZES: [(u32, u64); 2] = [(300, 3_000_000), (10_000, 100_000_000)];
/// Between two records of a chain, in seconds.
const COMMIT: u64 = 120;

/// A worker: its shard, what is left of it, and its speed in items a second.
struct Runner {
    shard: ShardId,
    left: Indices,
    speed: u64,
    began: u64,
    wave: u32,
    task: u32,
    is_over: bool,
}

#[derive(Default)]
struct Scale {
    workers: u32,
    runners: Vec<Runner>,
    /// When each runner makes its next record.
    due: BinaryHeap<Reverse<(u64, usize)>>,
    queue: Vec<(u32, u32, ShardId, Indices)>,
    shards: std::collections::HashMap<ShardId, Indices>,
    yields: Vec<ShardId>,
    actions: u64,
    records: u64,
    spent: Duration,
}

/// Memory of this process, in KiB.
fn memory(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

impl Scale {
    fn timed<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = call();
        self.spent += start.elapsed();
        result
    }

    fn start(&mut self, now: u64, rng: &mut Rng) {
        let running = self.runners.iter().filter(|runner| !runner.is_over).count();
        for _ in running..self.workers as usize {
            let Some((wave, task, shard, left)) = self.queue.pop() else { return };
            // Nodes are not equally fast, and a few are much slower.
            let speed = if rng.percent(1) { 2 } else { rng.range(8, 16) };
            let at = self.runners.len();
            self.runners.push(Runner { shard, left, speed, began: now, wave, task, is_over: false });
            self.due.push(Reverse((now + rng.range(COMMIT / 2, COMMIT), at)));
        }
    }

    /// The record of a worker whose time to commit has come, or that yields.
    fn record(&mut self, now: u64, at: usize) -> Record {
        let runner = &mut self.runners[at];
        let able = (now - runner.began).max(1) * runner.speed;
        let done = able.min(runner.left.count());
        let first = runner.left.iter().next().expect("something is left").first;
        let done = Indices::run(first, done);
        let rest = runner.left.without(&done);
        let yields = self.yields.iter().any(|shard| shard.stem() == runner.shard.stem());
        let why = match (rest.is_empty(), yields) {
            (true, _) => Why::End,
            (false, true) => Why::Yield,
            (false, false) => Why::Commit,
        };
        let goes_on = why == Why::Commit;
        let shard = runner.shard.to_string().into();
        if goes_on {
            (runner.shard, runner.left) = (runner.shard.next().expect("short"), rest.clone());
            runner.began = now;
            let needs = rest.count().div_ceil(runner.speed);
            self.due.push(Reverse((now + needs.clamp(1, COMMIT), at)));
        } else {
            runner.is_over = true;
        }
        self.records += 1;
        let tally = Tally { succeeded: done.count(), ..Tally::default() };
        Record { shard, attempt: 1, done, rest, goes_on, why, tally }
    }

    fn ask_for_rests(&mut self, now: u64, yields: Vec<ShardId>) {
        for (at, runner) in self.runners.iter().enumerate().filter(|(_, runner)| !runner.is_over) {
            if yields.iter().any(|shard| shard.stem() == runner.shard.stem()) {
                self.due.push(Reverse((now + 1, at)));
            }
        }
        self.yields = yields;
    }

    fn look(&mut self, time: Duration, fleet: &mut Fleet) {
        let running = self.runners.iter().map(|runner| {
            let state = if runner.is_over { JobState::Ended(Exit::Code(0)) } else { JobState::Running };
            Seen { job: JobId { wave: runner.wave, task: runner.task }, state }
        });
        let queued = self.queue.iter().map(|(wave, task, ..)| Seen {
            job: JobId { wave: *wave, task: *task },
            state: JobState::Queued(None),
        });
        let seen: Vec<Seen> = running.chain(queued).collect();
        self.timed(|| fleet.looked(time, time, &seen));
    }

    fn list(&mut self, now: u64, fleet: &mut Fleet) {
        let time = Duration::from_secs(now);
        let running = self.runners.iter().filter(|runner| !runner.is_over);
        let beats: Vec<(ShardId, Beat)> = running
            .map(|runner| {
                let done = ((now - runner.began) * runner.speed).min(runner.left.count());
                let tally = Tally { succeeded: done, ..Tally::default() };
                (runner.shard.clone(), Beat { attempt: 1, job: None, stamp: now, tally, node: None })
            })
            .collect();
        self.timed(|| {
            for (shard, beat) in &beats {
                fleet.beat(time, shard, beat);
            }
            fleet.listed(time, time);
        });
    }

    fn perform(&mut self, now: u64, fleet: &mut Fleet, action: Action) {
        self.actions += 1;
        let time = Duration::from_secs(now);
        match action {
            Action::Submit { wave, tasks, .. } => {
                for (task, of) in (0..).zip(tasks) {
                    let items = self.shards.remove(&of.shard).expect("it was cut");
                    self.queue.push((wave, task, of.shard, items));
                }
                self.timed(|| fleet.submitted(time, wave, Submission::Accepted));
            }
            Action::Split { parent, children } => {
                let children =
                    (0..).zip(children).map(|(number, items)| (parent.child(number).expect("short"), items));
                self.shards.extend(children);
            }
            Action::Control { yields, .. } => self.ask_for_rests(now, yields),
            Action::Look { .. } => self.look(time, fleet),
            Action::List => self.list(now, fleet),
            Action::Throttle { .. } | Action::Cancel { .. } | Action::Inspect { .. } => {}
        }
    }
}

#[test]
fn thousands_of_workers_and_millions_of_items_are_no_load() {
    let (workers, items) = SIZES[usize::from(std::env::var_os("FLOWRUN_FLEET_SCALE").is_some())];
    let grace = Duration::from_secs(30);
    let options = FleetOptions {
        workers,
        attempts: 3,
        wave_max: 1000,
        queue_max: 100_000,
        grace,
        wave_every: WAVE_EVERY,
    };
    let before = memory("VmRSS");
    let cut = first_shards((&Indices::run(1, items), items * 300), workers, None);
    let mut fleet = Fleet::new(options, &cut);
    let shards = (0..).zip(cut).map(|(number, items)| (ShardId::first_cut(number), items)).collect();
    let mut scale = Scale { workers, shards, ..Scale::default() };
    let (mut now, mut rng) = (0, Rng::new(1));
    let outcome = loop {
        let time = Duration::from_secs(now);
        while let Some(Reverse((_, at))) = scale.due.peek().copied().filter(|due| due.0.0 <= now) {
            scale.due.pop();
            if scale.runners[at].is_over {
                continue;
            }
            let record = scale.record(now, at);
            scale.timed(|| fleet.record(time, &record.shard, &record)).expect("workers follow the protocol");
        }
        while let Some(action) = scale.timed(|| fleet.act(time)) {
            scale.perform(now, &mut fleet, action);
        }
        scale.start(now, &mut rng);
        if let Some(outcome) = fleet.outcome(time) {
            break outcome;
        }
        now += 1;
    };
    assert_eq!((outcome, fleet.tally().succeeded), (Outcome::Complete, items));
    let all = memory("VmHWM").saturating_sub(before);
    let Scale { actions, records, spent, .. } = scale;
    drop(scale.runners);
    println!(
        "{workers} workers, {items} items, {now} s of work: {actions} actions, {records} records, {spent:?} in the machine; {all} KiB with the simulation"
    );
    assert!(spent < Duration::from_secs(now / 10), "a tenth of a core at the very most");
}
