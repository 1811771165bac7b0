//! A stage on which one machine is told things, second by second. What it asks for is written down as text.

use std::time::Duration;

use crate::event::Tally;
use crate::schedule::fleet::{
    Action, Beat, Fleet, FleetOptions, Heard, Indices, Inspection, JobId, JobState, Record, Seen, ShardId,
    Slot, Submission, Task, WAVE_EVERY, Why, first_shards,
};

/// A machine and the time, in seconds.
pub(super) struct Stage {
    pub(super) fleet: Fleet,
    pub(super) now: u64,
    stamp: u64,
}

pub(super) fn id(text: &str) -> ShardId {
    ShardId::parse(text).expect("it is an id")
}

pub(super) fn job(wave: u32, task: u32) -> JobId {
    JobId { wave, task }
}

pub(super) fn options(workers: u32) -> FleetOptions {
    let grace = Duration::from_secs(10);
    FleetOptions { workers, attempts: 3, wave_max: 100, queue_max: 100, grace, wave_every: WAVE_EVERY }
}

impl Stage {
    /// A step of ten items for each shard, two shards for each worker.
    pub(super) fn new(options: &FleetOptions) -> Self {
        let items = Indices::run(1, u64::from(options.workers) * 20);
        let fleet = Fleet::new(options.clone(), &first_shards((&items, 0), options.workers, None));
        Self { fleet, now: 0, stamp: 0 }
    }

    /// A step of one shard of ten items, which is running.
    pub(super) fn single() -> Self {
        let fleet = Fleet::new(options(1), &[Indices::run(1, 10)]);
        let mut stage = Self { fleet, now: 0, stamp: 0 };
        stage.acts();
        stage.fleet.submitted(stage.time(), 0, Submission::Accepted);
        stage.now = 2;
        stage.look(&[(job(0, 0), JobState::Running)]);
        stage
    }

    /// The same with all shards submitted and running, as far as there are workers.
    pub(super) fn running(options: &FleetOptions) -> Self {
        let (workers, mut stage) = (options.workers, Self::new(options));
        stage.acts();
        stage.fleet.submitted(stage.time(), 0, Submission::Accepted);
        let jobs: Vec<_> = (0..2 * workers)
            .map(|task| {
                (job(0, task), if task < workers { JobState::Running } else { JobState::Queued(None) })
            })
            .collect();
        stage.now = 2;
        stage.look(&jobs);
        stage
    }

    pub(super) fn time(&self) -> Duration {
        Duration::from_secs(self.now)
    }

    /// What the machine asks for now, but for listings, which are answered at once, as texts.
    pub(super) fn acts(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(action) = self.fleet.act(self.time()) {
            match action {
                Action::List => self.fleet.listed(self.time(), self.time()),
                action => texts.push(text(&action)),
            }
        }
        texts
    }

    /// The engine says this, and the machine asks for that.
    pub(super) fn look(&mut self, jobs: &[(JobId, JobState)]) -> Vec<String> {
        let seen: Vec<Seen> =
            jobs.iter().map(|(job, state)| Seen { job: *job, state: state.clone() }).collect();
        self.fleet.looked(self.time(), self.time(), &seen);
        self.acts()
    }

    /// A worker says that it has done so many items of this shard.
    pub(super) fn beat(&mut self, shard: &str, done: u64) {
        self.stamp += 1;
        let tally = Tally { succeeded: done, ..Tally::default() };
        let beat = Beat { attempt: 1, job: None, stamp: self.stamp, tally, node: Some("n7".into()) };
        self.fleet.claimed(&id(shard));
        self.fleet.beat(self.time(), &id(shard), &beat);
    }

    /// A shard's record: which items it has done, and which are left.
    pub(super) fn record(&mut self, shard: &str, done: (u64, u64), rest: (u64, u64), goes_on: bool) {
        let (done, rest) = (Indices::run(done.0, done.1), Indices::run(rest.0, rest.1));
        let tally = Tally { succeeded: done.count(), ..Tally::default() };
        let why = if rest.is_empty() { Why::End } else { Why::Yield };
        let record = Record { shard: shard.into(), attempt: 1, done, rest, goes_on, why, tally };
        assert_eq!(self.fleet.record(self.time(), shard, &record), Ok(Heard::Imported));
    }

    /// What is found of the dead attempts of a shard: rows, and the items in the slots of each.
    pub(super) fn inspect(&mut self, shard: &str, rows: u64, slots: &[(JobId, (u64, u64))]) {
        let slots = slots
            .iter()
            .map(|(job, (first, count))| Slot { job: Some(*job), items: Indices::run(*first, *count) });
        let found = Inspection { attempts: 1, rows, slots: slots.collect() };
        self.fleet.inspected(self.time(), &id(shard), &found);
    }
}

fn text(action: &Action) -> String {
    match action {
        Action::Submit { wave, tasks, throttle } => {
            let marked = |mark: &str, items: &Indices| {
                if items.is_empty() { String::new() } else { format!(" {mark} {items}") }
            };
            let task = |task: &Task| {
                let (careful, condemned) =
                    (marked("careful", &task.careful), marked("condemned", &task.condemned));
                format!("{}{careful}{condemned}", task.shard)
            };
            let tasks: Vec<String> = tasks.iter().map(task).collect();
            format!("submit {wave}: {} at {throttle}", tasks.join(" "))
        }
        Action::Split { parent, children } => {
            let children: Vec<String> = children.iter().map(ToString::to_string).collect();
            format!("split {parent}: {}", children.join(" | "))
        }
        Action::Throttle { wave, throttle } => format!("throttle {wave} at {throttle}"),
        Action::Cancel { jobs } => {
            let jobs: Vec<String> = jobs.iter().map(|job| format!("{}/{}", job.wave, job.task)).collect();
            format!("cancel {}", jobs.join(" "))
        }
        Action::Control { halt, yields } => format!("control {halt:?} {yields:?}"),
        Action::Look { waves } => format!("look {waves:?}"),
        Action::List => "list".to_owned(),
        Action::Inspect { shard } => format!("inspect {shard}"),
    }
}
