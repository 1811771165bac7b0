//! This module decides what goes wrong in a world, and when.

use super::world::{Manners, Rng};

/// Something that happens to a cluster at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// A worker is killed.
    Kill,
    /// A node is lost with its worker.
    LoseNode,
    /// The engine gives a node up whose worker goes on.
    Partition,
    /// A job is told to end, and is started again by the engine, or not.
    Preempt { requeue: bool },
    /// A worker stands still for so many milliseconds.
    Freeze(u64),
    /// From now on nothing can be written.
    DiskFull,
    /// The engine answers nothing for so many milliseconds.
    Outage(u64),
    /// The coordinator dies, after so many more actions, and is started again.
    Restart { after: u64 },
    /// The engine says that a running job has ended.
    Lie,
    /// The engine forgets a wave, and kills its workers.
    Forget,
    /// The next job that starts fails to, and is held.
    Hold,
}

/// Which kinds of things go wrong.
#[derive(Debug, Clone, Default)]
pub(super) struct Chaos {
    /// Whether items kill, as a number.
    pub(super) poison: u64,
    pub(super) stop: bool,
    pub(super) rude: bool,
    kinds: Vec<Event>,
    /// Rudeness that loses or invents nothing.
    slow: bool,
    /// Whether submissions arrive late, as a number.
    late: u64,
}

impl Chaos {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let mut chaos = Self { slow: rng.percent(50), ..Self::default() };
        // A quarter of the worlds is healthy, a quarter has one kind of trouble, the others have all kinds at random.
        let percent = match rng.below(4) {
            0 => 0,
            1 => 8,
            2 => 20,
            _ => 50,
        };
        let gentle = [
            Event::Preempt { requeue: true },
            Event::Preempt { requeue: false },
            Event::Outage(rng.range(1000, 400_000)),
            Event::Restart { after: rng.below(8) },
        ];
        let rough = [
            Event::Kill,
            Event::LoseNode,
            Event::Partition,
            Event::Freeze(rng.range(1000, 900_000)),
            Event::Lie,
            Event::Forget,
            Event::Hold,
        ];
        chaos.kinds.extend(gentle.into_iter().filter(|_| rng.percent(30)));
        chaos.kinds.extend(rough.into_iter().filter(|_| rng.percent(percent)));
        if rng.percent(percent / 8) {
            chaos.kinds.push(Event::DiskFull);
        }
        chaos.poison = u64::from(rng.percent(percent / 2));
        chaos.stop = rng.percent(percent / 4);
        chaos.rude = rng.percent(percent);
        chaos.late = u64::from(rng.percent(percent / 2));
        chaos
    }

    /// Whether nothing dies, lies or is lost.
    pub(super) fn is_healthy(&self) -> bool {
        let gentle =
            |event: &Event| matches!(event, Event::Preempt { .. } | Event::Outage(_) | Event::Restart { .. });
        self.poison + self.late == 0 && !self.stop && !self.rude && self.kinds.iter().all(gentle)
    }

    pub(super) fn manners(&self, rng: &mut Rng) -> Manners {
        let slow = u64::from(self.slow || self.rude);
        Manners {
            silent: slow * rng.below(30),
            repeats: slow * rng.below(30),
            delay: slow * rng.below(8000),
            loses: u64::from(self.rude) * rng.below(40),
            unsure: slow * rng.below(40),
            late: if self.late > 0 { rng.below(60_000) } else { 0 },
            forgets: self.rude && rng.percent(50),
        }
    }

    /// When what happens, in a step that takes about so long.
    pub(super) fn events(&self, rng: &mut Rng, span: u64) -> Vec<(u64, Event)> {
        let mut events = Vec::new();
        for event in &self.kinds {
            // Two are fewer than make a shard fail for good.
            let times = if rng.percent(50) { 1 } else { 2 };
            events.extend((0..times).map(|_| (rng.below(span.max(1)), *event)));
        }
        events.sort_by_key(|(at, _)| *at);
        events
    }
}
