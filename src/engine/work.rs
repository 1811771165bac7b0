//! A worker process works on one shard of a step that another process coordinates: it claims an attempt, takes over what dead
//! ones had finished, runs the rest like any step, and commits what it has as records.

mod ticker;
mod work_error;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::bounded;

use self::ticker::Ticker;
pub use self::work_error::WorkError;
use super::context::Context;
use super::fingerprint::StepFingerprint;
use super::input::StepInput;
use super::interrupt::Interrupt;
use super::layout::ItemLayout;
use super::map;
use super::options::{RunOptions, WorkPart};
use super::pool::Threads;
use super::rate_parts::rate_parts;
use super::remote_job::{self, Announced, RemoteJob, WaveFile, WaveTask};
use super::roles::StepRoles;
use super::run_store::RunStore;
use super::step_spec::step_spec;
use crate::event::{StepResult, StepStatus, Timing, Why};
use crate::fleet;
use crate::lua::Watchdog;
use crate::plan::{MapLike, Plan, Step, Verb};
use crate::runtime::{self, clock};
use crate::schedule::RateUse;
use crate::store::{
    AttemptFile, AttemptProgress, AttemptWatch, Committer, Digest, RemoteFile, RemotePlace, RetryTokens,
    ShardCommit, Slots, StoreError, Whence, host,
};
use crate::value::Indices;

/// How often it is looked whether the process is to end while nothing may start.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How a worker's shard came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worked {
    /// It has a record, of this process or of another one.
    Committed,
    /// Nothing of it has ended, and nothing is lost.
    GaveBack,
}

/// The folder of a sent step, and the job in it that a process is.
#[derive(Debug, Clone)]
pub struct WorkerJob {
    place: RemotePlace,
    job: RemoteJob,
    /// Number of the wave, and place in it.
    at: (u32, u32),
    /// What the engine calls it, where that is known.
    id: Option<String>,
}

impl WorkerJob {
    /// Reads what a worker has to know before it plans. `id`: what the engine calls its job, where that is known.
    ///
    /// # Errors
    /// Fails when the folder cannot be read, or was written by another version.
    pub fn open(folder: PathBuf, (wave, task): (u32, u32), id: Option<String>) -> Result<Self, WorkError> {
        let place = RemotePlace::open(folder);
        // What another version says in its file is for that version to read.
        demand_ours(&place, &RemoteFile::Job)?;
        let job: RemoteJob = remote_job::demand(&place, &RemoteFile::Job)?;
        Ok(Self { place, job, at: (wave, task), id })
    }

    /// Says that the worker ends, to whoever cannot ask for its job. That it cannot be said costs some minutes.
    pub fn leave(folder: PathBuf, (wave, task): (u32, u32)) {
        let log = RemotePlace::open(folder).file(&RemoteFile::Log(wave, task));
        let _ = std::fs::write(log.with_extension(fleet::LEFT), []);
    }

    /// What all workers of the step are told.
    pub fn job(&self) -> &RemoteJob {
        &self.job
    }

    /// Whether the shard has a record already: then nothing is left to do, and nobody needs to know what it was.
    pub fn is_done(&self) -> bool {
        let (wave, task) = self.at;
        let wave = remote_job::read::<WaveFile>(&self.place, &RemoteFile::Wave(wave)).ok().flatten();
        let shard = wave.and_then(|wave| Some(wave.tasks.get(task as usize)?.shard.clone()));
        shard.is_some_and(|shard| self.place.record(&shard).is_ok_and(|record| record.is_some()))
    }

    /// Values that nobody else may see, as the coordinator has written them.
    ///
    /// # Errors
    /// Fails when they cannot be read.
    pub fn secrets(&self) -> Result<Vec<u8>, WorkError> {
        let secrets = self.place.read(&RemoteFile::Secrets)?;
        secrets.ok_or_else(|| WorkError::Input("the coordinator has taken its secrets back".to_owned()))
    }

    /// Works on the shard. `digest` is that of the plan; `interrupt`: the process is to end, and commits what it has.
    ///
    /// # Errors
    /// Fails when the plan is not the coordinator's, when items cannot be read or endings not be kept, and where the step
    /// itself does not work.
    pub fn carry_out(
        &self,
        plan: &Plan,
        digest: &str,
        temp_dir: &Path,
        interrupt: &Arc<Interrupt>,
    ) -> Result<Worked, WorkError> {
        if digest != self.job.plan {
            let message = "the pipeline is another one than when the run began".to_owned();
            return Err(WorkError::OtherProgram(message));
        }
        demand_ours(&self.place, &RemoteFile::Wave(self.at.0))?;
        let wave: WaveFile = remote_job::demand(&self.place, &RemoteFile::Wave(self.at.0))?;
        let task = wave.tasks.get(self.at.1 as usize);
        let task =
            task.ok_or_else(|| WorkError::Input(format!("wave {} has no task {}", self.at.0, self.at.1)))?;
        if self.place.record(&task.shard)?.is_some() {
            return Ok(Worked::Committed);
        }
        runtime::start();
        Shift { job: self, plan, task, temp_dir, interrupt }.carry_out()
    }
}

