//! The dispatcher performs what the fleet wants: it writes waves down and submits them, looks at jobs, and takes over what
//! workers have committed. It believes records alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::left_fleet::{LeftFleet, told};
use super::sent_fault::SentFault;
use super::sent_options::SentOptions;
use super::shard_log;
use super::wave_jobs::wave_jobs;
use crate::engine::failed_item::{self, Attempted};
use crate::engine::remote_job::{
    self, BeatFile, Control, FleetFile, FleetJobs, PROTOCOL, WaveFile, WaveTask,
};
use crate::event::Tally;
use crate::fleet::JobEngine;
use crate::schedule::fleet::{
    Action, Beat, Counts, Fleet, FleetOptions, Halt, Heard, Inspection, JobId, Outcome, Slot, Task,
    first_shards,
};
use crate::store::{CommitRecord, ReadShard, RemoteFile, RemotePlace, RetriedItem, Whence};
use crate::value::{Indices, ShardId, Stretch};

/// Where what workers have committed is booked.
pub(in crate::engine) trait Books {
    /// Takes over a shard.
    fn import(&mut self, record: &CommitRecord, shard: ReadShard) -> Result<(), SentFault>;
}

/// The fleet of one step, with its engine and its folder.
pub(in crate::engine) struct Dispatcher {
    place: RemotePlace,
    /// Names of the run and the step.
    of: (String, String),
    /// Place of the step in the pipeline, which is a part of the names of jobs.
    position: usize,
    fleet: Fleet,
    engine: Box<dyn JobEngine>,
    /// How many times as fast as the clock it waits.
    haste: u32,
    /// The job that each shard was submitted as last, by its stem.
    jobs: BTreeMap<ShardId, JobId>,
    /// What items that are not committed have behind them.
    carry: BTreeMap<u64, Whence>,
    /// Records that are taken over, and claims that were told.
    known: BTreeSet<ShardId>,
    claims: BTreeSet<(ShardId, u32)>,
}

impl Dispatcher {
    /// Cuts the items and writes the cut down. `bytes`: how large they are; `wanted`: how many of their results, where that is
    /// not all of them.
    pub(in crate::engine) fn start(
        place: RemotePlace,
        (run, step, position): (&str, &str, usize),
        (items, bytes): (&Indices, u64),
        (options, wanted): (&SentOptions, Option<u64>),
    ) -> Result<Self, SentFault> {
        let engine = options.engine.start(place.path(), &options.needs());
        let fleet_options = fleet_options(options, &*engine);
        let cut = first_shards((items, bytes), options.workers, wanted);
        let lines: Vec<String> = (0..)
            .zip(&cut)
            .map(|(number, items)| {
                serde_json::json!({ "s": ShardId::first_cut(number), "runs": items }).to_string() + "\n"
            })
            .collect();
        place.make_once(&RemoteFile::Cut, lines.concat().as_bytes())?;
        Ok(Self {
            fleet: Fleet::new(fleet_options, &cut),
            place,
            of: (run.to_owned(), step.to_owned()),
            position,
            engine,
            haste: options.haste,
            jobs: BTreeMap::new(),
            carry: BTreeMap::new(),
            known: BTreeSet::new(),
            claims: BTreeSet::new(),
        })
    }

