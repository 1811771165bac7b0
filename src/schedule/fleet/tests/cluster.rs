//! A made-up engine: it queues jobs, starts as many of a wave as it may, and says what it knows of them, or something else.

use std::collections::{BTreeMap, BTreeSet};

use super::chaos::Event;
use super::worker::{Node, Worker};
use super::world::{Rng, World};
use crate::schedule::fleet::{Exit, JobId, JobState, Seen, Task};

/// Between the signal and the kill, and after the time of a job.
const KILL_AFTER: u64 = 200_000;

/// The true state of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Truth {
    Queued,
    Held,
    Running,
    Ended(Exit),
}

#[derive(Debug, Clone)]
struct EngineJob {
    task: Task,
    truth: Truth,
    may_start_at: u64,
    /// Until when it is said to have ended.
    lie_until: u64,
}

#[derive(Debug, Clone)]
struct EngineWave {
    throttle: u32,
    jobs: Vec<EngineJob>,
}

/// A process that runs somewhere.
#[derive(Debug, Clone)]
struct Process {
    worker: Worker,
    /// Whether the engine still knows it.
    is_known: bool,
    kill_at: u64,
}

/// An engine and its nodes.
#[derive(Debug, Clone, Default)]
pub(super) struct Cluster {
    waves: BTreeMap<u32, EngineWave>,
    processes: Vec<Process>,
    /// Waves that are on their way.
    coming: Vec<(u64, u32, u32, Vec<Task>)>,
    pub(super) silent_until: u64,
    holds: u32,
    /// Jobs of which the machine may believe that they are over.
    pub(super) given_up: BTreeSet<JobId>,
}

impl Cluster {
    /// Jobs in the queue or running.
    pub(super) fn load(&self) -> u64 {
        let jobs = self.waves.values().flat_map(|wave| &wave.jobs);
        jobs.filter(|job| !matches!(job.truth, Truth::Ended(_))).count() as u64
    }

    /// Takes a wave in after so many milliseconds.
    pub(super) fn submit(&mut self, at: u64, wave: u32, throttle: u32, tasks: Vec<Task>) {
        self.coming.push((at, wave, throttle, tasks));
    }

    pub(super) fn throttle(&mut self, wave: u32, throttle: u32) {
        if let Some(wave) = self.waves.get_mut(&wave) {
            wave.throttle = throttle;
        }
    }

    fn job(&mut self, id: JobId) -> Option<&mut EngineJob> {
        self.waves.get_mut(&id.wave)?.jobs.get_mut(id.task as usize)
    }

    pub(super) fn cancel(&mut self, now: u64, id: JobId) {
        let Some(job) = self.job(id) else { return };
        match job.truth {
            Truth::Queued | Truth::Held => job.truth = Truth::Ended(Exit::Killed),
            Truth::Running => self.end_softly(now, id),
            Truth::Ended(_) => {}
        }
    }

    fn end_softly(&mut self, now: u64, id: JobId) {
        for process in self.processes.iter_mut().filter(|one| one.is_known && one.worker.job == id) {
            process.worker.told_to_end = true;
            process.kill_at = process.kill_at.min(now + KILL_AFTER);
        }
    }

    /// What the engine says of these waves.
    pub(super) fn answer(&mut self, now: u64, waves: &[u32], world: &World) -> Vec<Seen> {
        let mut seen = Vec::new();
        for (number, wave) in self.waves.iter().filter(|(number, _)| waves.contains(number)) {
            for (task, job) in (0..).zip(&wave.jobs) {
                let id = JobId { wave: *number, task };
                let state = match &job.truth {
                    _ if job.lie_until > now => JobState::Ended(Exit::Killed),
                    Truth::Queued => JobState::Queued(Some("Priority".into())),
                    Truth::Held => JobState::Held,
                    Truth::Running => JobState::Running,
                    Truth::Ended(_) if world.manners.forgets => continue,
                    Truth::Ended(exit) => JobState::Ended(*exit),
                };
                if matches!(state, JobState::Ended(_)) {
                    self.given_up.insert(id);
                }
                seen.push(Seen { job: id, state });
            }
        }
        seen
    }

