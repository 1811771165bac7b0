//! A made-up coordinator does what the machine says, and checks what must hold at every moment.

mod folder;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::chaos::Event;
use super::cluster::Cluster;
use super::disk::{Disk, items};
use super::worker::Node;
use super::world::{Rng, World};
use crate::schedule::fleet::{
    Action, Fleet, Halt, Indices, JobId, Outcome, Record, Seen, ShardId, Submission, Task, first_shards,
};

/// No world takes longer.
const HORIZON: u64 = 200 * 3_600_000;

/// What became of a world.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) outcome: Outcome,
    /// Which record each committed item is in.
    pub(super) committed: BTreeMap<u64, (ShardId, u32)>,
    /// Items that were booked as failed because they killed their workers.
    pub(super) condemned: BTreeSet<u64>,
    pub(super) executed: BTreeMap<u64, u32>,
    pub(super) ended: u64,
    pub(super) actions: u64,
}

pub(super) struct Simulation<'a> {
    world: &'a World,
    rng: Rng,
    now: u64,
    fleet: Fleet,
    disk: Disk,
    cluster: Cluster,
    /// Answers that are on their way: when they come, to which question.
    answers: Vec<(u64, u64, Option<Vec<Seen>>)>,
    imported: Vec<Record>,
    shards: BTreeMap<ShardId, BTreeSet<u64>>,
    /// Actions until the coordinator dies.
    dies_after: Option<u64>,
    /// How the user has stopped the step.
    stopped: Option<Halt>,
    trace: Trace,
}