    /// Goes on with what an earlier process has left. Its workers may be at work.
    pub(in crate::engine) fn go_on(
        place: RemotePlace,
        (run, step, position): (&str, &str, usize),
        left: LeftFleet,
        options: &SentOptions,
    ) -> Result<Self, SentFault> {
        let mut engine = options.engine.start(place.path(), &options.needs());
        let LeftFleet { kept, carry, known, .. } = left;
        let attempts = place.all_attempts()?.into_iter();
        let claimed: BTreeSet<ShardId> = attempts.map(|(shard, _)| shard.stem()).collect();
        let mut jobs = BTreeMap::new();
        for (wave, shards) in &kept.waves {
            let count = shards.len() as u32;
            let throttle = options.workers.min(count);
            let begun: Vec<bool> = shards.iter().map(|shard| claimed.contains(&shard.stem())).collect();
            engine.adopt(&wave_jobs(&place, (run, position), *wave, (count, throttle)), &begun);
            let jobs_of_wave =
                (0..).zip(shards).map(|(task, shard)| (shard.stem(), JobId { wave: *wave, task }));
            jobs.extend(jobs_of_wave);
        }
        let fleet_options = fleet_options(options, &*engine);
        let fleet = Fleet::recover(fleet_options, Duration::ZERO, kept).map_err(SentFault::Record)?;
        let of = (run.to_owned(), step.to_owned());
        let (haste, claims) = (options.haste, BTreeSet::new());
        Ok(Self { place, of, position, fleet, engine, haste, jobs, carry, known, claims })
    }

    /// How many times as fast as the clock its own passes.
    pub(in crate::engine) fn haste(&self) -> u32 {
        self.haste
    }

    /// Nothing more is started.
    pub(in crate::engine) fn stop(&mut self, now: Duration, halt: Halt) {
        self.fleet.stop(now, halt);
    }

    /// Nobody waits for running items any more.
    pub(in crate::engine) fn cancel(&mut self, now: Duration) {
        self.fleet.cancel(now);
    }

    /// Nobody will hear of the workers any more: those that run stop at once, and no other one starts.
    pub(in crate::engine) fn abandon(&mut self) {
        // What cannot be written is not read either; the engine ends them then.
        let control = Control::new(Some(Halt::Interrupt), Vec::new());
        let _ = remote_job::replace(&self.place, &RemoteFile::Control, &control);
        self.engine.cancel(&self.fleet.left_alive());
    }

    /// How items have ended as far as workers have said, those too that are not committed.
    pub(in crate::engine) fn tally(&self) -> Tally {
        self.fleet.tally_with_beats()
    }

    /// The items that are committed.
    pub(in crate::engine) fn committed(&self) -> Indices {
        self.fleet.committed()
    }

    /// How many jobs there are.
    pub(in crate::engine) fn counts(&self, now: Duration) -> Counts {
        self.fleet.counts(now)
    }

    /// Lets others see how the jobs stand. What cannot be written is no harm to the step.
    pub(in crate::engine) fn tell_jobs(&self, jobs: &FleetJobs) {
        let file = FleetFile { protocol: PROTOCOL, jobs: jobs.clone() };
        let _ = remote_job::replace(&self.place, &RemoteFile::Fleet, &file);
    }

    /// When the next turn is due though nothing has happened.
    pub(in crate::engine) fn next_wake(&self) -> Option<Duration> {
        self.fleet.next_wake()
    }

    /// Does what is to be done now; how the step ended, once it has. `now` is a clock.
    pub(in crate::engine) fn turn(
        &mut self,
        now: &dyn Fn() -> Duration,
        books: &mut dyn Books,
    ) -> Result<Option<Outcome>, SentFault> {
        if self.engine.has_news() {
            self.fleet.look_now(now());
        }
        while let Some(action) = self.fleet.act(now()) {
            self.perform(action, now, books)?;
        }
        Ok(self.fleet.outcome(now()))
    }

    /// Why the step has not come to its end, in words; `None`: it has, or it was stopped.
    pub(in crate::engine) fn fault(&self, outcome: Outcome) -> Option<SentFault> {
        match outcome {
            Outcome::Complete | Outcome::Stopped => None,
            Outcome::Fault(fault) => Some(SentFault::Record(fault)),
            Outcome::Failed(failure) => {
                use crate::schedule::fleet::Failure as F;
                let shard = match &failure {
                    F::Died { shard, .. }
                    | F::Fruitless { shard, .. }
                    | F::CannotKeep(shard)
                    | F::WrongProgram(shard)
                    | F::Broken(shard)
                    | F::TooDeep(shard) => Some(shard),
                    F::Refused(_) | F::Unseen => None,
                };
                let log = match shard {
                    Some(shard) => self.log_of(shard),
                    None => self.jobs.values().find_map(|job| self.log_of_job(*job)),
                };
                Some(SentFault::of(&failure, log.as_deref()))
            }
        }
    }

