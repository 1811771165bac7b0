//! Processes of this machine are the engine that needs no cluster: jobs wait in a list, and as many run as may.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::job_engine::{EngineLimits, JobEngine, WaveJobs};
use super::worker_processes::{WorkerProcess, worker_processes};
use crate::schedule::fleet::{Exit, JobId, JobState, Seen, Submission};

/// A status that says that the program could not be started.
const NOT_STARTED: u8 = 127;

/// Processes that are started here.
#[derive(Debug)]
pub(super) struct Processes {
    worker: Worker,
    waves: BTreeMap<u32, ProcessWave>,
}

/// How a worker is started.
#[derive(Debug)]
struct Worker {
    program: PathBuf,
    setup: Option<String>,
    env: Vec<(OsString, OsString)>,
    remote: PathBuf,
}

#[derive(Debug)]
struct ProcessWave {
    throttle: u32,
    jobs: Vec<Job>,
    logs: Vec<PathBuf>,
}

#[derive(Debug)]
enum Job {
    Waiting,
    Running {
        child: Child,
        /// Whether it was asked to end.
        is_asked: bool,
    },
    /// Another process has started it.
    Adopted {
        process: WorkerProcess,
        is_asked: bool,
    },
    Ended(Exit),
}

impl Processes {
    /// `setup`: shell lines before each worker.
    pub(super) fn new(
        (program, setup): (&Path, Option<&str>),
        env: &[(OsString, OsString)],
        remote: &Path,
    ) -> Self {
        let (program, env, remote) = (program.to_path_buf(), env.to_vec(), remote.to_path_buf());
        let worker = Worker { program, setup: setup.map(str::to_owned), env, remote };
        Self { worker, waves: BTreeMap::new() }
    }

    /// Notes who has ended and starts who may; whether anybody has ended.
    fn advance(&mut self) -> bool {
        let mut has_ended = false;
        for (number, wave) in &mut self.waves {
            let mut running = 0;
            for job in &mut wave.jobs {
                let ended = match job {
                    Job::Running { child, .. } => match child.try_wait() {
                        Ok(status) => status.map(exit),
                        Err(_) => Some(Exit::Unknown),
                    },
                    Job::Adopted { process, .. } => {
                        // On one machine a record is visible at once: without one, it did not end by itself.
                        (!process.is_there(&self.worker.remote)).then_some(Exit::Killed)
                    }
                    Job::Waiting | Job::Ended(_) => continue,
                };
                match ended {
                    Some(exit) => (*job, has_ended) = (Job::Ended(exit), true),
                    None => running += 1,
                }
            }
            for (task, job) in (0..).zip(&mut wave.jobs) {
                if running >= wave.throttle {
                    break;
                }
                if matches!(job, Job::Waiting) {
                    let log = wave.logs.get(task as usize);
                    *job = match self.worker.start((*number, task), log) {
                        Ok(child) => {
                            running += 1;
                            Job::Running { child, is_asked: false }
                        }
                        Err(_) => Job::Ended(Exit::Code(NOT_STARTED)),
                    };
                }
            }
        }
        has_ended
    }
}

impl Worker {
    fn start(&self, (wave, task): (u32, u32), log: Option<&PathBuf>) -> std::io::Result<Child> {
        let log = match log {
            Some(log) => File::options().create(true).append(true).mode(0o600).open(log)?,
            None => File::options().write(true).open("/dev/null")?,
        };
        let mut command = match &self.setup {
            None => Command::new(&self.program),
            Some(setup) => {
                let mut shell = Command::new("/bin/sh");
                shell.arg("-c").arg(format!("{setup}\nexec \"$@\"")).arg("sh").arg(&self.program);
                shell
            }
        };
        command.arg("worker").arg(&self.remote).arg(wave.to_string()).arg(task.to_string());
        command.env_clear().envs(self.env.iter().map(|(name, value)| (name, value)));
        // What a terminal sends is for the coordinator, which tells its workers.
        command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.spawn()
    }
}

fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, Some(_)) => Exit::Killed,
        (None, None) => Exit::Unknown,
    }
}

/// The process must still be there, so that its number is its own.
fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

impl JobEngine for Processes {
    fn limits(&self) -> EngineLimits {
        EngineLimits { wave_max: u32::MAX, queue_max: u32::MAX }
    }

    fn submit(&mut self, wave: &WaveJobs) -> Submission {
        let jobs = (0..wave.jobs).map(|_| Job::Waiting).collect();
        let (throttle, logs) = (wave.throttle, wave.logs.clone());
        self.waves.insert(wave.wave, ProcessWave { throttle, jobs, logs });
        self.advance();
        Submission::Accepted
    }

    /// Jobs that were never started wait here too, until the throttle is known. What has begun and is not there is over.
    fn adopt(&mut self, wave: &WaveJobs, begun: &[bool]) {
        let has_begun = |task: u32| begun.get(task as usize) == Some(&true);
        let job = |task| if has_begun(task) { Job::Ended(Exit::Killed) } else { Job::Waiting };
        let mut jobs: Vec<Job> = (0..wave.jobs).map(job).collect();
        for process in worker_processes(&self.worker.remote) {
            let (of, task) = process.job;
            if let Some(job) = jobs.get_mut(task as usize).filter(|_| of == wave.wave) {
                *job = Job::Adopted { process, is_asked: false };
            }
        }
        self.waves.insert(wave.wave, ProcessWave { throttle: 0, jobs, logs: wave.logs.clone() });
    }

    fn throttle(&mut self, wave: u32, throttle: u32) -> bool {
        let Some(wave) = self.waves.get_mut(&wave) else { return false };
        wave.throttle = throttle;
        self.advance();
        true
    }

    fn look(&mut self, waves: &[u32]) -> Option<Vec<Seen>> {
        self.advance();
        let mut seen = Vec::new();
        for (number, wave) in self.waves.iter().filter(|(number, _)| waves.contains(number)) {
            for (task, job) in (0..).zip(&wave.jobs) {
                let state = match job {
                    Job::Waiting => JobState::Queued(None),
                    Job::Running { .. } | Job::Adopted { .. } => JobState::Running,
                    Job::Ended(exit) => JobState::Ended(*exit),
                };
                seen.push(Seen { job: JobId { wave: *number, task }, state });
            }
        }
        Some(seen)
    }

    fn cancel(&mut self, jobs: &[JobId]) {
        for id in jobs {
            let wave = self.waves.get_mut(&id.wave);
            let Some(job) = wave.and_then(|wave| wave.jobs.get_mut(id.task as usize)) else { continue };
            match job {
                Job::Waiting => *job = Job::Ended(Exit::Lost),
                // It was not waited for.
                Job::Running { child, is_asked } => end(child.id(), is_asked),
                Job::Adopted { process, is_asked } if process.is_there(&self.worker.remote) => {
                    end(process.pid, is_asked);
                }
                Job::Adopted { .. } | Job::Ended(_) => {}
            }
        }
    }

    fn has_news(&mut self) -> bool {
        self.advance()
    }
}

/// Asks a process to end, and ends it where it was asked before.
fn end(pid: u32, is_asked: &mut bool) {
    if std::mem::replace(is_asked, true) {
        return signal(pid, Signal::KILL);
    }
    signal(pid, Signal::TERM);
    // One that was stopped hears nothing before it goes on.
    signal(pid, Signal::CONT);
}

/// A coordinator that ends in order has waited for its workers. What is left then is of no more use to anybody.
impl Drop for Processes {
    fn drop(&mut self) {
        for job in self.waves.values_mut().flat_map(|wave| &mut wave.jobs) {
            match job {
                Job::Running { child, .. } => {
                    let _ = child.kill();
                    let _ = child.wait();
                }
                Job::Adopted { process, .. } if process.is_there(&self.worker.remote) => {
                    signal(process.pid, Signal::KILL);
                }
                _ => {}
            }
        }
    }
}
