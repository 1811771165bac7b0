//! Workers outlive a coordinator that is killed. This module says which of a run's workers are at work, by the processes of this
//! machine and by the beats of others, and ends them.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process};

use super::remote_job::{self, Announced, BeatFile, Control, RemoteJob, WaveFile};
use super::sent::wave_jobs;
use crate::fleet::{EngineOptions, JobNeeds, WorkerProcess, worker_processes};
use crate::runtime::clock;
use crate::schedule::fleet::{Halt, JobId};
use crate::store::{RemoteFile, RemotePlace, StoreError, host};

/// A worker whose beat is older is gone, or will find nobody who waits for it.
const BEAT_MAX: Duration = Duration::from_secs(30);
/// How often it is looked whether workers have ended.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A worker process that is at work, as far as can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LivingWorker {
    /// The machine.
    pub node: String,
    /// The process there.
    pub pid: u32,
}

/// The workers of a run that are at work: on this machine those whose processes are there, elsewhere those that have said so
/// of late.
///
/// # Errors
/// Fails when the folders of its steps cannot be read.
pub fn living_workers(state: &Path, run: &str) -> Result<Vec<LivingWorker>, StoreError> {
    let mut living = Vec::new();
    for place in RemotePlace::all(state, run) {
        living.extend(processes(&place));
        for (shard, attempt) in place.beats()? {
            let file = RemoteFile::Beat(&shard, attempt);
            let Ok(Some(beat)) = remote_job::read::<BeatFile>(&place, &file) else { continue };
            let written = std::fs::metadata(place.file(&file)).and_then(|file| file.modified());
            let age = written.ok().and_then(|at| SystemTime::now().duration_since(at).ok());
            if age.is_none_or(|age| age < BEAT_MAX) && beat.node != host() {
                living.push(LivingWorker { node: beat.node, pid: beat.pid });
            }
        }
    }
    Ok(living)
}

/// What is left of the one step whose items are with workers, when the coordinator of a run is gone.
#[derive(Debug)]
pub struct LeftJob {
    /// What its workers were given, secrets too.
    pub secrets: Vec<u8>,
    /// Why this program cannot go on with them.
    pub difference: Option<String>,
}

/// What is left of a step whose items are with workers; `None`: there is none.
///
/// # Errors
/// Fails when the folders of its steps cannot be read.
pub fn left_job(state: &Path, run: &str) -> Result<Option<LeftJob>, StoreError> {
    for place in RemotePlace::all(state, run).into_iter().filter(RemotePlace::has_shards) {
        let job: Option<Announced> = remote_job::read(&place, &RemoteFile::Job)?;
        let secrets = place.read(&RemoteFile::Secrets)?.unwrap_or_default();
        if let Some(job) = job {
            return Ok(Some(LeftJob { secrets, difference: job.difference() }));
        }
    }
    Ok(None)
}

/// The workers of a step among the processes of this machine.
fn processes(place: &RemotePlace) -> Vec<LivingWorker> {
    let of = |process: WorkerProcess| LivingWorker { node: host(), pid: process.pid };
    worker_processes(place.path()).into_iter().map(of).collect()
}

/// Tells the workers of a run whose coordinator is gone to end. After `patience` items that run are interrupted, and after the same
/// time once more workers of this machine that have not ended are killed.
///
/// # Errors
/// Fails when the folders of its steps cannot be read or written.
pub fn end_workers(state: &Path, run: &str, patience: Duration) -> Result<Vec<LivingWorker>, StoreError> {
    let control = |halt| {
        let mut places = RemotePlace::all(state, run).into_iter().filter(RemotePlace::is_in_use);
        let control = Control::new(Some(halt), Vec::new());
        places.try_for_each(|place| remote_job::replace(&place, &RemoteFile::Control, &control))
    };
    control(Halt::Drain)?;
    let (begun, mut rounds) = (clock::now(), 0);
    loop {
        let living = living_workers(state, run)?;
        if living.is_empty() || rounds > 2 {
            return Ok(living);
        }
        let waited: Instant = begun + patience * (rounds + 1);
        if clock::now() >= waited {
            rounds += 1;
            if rounds == 1 {
                control(Halt::Interrupt)?;
            } else {
                living.iter().for_each(LivingWorker::kill);
            }
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Ends the jobs of a run whose coordinator is gone: those that wait never start, those that run are asked to end. `false`: the
/// engine does not answer, and jobs may be in its queue.
///
/// # Errors
/// Fails when the folders of its steps cannot be read.
pub fn cancel_jobs(state: &Path, run: &str, engine: &EngineOptions) -> Result<bool, StoreError> {
    let mut has_answered = true;
    for place in RemotePlace::all(state, run).into_iter().filter(RemotePlace::has_shards) {
        let job: RemoteJob = remote_job::demand(&place, &RemoteFile::Job)?;
        let needs = JobNeeds { cores: 1, memory: 0, gpus: None, time: None };
        let (mut engine, waves) = (engine.start(place.path(), &needs), place.waves()?);
        let mut jobs = Vec::new();
        for wave in &waves {
            let file: WaveFile = remote_job::demand(&place, &RemoteFile::Wave(*wave))?;
            let count = u32::try_from(file.tasks.len()).unwrap_or(u32::MAX);
            engine.adopt(&wave_jobs(&place, (run, job.position), *wave, (count, count)), &[]);
            jobs.extend((0..count).map(|task| JobId { wave: *wave, task }));
        }
        has_answered &= engine.look(&waves).is_some();
        engine.cancel(&jobs);
    }
    Ok(has_answered)
}

impl LivingWorker {
    fn kill(&self) {
        if self.node == host()
            && let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
        {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}