fn time(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Runs a world until its step is over.
pub(super) fn simulate(world: &World) -> Trace {
    let cut = first_shards((&world.items, world.bytes), world.options.workers, None);
    let shards = (0..).zip(&cut).map(|(number, part)| (ShardId::first_cut(number), items(part))).collect();
    let trace = Trace {
        outcome: Outcome::Stopped,
        committed: BTreeMap::new(),
        condemned: BTreeSet::new(),
        executed: BTreeMap::new(),
        ended: 0,
        actions: 0,
    };
    let mut simulation = Simulation {
        world,
        rng: Rng::new(world.seed ^ 1),
        now: 0,
        fleet: Fleet::new(world.options.clone(), &cut),
        disk: Disk { lag: world.lag, ..Disk::default() },
        cluster: Cluster::default(),
        answers: Vec::new(),
        imported: Vec::new(),
        shards,
        dies_after: None,
        stopped: None,
        trace,
    };
    simulation.run(&cut);
    simulation.trace
}

impl Simulation<'_> {
    fn run(&mut self, cut: &[Indices]) {
        let mut events = self.world.events.clone();
        let mut stop = self.world.stop;
        for _ in 0..400_000 {
            for (_, event) in events.extract_if(.., |(at, _)| *at <= self.now) {
                match event {
                    Event::Restart { after } => self.dies_after = Some(after),
                    Event::DiskFull => self.disk.full = true,
                    event => self.cluster.suffer(self.now, event, &mut self.rng),
                }
            }
            if let Some((_, halt)) = stop.take_if(|(at, _)| *at <= self.now) {
                self.fleet.stop(time(self.now), halt);
                self.stopped = Some(halt);
            }
            self.work();
            self.receive();
            while let Some(action) = self.fleet.act(time(self.now)) {
                self.perform(action, cut);
            }
            if let Some(outcome) = self.fleet.outcome(time(self.now)) {
                (self.trace.outcome, self.trace.ended) = (outcome, self.now);
                return;
            }
            let wake = self.fleet.next_wake().map(|at| at.as_millis() as u64 + 1);
            let outside = events.first().map(|(at, _)| *at).into_iter().chain(stop.map(|(at, _)| at));
            let answers = self.answers.iter().map(|(at, ..)| *at);
            let next = answers.chain(wake).chain(self.cluster.next_behind(self.now)).chain(outside).min();
            self.now = next.expect("something will happen while the step has not ended").max(self.now + 1);
            assert!(self.now < HORIZON, "the step never ends: {:?}", self.fleet);
        }
        panic!("the step never ends: {:?}", self.fleet);
    }

    fn work(&mut self) {
        self.cluster.start(self.now, self.world);
        let alive = self.cluster.alive();
        let workers = u64::from(self.world.options.workers);
        assert!(alive <= workers, "{alive} of {workers} at {}: {:?}", self.now, self.fleet);
        let mut node = Node {
            world: self.world,
            disk: &mut self.disk,
            rng: &mut self.rng,
            executed: &mut self.trace.executed,
            condemned: &mut self.trace.condemned,
            shards: &mut self.shards,
        };
        self.cluster.work(self.now, &mut node);
    }

    /// Answers of the engine that have come.
    fn receive(&mut self) {
        let due: Vec<_> = self.answers.extract_if(.., |(at, ..)| *at <= self.now).collect();
        for (_, asked, answer) in due {
            match answer {
                Some(seen) => self.fleet.looked(time(self.now), time(asked), &seen),
                None => self.fleet.silent(time(self.now)),
            }
        }
    }

    fn perform(&mut self, action: Action, cut: &[Indices]) {
        self.trace.actions += 1;
        let dies = self.dies_after.is_some_and(|left| left == 0);
        self.dies_after = self.dies_after.map(|left| left.saturating_sub(1));
        // It dies before or after it has done this, and its machine is never told.
        if !(dies && self.rng.percent(50)) {
            self.carry_out(action, !dies);
        }
        if dies {
            self.dies_after = None;
            self.restart(cut);
        }
    }

    fn carry_out(&mut self, action: Action, tells: bool) {
        match action {
            Action::Split { parent, children } => self.split(&parent, children),
            Action::Submit { wave, tasks, throttle } => {
                assert_eq!(self.disk.waves.insert(wave, tasks.clone()), None, "wave {wave} is there already");
                let submission = self.submit(wave, throttle, tasks);
                if tells {
                    self.fleet.submitted(time(self.now), wave, submission);
                }
            }
            Action::Throttle { wave, throttle } if self.cluster.silent_until <= self.now => {
                self.cluster.throttle(wave, throttle);
                if tells {
                    self.fleet.throttled(wave, throttle);
                }
            }
            Action::Cancel { jobs } => {
                for job in jobs {
                    if self.cluster.silent_until <= self.now && !self.rng.percent(self.world.manners.loses) {
                        self.cluster.cancel(self.now, job);
                    }
                }
            }
            Action::Control { halt, yields } => self.disk.control = (halt, yields),
            Action::Look { waves } => self.ask(&waves),
            Action::List if tells => self.list(),
            Action::Inspect { shard } if tells => self.inspect(&shard),
            Action::List | Action::Inspect { .. } | Action::Throttle { .. } => {}
        }
    }

    fn split(&mut self, parent: &ShardId, children: Vec<Indices>) {
        for (number, child) in (0..).zip(&children) {
            let id = parent.child(number).expect("the machine checks that");
            let before = self.shards.insert(id.clone(), items(child));
            assert_eq!(before, None, "{id} would mean two things");
        }
        assert_eq!(self.disk.splits.insert(parent.clone(), children), None, "{parent} is split twice");
    }

    fn submit(&mut self, wave: u32, throttle: u32, tasks: Vec<Task>) -> Submission {
        let shards: Vec<&ShardId> = tasks.iter().map(|task| &task.shard).collect();
        assert!(shards.iter().all(|shard| self.shards.contains_key(*shard)), "{shards:?} are written down");
        let unsure = self.cluster.silent_until > self.now || self.rng.percent(self.world.manners.unsure);
        if unsure {
            if self.rng.percent(50) {
                let late = self.rng.below(self.world.manners.late + 1);
                let jobs = (0..tasks.len() as u32).map(|task| JobId { wave, task });
                // What comes so late may have been given up.
                self.cluster.given_up.extend(jobs.filter(|_| late > 4000));
                self.cluster.submit(self.now + late, wave, throttle, tasks);
            }
            return Submission::Unsure;
        }
        if self.cluster.load() + tasks.len() as u64 > self.world.room {
            return Submission::Full("QOSMaxSubmitJobPerUserLimit".into());
        }
        self.cluster.submit(self.now, wave, throttle, tasks);
        self.cluster.start(self.now, self.world);
        Submission::Accepted
    }

    fn ask(&mut self, waves: &[u32]) {
        let manners = &self.world.manners;
        let at = self.now + self.rng.below(manners.delay + 1);
        if self.cluster.silent_until > self.now || self.rng.percent(manners.silent) {
            self.answers.push((at + 5000, self.now, None));
            return;
        }
        let seen = self.cluster.answer(self.now, waves, self.world);
        if self.rng.percent(manners.repeats) {
            let later = at + self.rng.below(60_000);
            self.answers.push((later, self.now, Some(seen.clone())));
        }
        self.answers.push((at, self.now, Some(seen)));
    }
}
