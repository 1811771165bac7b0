//! Slurm runs waves as arrays of jobs. They are found again by their names, never by their ids, and what is not in its queue
//! any more has ended.

mod batch;
mod exits;
mod queue;
mod slurm_options;
mod tools;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use self::exits::Known;
use self::queue::{QueuedTask, named};
pub use self::slurm_options::SlurmOptions;
use self::tools::Tools;
use super::job_engine::{EngineLimits, JobEngine, WaveJobs};
use super::job_needs::JobNeeds;
use crate::schedule::fleet::{Exit, JobId, JobState, Seen, Submission};

/// Slurm's own defaults, where it does not say: tasks of an array, and jobs in the queue.
const LIMITS: EngineLimits = EngineLimits { wave_max: 1001, queue_max: 10_000 };

/// A cluster of Slurm's.
#[derive(Debug)]
pub(super) struct Slurm {
    options: SlurmOptions,
    needs: JobNeeds,
    remote: String,
    tools: Tools,
    waves: BTreeMap<u32, Array>,
}

/// What is known of a wave.
#[derive(Debug, Default)]
struct Array {
    name: String,
    jobs: u32,
    /// Whether the controller has had it. One that it has never had may still come.
    was_there: bool,
    /// All ids that it was seen with, of which only those in the last answer are its own.
    ids: BTreeSet<u64>,
    ended: BTreeMap<u32, Exit>,
    /// Tasks that were asked to end.
    asked: BTreeSet<u32>,
}

impl Array {
    fn new(wave: &WaveJobs) -> Self {
        Self { name: wave.name.clone(), jobs: wave.jobs, ..Self::default() }
    }

    /// What is said of each task, by those that are in the queue; `None`: the controller did not answer.
    fn seen(&mut self, number: u32, queued: &BTreeMap<u32, JobState>, tools: &Tools) -> Option<Vec<Seen>> {
        self.was_there |= !queued.is_empty();
        if !self.was_there {
            return Some(Vec::new());
        }
        self.ended.retain(|task, _| !queued.contains_key(task));
        let gone = (0..self.jobs).any(|task| !queued.contains_key(&task) && !self.ended.contains_key(&task));
        let exits = if gone { self.exits(tools)? } else { BTreeMap::new() };
        let mut seen = Vec::new();
        for task in 0..self.jobs {
            let state = match (queued.get(&task), exits.get(&task)) {
                (Some(state), _) => state.clone(),
                (None, Some(Known::Alive)) => continue,
                (None, Some(Known::Ended(exit))) => JobState::Ended(*self.ended.entry(task).or_insert(*exit)),
                (None, None) => JobState::Ended(*self.ended.entry(task).or_insert(Exit::Unknown)),
            };
            seen.push(Seen { job: JobId { wave: number, task }, state });
        }
        Some(seen)
    }

    fn exits(&self, tools: &Tools) -> Option<BTreeMap<u32, Known>> {
        let mut exits = BTreeMap::new();
        for id in &self.ids {
            exits.extend(exits::of_array(&tools.show_job(*id)?, &self.name));
        }
        Some(exits)
    }
}

impl Slurm {
    pub(super) fn new(options: &SlurmOptions, needs: &JobNeeds, remote: &Path) -> Self {
        Self {
            options: options.clone(),
            needs: needs.clone(),
            remote: remote.to_string_lossy().into_owned(),
            tools: Tools::new(&options.env),
            waves: BTreeMap::new(),
        }
    }

    /// The tasks of these waves that have not ended, by wave; ids are learned on the way.
    fn queue(&mut self, waves: &BTreeSet<u32>) -> Option<Vec<(u32, QueuedTask)>> {
        let numbers: BTreeMap<String, u32> = self
            .waves
            .iter()
            .filter(|(number, _)| waves.contains(number))
            .map(|(number, array)| (array.name.clone(), *number))
            .collect();
        let names: Vec<&str> = numbers.keys().map(String::as_str).collect();
        let mut found = Vec::new();
        for task in self.tools.queue(&names)? {
            let Some(number) = numbers.get(&task.name).copied() else { continue };
            let Some(array) = self.waves.get_mut(&number).filter(|array| task.task < array.jobs) else {
                continue;
            };
            array.ids.insert(task.id);
            found.push((number, task));
        }
        Some(found)
    }
}

