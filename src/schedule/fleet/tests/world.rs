//! A made-up world: the items of a step, the cluster that it is sent to, and what goes wrong. All of it follows from a seed.

use std::time::Duration;

use super::chaos::{Chaos, Event};
use crate::schedule::fleet::{FleetOptions, Halt, Indices, WAVE_EVERY};
use crate::value::splitmix;

/// Numbers that look like chance.
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(splitmix::mix(seed))
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(splitmix::STEP);
        splitmix::mix(self.0) % bound.max(1)
    }

    pub(super) fn range(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What the engine does to questions and orders, in hundredths.
#[derive(Debug, Clone, Default)]
pub(super) struct Manners {
    /// Questions that are not answered.
    pub(super) silent: u64,
    /// Answers that are told once more, later.
    pub(super) repeats: u64,
    /// The longest way of an answer.
    pub(super) delay: u64,
    /// Orders to end a job that are lost.
    pub(super) loses: u64,
    /// Submissions that are not answered; half of these arrive.
    pub(super) unsure: u64,
    /// Of those that arrive, the longest time until they do.
    pub(super) late: u64,
    /// Whether ended jobs are left out of answers, instead of being told with their status.
    pub(super) forgets: bool,
}

/// A world.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) options: FleetOptions,
    pub(super) items: Indices,
    pub(super) bytes: u64,
    /// Jobs that the cluster runs at once; it queues as many as `room`.
    pub(super) nodes: u64,
    pub(super) room: u64,
    /// The longest time of an item, and of a start, in milliseconds.
    pub(super) slow: u64,
    pub(super) start: u64,
    /// Items in one slot, between commits, and the time of a job, in milliseconds.
    pub(super) chunk: u64,
    pub(super) commit: u64,
    pub(super) walltime: u64,
    /// How late a new name shows, at most.
    pub(super) lag: u64,
    pub(super) poison: Vec<u64>,
    pub(super) manners: Manners,
    pub(super) events: Vec<(u64, Event)>,
    pub(super) stop: Option<(u64, Halt)>,
    /// Whether every worker, engine and name does what it should, however slowly.
    pub(super) healthy: bool,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let chaos = Chaos::draw(&mut rng);
        let most = if rng.percent(20) { 300 } else { 80 };
        let count = rng.range(1, most);
        let items = draw_items(&mut rng, count);
        let options = draw_options(&mut rng);
        let workers = options.workers;
        let long = rng.percent(30);
        let slow = if long { rng.range(2000, 20_000) } else { rng.range(20, 2000) };
        let poisons = if chaos.poison > 0 { rng.range(1, 4) } else { 0 };
        let all: Vec<u64> = items.iter().flat_map(|run| run.first..run.end()).collect();
        let poison = (0..poisons).map(|_| all[rng.below(all.len() as u64) as usize]).collect();
        Self {
            seed,
            bytes: if rng.percent(20) { 1 << 32 } else { 0 },
            items,
            nodes: if rng.percent(30) { rng.range(1, 4) } else { u64::from(workers) },
            room: if rng.percent(20) { rng.range(2, 10) } else { 10_000 },
            slow,
            start: rng.range(0, 3000),
            chunk: rng.range(1, 5),
            commit: if rng.percent(50) { rng.range(5000, 30_000) } else { 120_000 },
            walltime: if rng.percent(30) { rng.range(60_000, 200_000) } else { 3_600_000 },
            lag: if rng.percent(40) { rng.range(1, 90_000) } else { 0 },
            poison,
            manners: chaos.manners(&mut rng),
            events: chaos.events(&mut rng, slow * count / u64::from(workers) + 10_000),
            stop: chaos.stop.then(|| {
                let halt = if rng.percent(50) { Halt::Drain } else { Halt::Interrupt };
                (rng.range(0, 100_000), halt)
            }),
            healthy: chaos.is_healthy(),
            options,
        }
    }

    fn number(&self, what: u64, item: u64) -> u64 {
        splitmix::mix(self.seed ^ what.wrapping_mul(splitmix::STEP) ^ splitmix::mix(item))
    }

    /// How long an item takes.
    pub(super) fn duration(&self, item: u64) -> u64 {
        1 + self.number(1, item) % self.slow
    }

    pub(super) fn is_poison(&self, item: u64) -> bool {
        self.poison.contains(&item)
    }
}

fn draw_options(rng: &mut Rng) -> FleetOptions {
    FleetOptions {
        workers: rng.range(1, 8) as u32,
        wave_every: WAVE_EVERY,
        attempts: 3,
        wave_max: if rng.percent(30) { rng.range(1, 6) as u32 } else { 1000 },
        queue_max: if rng.percent(20) { rng.range(2, 12) as u32 } else { 10_000 },
        grace: Duration::from_secs(10),
    }
}

/// Items of a step, in some worlds those that an earlier run has left.
fn draw_items(rng: &mut Rng, count: u64) -> Indices {
    if rng.percent(70) {
        return Indices::run(1, count);
    }
    let mut next = 1;
    let runs = (0..count.div_ceil(3)).map(|_| {
        let first = next + rng.below(3);
        let count = rng.range(1, 5);
        next = first + count;
        (first, count)
    });
    Indices::new(runs.collect::<Vec<_>>()).expect("they are in order")
}