    fn log_of(&self, shard: &ShardId) -> Option<String> {
        self.log_of_job(*self.jobs.get(&shard.stem())?)
    }

    fn log_of_job(&self, job: JobId) -> Option<String> {
        shard_log::tail(&self.place.file(&RemoteFile::Log(job.wave, job.task)))
    }

    fn perform(
        &mut self,
        action: Action,
        now: &dyn Fn() -> Duration,
        books: &mut dyn Books,
    ) -> Result<(), SentFault> {
        match action {
            Action::Split { parent, children } => {
                remote_job::make_once(&self.place, &RemoteFile::Split(&parent), &children)?;
            }
            Action::Submit { wave, tasks, throttle } => self.submit(now, wave, &tasks, throttle)?,
            Action::Throttle { wave, throttle } => {
                if self.engine.throttle(wave, throttle) {
                    self.fleet.throttled(wave, throttle);
                }
            }
            Action::Cancel { jobs } => self.engine.cancel(&jobs),
            Action::Control { halt, yields } => {
                let control = Control::new(halt, yields);
                remote_job::replace(&self.place, &RemoteFile::Control, &control)?;
            }
            Action::Look { waves } => {
                let asked = now();
                match self.engine.look(&waves) {
                    Some(seen) => self.fleet.looked(now(), asked, &seen),
                    None => self.fleet.silent(now()),
                }
            }
            Action::List => self.list(now, books)?,
            Action::Inspect { shard } => self.inspect(now(), &shard)?,
        }
        Ok(())
    }

    fn submit(
        &mut self,
        now: &dyn Fn() -> Duration,
        wave: u32,
        tasks: &[Task],
        throttle: u32,
    ) -> Result<(), SentFault> {
        let mut wave_tasks = Vec::with_capacity(tasks.len());
        for (number, task) in (0..).zip(tasks) {
            let said = (!task.condemned.is_empty()).then(|| self.log_of(&task.shard)).flatten();
            self.jobs.insert(task.shard.stem(), JobId { wave, task: number });
            wave_tasks.push(WaveTask {
                shard: task.shard.clone(),
                items: task.items.clone(),
                careful: task.careful.clone(),
                condemned: task.condemned.clone(),
                said,
                carry: self.carry_of(&task.items),
            });
        }
        let file = WaveFile { protocol: PROTOCOL, tasks: wave_tasks };
        remote_job::make_once(&self.place, &RemoteFile::Wave(wave), &file)?;
        let jobs = tasks.len() as u32;
        let of = (&*self.of.0, self.position);
        let submitted = self.engine.submit(&wave_jobs(&self.place, of, wave, (jobs, throttle)));
        self.fleet.submitted(now(), wave, submitted);
        Ok(())
    }

    fn carry_of(&self, items: &Indices) -> Vec<Whence> {
        let of_run = |run: Stretch| self.carry.range(run.first..run.end()).map(|(_, whence)| whence.clone());
        items.iter().flat_map(of_run).collect()
    }

    /// Tells the fleet of all claims, beats and records.
    fn list(&mut self, now: &dyn Fn() -> Duration, books: &mut dyn Books) -> Result<(), SentFault> {
        let began = now();
        for (shard, attempt) in self.place.all_attempts()? {
            if self.claims.insert((shard.clone(), attempt)) {
                self.fleet.claimed(&shard);
            }
        }
        for (shard, attempt) in self.place.beats()? {
            // Whoever has a record is not waited for any more.
            if self.known.contains(&shard) {
                self.place.remove(&RemoteFile::Beat(&shard, attempt))?;
            } else {
                self.beat(now(), &shard, attempt);
            }
        }
        let mut new: Vec<ShardId> = self
            .place
            .done()
            .map_err(SentFault::of_reading)?
            .into_iter()
            .filter(|shard| !self.known.contains(shard))
            .collect();
        loop {
            let before = new.len();
            let mut early = Vec::new();
            for shard in new {
                if !self.record(now(), &shard, books)? {
                    early.push(shard);
                }
            }
            new = early;
            if new.len() == before || new.is_empty() {
                break;
            }
        }
        self.fleet.listed(now(), began);
        Ok(())
    }