/// One process at work on one shard.
struct Shift<'a> {
    job: &'a WorkerJob,
    plan: &'a Plan,
    task: &'a WaveTask,
    temp_dir: &'a Path,
    interrupt: &'a Arc<Interrupt>,
}

impl Shift<'_> {
    fn carry_out(&self) -> Result<Worked, WorkError> {
        let (job, place) = (&self.job.job, &self.job.place);
        let (step, mut each) = self.step()?;
        let tokens = self.tokens(&mut each);
        let layout: ItemLayout = remote_job::demand(place, &RemoteFile::Input)?;
        let (layout, slots) = (Arc::new(layout), Arc::new(Slots::new(self.job.at)));
        let timing = Arc::<Mutex<Timing>>::default();
        let begun = clock::now();
        let part = |items: Indices, is_careful: bool| WorkPart {
            time: job.time_ms.map(Duration::from_millis),
            begun,
            cut_off: Mutex::default(),
            items,
            layout: Arc::clone(&layout),
            folder: place.path().to_path_buf(),
            steps: job.steps.as_deref().map(Arc::from),
            slots: Arc::clone(&slots),
            is_careful,
            carried: self.task.carry.clone(),
            tokens: tokens.clone(),
            leaves: Mutex::default(),
            timing: Arc::clone(&timing),
            condemned: (self.task.condemned.clone(), self.task.said.as_deref().map(Arc::from)),
        };
        let of = (job.run.as_str(), job.step.as_str());
        let claimed = AttemptFile::claim(place, of, &self.task.shard, &self.task.items)?;
        let mut attempt =
            claimed.by(self.job.at, host(), self.job.id.clone()).with_slots(Arc::clone(&slots))?;
        // What was there when the step began is what its results depend on, wherever they are computed.
        let fingerprint = StepFingerprint { parts: job.fingerprint.clone(), function: Digest::default() };
        attempt.begin(&step_spec(self.plan, step, &each, &fingerprint))?;
        let (left, watch) = (attempt.left(), attempt.watch());
        let committer = Committer::of_attempt(attempt)?;
        let store = RunStore::of_attempt(committer, (&job.run, &job.state));
        let careful = self.task.careful.common(&left);
        let phases = [part(left.without(&careful), false), part(careful, true)].map(Arc::new);
        let at = Arc::clone(&watch);
        let ticker =
            Ticker::new((place, job, self.job.at, self.job.id.clone()), &store, watch, self.interrupt);
        let ((ends, ended), ticking) = (bounded::<()>(0), &ticker);
        let over = std::thread::scope(|scope| {
            let ticking = scope.spawn(move || ticking.tick(&ended));
            let mut over = Ok(());
            for part in &phases {
                if over.is_ok() && !part.items.is_empty() && self.interrupt.count() == 0 {
                    over = self.run(&store, step, &each, part);
                }
            }
            drop(ends);
            let _ = ticking.join();
            over
        });
        let fault = store.fault().or_else(|| tokens.as_ref()?.fault());
        if let Some(error) = fault {
            return Err(error.clone().into());
        }
        over?;
        if let Some(tokens) = &tokens {
            tokens.give_back()?;
        }
        if ticker.has_lost() {
            return Ok(Worked::Committed);
        }
        self.hand_over(&store, &phases, &ticker, &at)
    }

    /// Commits what is done and says what goes back.
    fn hand_over(
        &self,
        store: &RunStore,
        phases: &[Arc<WorkPart>; 2],
        ticker: &Ticker<'_>,
        at: &AttemptWatch,
    ) -> Result<Worked, WorkError> {
        let why = ticker.why().unwrap_or(Why::Stop);
        // What an item has behind it goes on with it, also where this process has not come to it.
        let left = phases.iter().flat_map(|part| part.take_leaves());
        let mut carry: Vec<Whence> = left.chain(self.task.carry.iter().cloned()).collect();
        if ticker.is_out_of_time() {
            for part in phases {
                part.count_outlived(&mut carry);
            }
        }
        let AttemptProgress { shard, attempt, .. } = at.get();
        Ok(match store.commit_shard(why, carry.clone())? {
            // Also behind records of its own: who coordinates would wait for one more otherwise.
            ShardCommit::Nothing => {
                remote_job::replace(&self.job.place, &RemoteFile::Carry(&shard, attempt), &carry)?;
                Worked::GaveBack
            }
            ShardCommit::Made { .. } | ShardCommit::Lost => Worked::Committed,
        })
    }

    /// The step, and what it does.
    fn step(&self) -> Result<(&Step, MapLike), WorkError> {
        let job = &self.job.job;
        let step = self.plan.steps.iter().find(|step| *step.name == *job.step);
        let step = step.ok_or_else(|| WorkError::OtherProgram(format!("there is no step `{}`", job.step)))?;
        let bound = self.plan.bind(step.id, job.steps.as_deref().unwrap_or("{}"));
        match bound {
            // Who coordinates knows what was remembered, and remembers.
            Ok(Verb::MapLike(mut each)) => {
                let parts = rate_parts(self.plan, step, &each.policy);
                let share = |part: &RateUse| RateUse { name: None, ..part.share(job.workers) };
                each.policy.rate_limits = parts.unwrap_or_default().iter().map(share).collect();
                Ok((step, MapLike { cache: false, ..*each }))
            }
            _ => Err(WorkError::OtherProgram(format!("step `{}` cannot be sent", job.step))),
        }
    }

    /// Where the step gets its retries from, if they have a budget: none is granted before it is asked for.
    fn tokens(&self, each: &mut MapLike) -> Option<Arc<RetryTokens>> {
        let budget = each.policy.retries.budget?;
        each.policy.retries.budget = Some(0);
        let place = self.job.place.clone();
        Some(Arc::new(RetryTokens::new(place, budget, self.job.job.workers)))
    }

    /// Runs items like those of any step.
    fn run(
        &self,
        store: &RunStore,
        step: &Step,
        each: &MapLike,
        part: &Arc<WorkPart>,
    ) -> Result<(), WorkError> {
        self.let_pass(each.policy.rate_limits.iter().map(|limit| limit.rate.period).max());
        let job = &self.job.job;
        let mut selected = vec![false; self.plan.steps.len()];
        selected[step.id.at()] = true;
        let options = RunOptions {
            seed: job.seed,
            grace: Duration::from_millis(job.grace_ms),
            work: Some(Arc::clone(part)),
            ..RunOptions::new(job.run.as_str().into(), selected, job.cores, self.temp_dir.to_path_buf())
        };
        let roles = StepRoles::new(self.plan, &options.selected, false);
        let watchdog =
            Watchdog::start(Box::new(|_| {})).map_err(|error| WorkError::Broken(error.to_string()))?;
        let watchdog = Arc::new(watchdog);
        let threads = Threads { watchdog: &watchdog };
        let (sender, receiver) = bounded(4096);
        self.plan.permissions.begin();
        let result = std::thread::scope(|scope| {
            // Nobody watches: what there is to say stands in the notes of the items.
            scope.spawn(move || receiver.iter().for_each(drop));
            let context =
                Context::new(self.plan, &options, &roles, self.interrupt, (&watchdog, &threads), sender);
            let context = context.with_run_store(Some(store));
            let result = match StepInput::open(&context, step, false) {
                Ok(input) => context.book(step.id, map::run(&context, step, each, input)),
                Err(result) => *result,
            };
            let lost = step.from.iter().find_map(|input| context.source_status(input.step).failure());
            (result, lost)
        });
        let (result, lost) = result;
        self.judge(&result, lost)
    }

    /// Waits a whole period of its rate limits before the first item: who had this share before may have used all of it. Without
    /// the wait a hand-over doubles a window.
    fn let_pass(&self, period: Option<Duration>) {
        let Some(period) = period else { return };
        let begun = clock::now();
        while let Some(left) = period.checked_sub(clock::since(begun)).filter(|left| !left.is_zero()) {
            if self.interrupt.count() > 0 {
                return;
            }
            std::thread::sleep(left.min(LOOK_EVERY));
        }
    }

    /// What the end of the step says of this process. How its items ended is for the coordinator to judge.
    /// `lost`: why a source cannot be read.
    fn judge(&self, result: &StepResult, lost: Option<String>) -> Result<(), WorkError> {
        let reason = || result.reason.clone().unwrap_or_default();
        match result.status {
            StepStatus::Failed => Err(WorkError::Broken(reason())),
            StepStatus::Skipped => Err(WorkError::Input(reason())),
            // A source that cannot be read any more cancels what reads it.
            StepStatus::Cancelled if self.interrupt.count() == 0 => {
                Err(WorkError::Input(lost.unwrap_or_else(reason)))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses a file that another version has written.
fn demand_ours(place: &RemotePlace, file: &RemoteFile<'_>) -> Result<(), WorkError> {
    let announced: Announced = remote_job::demand(place, file)?;
    announced.difference().map_or(Ok(()), |message| Err(WorkError::OtherProgram(message)))
}

impl From<StoreError> for WorkError {
    fn from(error: StoreError) -> Self {
        Self::Unkept(error.to_string())
    }
}