/// The number in a line `NAME = NUMBER`.
fn setting(config: &str, name: &str) -> Option<u32> {
    let line = config.lines().find_map(|line| line.trim().strip_prefix(name));
    line?.trim_start().strip_prefix('=')?.trim().parse().ok()
}

impl JobEngine for Slurm {
    fn limits(&self) -> EngineLimits {
        let config = self.tools.config().unwrap_or_default();
        // The largest index is one less, and the first one is 0.
        let wave_max = setting(&config, "MaxArraySize").filter(|max| *max > 0);
        let queue_max = setting(&config, "MaxJobCount").filter(|max| *max > 0);
        EngineLimits {
            wave_max: wave_max.unwrap_or(LIMITS.wave_max),
            queue_max: queue_max.unwrap_or(LIMITS.queue_max),
        }
    }

    fn submit(&mut self, wave: &WaveJobs) -> Submission {
        let arguments = batch::arguments(&self.options, &self.needs, &self.remote, wave);
        let script = batch::script(&self.options, &self.remote, wave.wave);
        let mut array = Array::new(wave);
        let submission = match self.tools.submit(&arguments, &script) {
            // Whether it is there is seen by its name.
            None => Submission::Unsure,
            Some(answer) if answer.is_good => {
                array.was_there = true;
                array.ids.extend(batch::id(&answer.printed));
                Submission::Accepted
            }
            Some(answer) => batch::refusal(&answer.complaint),
        };
        self.waves.insert(wave.wave, array);
        submission
    }

    fn adopt(&mut self, wave: &WaveJobs, _begun: &[bool]) {
        self.waves.insert(wave.wave, Array::new(wave));
    }

    fn throttle(&mut self, wave: u32, throttle: u32) -> bool {
        // Only what is in the queue by this name at this moment has an id that is known to be its own.
        let Some(queued) = self.queue(&BTreeSet::from([wave])) else { return false };
        let ids: BTreeSet<u64> = queued.iter().map(|(_, task)| task.id).collect();
        !ids.is_empty() && ids.iter().all(|id| self.tools.throttle(*id, throttle))
    }

    fn look(&mut self, waves: &[u32]) -> Option<Vec<Seen>> {
        let queued = self.queue(&waves.iter().copied().collect())?;
        let mut states: BTreeMap<u32, BTreeMap<u32, JobState>> = BTreeMap::new();
        for (number, task) in queued {
            let of_wave = states.entry(number).or_default();
            // Where a submission was taken twice, whoever runs counts.
            if task.state == JobState::Running || !of_wave.contains_key(&task.task) {
                of_wave.insert(task.task, task.state);
            }
        }
        let mut seen = Vec::new();
        for number in waves {
            let Some(array) = self.waves.get_mut(number) else { continue };
            let queued = states.remove(number).unwrap_or_default();
            seen.extend(array.seen(*number, &queued, &self.tools)?);
        }
        Some(seen)
    }

    fn cancel(&mut self, jobs: &[JobId]) {
        let wanted: BTreeSet<JobId> = jobs.iter().copied().collect();
        let waves = wanted.iter().map(|job| job.wave).collect();
        // Who does not answer is asked again later.
        let Some(queued) = self.queue(&waves) else { return };
        let mut told: BTreeMap<(u64, bool), BTreeSet<u32>> = BTreeMap::new();
        for (number, task) in queued {
            let job = JobId { wave: number, task: task.task };
            let Some(array) = self.waves.get_mut(&number).filter(|_| wanted.contains(&job)) else { continue };
            let is_first = task.state == JobState::Running && array.asked.insert(task.task);
            told.entry((task.id, is_first)).or_default().insert(task.task);
        }
        for ((id, is_first), tasks) in told {
            if is_first {
                self.tools.terminate(&named(id, &tasks));
            } else {
                self.tools.cancel(&named(id, &tasks));
            }
        }
    }
}

#[cfg(test)]
mod tests;