    /// A beat that cannot be read is none.
    fn beat(&mut self, now: Duration, shard: &ShardId, attempt: u32) {
        let read = remote_job::read::<BeatFile>(&self.place, &RemoteFile::Beat(shard, attempt));
        let Some(beat) = read.ok().flatten().filter(|beat| beat.protocol == PROTOCOL) else { return };
        let (wave, task) = beat.job;
        let (job, node) = (Some(JobId { wave, task }), Some(beat.node.as_str().into()));
        let beat = Beat { attempt, job, stamp: beat.stamp, tally: beat.tally, node };
        self.fleet.beat(now, shard, &beat);
    }

    /// Takes over a record; `false`: it comes too early.
    fn record(&mut self, now: Duration, shard: &ShardId, books: &mut dyn Books) -> Result<bool, SentFault> {
        let record = self.place.record(shard).map_err(SentFault::of_reading)?;
        let Some(record) = record else { return Ok(true) };
        let read = self.place.read_shard((&self.of.0, &self.of.1), &record).map_err(SentFault::of_reading)?;
        let told = told(&record, &read);
        let heard = self.fleet.record(now, &shard.to_string(), &told).map_err(SentFault::Record)?;
        if heard == Heard::Imported {
            self.carry.retain(|index, _| !told.done.contains(*index));
            self.carry.extend(record.carry.iter().map(|whence| (whence.index, whence.clone())));
            books.import(&record, read)?;
        }
        if heard != Heard::Early {
            self.known.insert(shard.clone());
        }
        Ok(heard != Heard::Early)
    }

    /// Attempts that had failed before a worker died count for those that follow. They come by item and attempt.
    fn carry_retried(&mut self, retried: impl Iterator<Item = RetriedItem>) {
        for RetriedItem { index, attempt, kind, message } in retried {
            let new = || Whence { index, attempts: 0, history: "[]".to_owned(), outlived: 0 };
            let whence = self.carry.entry(index).or_insert_with(new);
            if attempt > whence.attempts {
                let mut history = Attempted::parse(&whence.history);
                history.push(Attempted::new(kind, &message, Duration::ZERO));
                (whence.attempts, whence.history) = (attempt, failed_item::history_text(&history));
            }
        }
    }

    fn inspect(&mut self, now: Duration, shard: &ShardId) -> Result<(), SentFault> {
        let left = self.place.left_behind((&self.of.0, &self.of.1), shard)?;
        for attempt in self.place.attempts(shard)? {
            let carry = remote_job::read::<Vec<Whence>>(&self.place, &RemoteFile::Carry(shard, attempt));
            // What cannot be read costs an item an attempt more.
            let carry = carry.ok().flatten().unwrap_or_default();
            self.carry.extend(carry.into_iter().map(|whence| (whence.index, whence)));
        }
        self.carry_retried(left.retried.into_values());
        let slot =
            |((wave, task), items): ((u32, u32), Indices)| Slot { job: Some(JobId { wave, task }), items };
        let slots = left.at_work.into_iter().map(slot).collect();
        let found = Inspection { attempts: left.attempts, rows: left.items, slots };
        self.fleet.inspected(now, shard, &found);
        Ok(())
    }
}

/// What the fleet goes by, with an engine of these limits.
fn fleet_options(options: &SentOptions, engine: &dyn JobEngine) -> FleetOptions {
    let limits = engine.limits();
    FleetOptions {
        workers: options.workers,
        attempts: options.attempts,
        wave_max: limits.wave_max,
        queue_max: limits.queue_max,
        grace: options.grace,
        wave_every: options.wave_every,
    }
}