    /// Starts what may start.
    pub(super) fn start(&mut self, now: u64, world: &World) {
        for (_, number, throttle, tasks) in self.coming.extract_if(.., |(at, ..)| *at <= now) {
            let job = |task| EngineJob { task, truth: Truth::Queued, may_start_at: now, lie_until: 0 };
            let jobs = tasks.into_iter().map(job).collect();
            self.waves.insert(number, EngineWave { throttle, jobs });
        }
        let mut running = self.running();
        for (number, wave) in &mut self.waves {
            let mut room = (wave.throttle as usize)
                .saturating_sub(wave.jobs.iter().filter(|job| job.truth == Truth::Running).count());
            for (task, job) in (0..).zip(&mut wave.jobs) {
                let may_start = job.truth == Truth::Queued && job.may_start_at <= now;
                if !may_start || room == 0 || running >= world.nodes {
                    continue;
                }
                if self.holds > 0 {
                    self.holds -= 1;
                    job.truth = Truth::Held;
                    continue;
                }
                (room, running) = (room - 1, running + 1);
                job.truth = Truth::Running;
                let id = JobId { wave: *number, task };
                let worker = Worker::new(now, id, job.task.clone(), world);
                let kill_at = worker.ends_at + KILL_AFTER;
                self.processes.push(Process { worker, is_known: true, kill_at });
            }
        }
    }

    fn running(&self) -> u64 {
        let jobs = self.waves.values().flat_map(|wave| &wave.jobs);
        jobs.filter(|job| job.truth == Truth::Running).count() as u64
    }

    /// Running jobs of which the engine has never said that they are over.
    pub(super) fn alive(&self) -> u64 {
        let known = self.processes.iter().filter(|one| one.is_known);
        known.filter(|one| !self.given_up.contains(&one.worker.job)).count() as u64
    }

    /// Lets the processes go on up to now.
    pub(super) fn work(&mut self, now: u64, node: &mut Node) {
        for mut process in std::mem::take(&mut self.processes) {
            let mut exit = None;
            while exit.is_none() && process.worker.wake <= now && process.worker.wake < process.kill_at {
                exit = process.worker.step(process.worker.wake, node);
            }
            if exit.is_none() && process.kill_at <= now {
                exit = Some(Exit::Killed);
            }
            match exit {
                None => self.processes.push(process),
                Some(exit) if process.is_known => self.ended(process.worker.job, exit),
                Some(_) => {}
            }
        }
    }

    fn ended(&mut self, id: JobId, exit: Exit) {
        if let Some(job) = self.job(id).filter(|job| job.truth == Truth::Running) {
            job.truth = Truth::Ended(exit);
        }
    }

    /// When anything happens here next.
    pub(super) fn next_behind(&self, now: u64) -> Option<u64> {
        let processes = self.processes.iter().map(|one| one.worker.wake.min(one.kill_at));
        let queued = self.waves.values().flat_map(|wave| &wave.jobs).map(|job| job.may_start_at);
        processes.chain(self.coming.iter().map(|(at, ..)| *at)).chain(queued).filter(|at| *at > now).min()
    }

    /// Something goes wrong.
    pub(super) fn suffer(&mut self, now: u64, event: Event, rng: &mut Rng) {
        let known: Vec<usize> = (0..self.processes.len()).filter(|at| self.processes[*at].is_known).collect();
        if let Event::Outage(time) = event {
            self.silent_until = now + time;
        } else if event == Event::Hold {
            self.holds += 1;
        }
        if known.is_empty() {
            return;
        }
        let at = known[rng.below(known.len() as u64) as usize];
        let id = self.processes[at].worker.job;
        match event {
            Event::Kill | Event::LoseNode => {
                self.processes.remove(at);
                self.ended(id, if event == Event::Kill { Exit::Killed } else { Exit::Lost });
            }
            Event::Partition => {
                self.processes[at].is_known = false;
                self.ended(id, Exit::Lost);
            }
            Event::Preempt { requeue: false } => self.end_softly(now, id),
            Event::Preempt { requeue: true } => self.requeue(now, at),
            Event::Freeze(time) => self.processes[at].worker.wake += time,
            Event::Lie => {
                let until = now + rng.range(1000, 60_000);
                if let Some(job) = self.job(id) {
                    job.lie_until = until;
                }
            }
            Event::Forget => {
                self.waves.remove(&id.wave);
                self.processes.retain(|one| one.worker.job.wave != id.wave);
            }
            Event::Hold | Event::Outage(_) | Event::DiskFull | Event::Restart { .. } => {}
        }
    }

    /// The worker of a job that the engine takes back ends softly, and the job waits again.
    fn requeue(&mut self, now: u64, at: usize) {
        let process = &mut self.processes[at];
        process.worker.told_to_end = true;
        process.is_known = false;
        let id = process.worker.job;
        // The engine starts it again when it is really over.
        let over = process.worker.wake;
        if let Some(job) = self.job(id) {
            (job.truth, job.may_start_at) = (Truth::Queued, over.max(now) + 1);
        }
    }
}
