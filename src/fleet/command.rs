//! An engine of three commands of the user's: one submits a job and prints its id, one says whether it is there, one ends it.
//! So any scheduler will do. It is given no more jobs than may run at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::job_engine::{EngineLimits, JobEngine, LEFT, WaveJobs};
use super::job_needs::JobNeeds;
use super::shell::ask;
use crate::schedule::fleet::{Exit, JobId, JobState, Seen, Submission};
use crate::value::shell_word;

/// The commands, with places to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLines {
    /// Starts a worker; the last line that it prints is the id of the job.
    pub submit: String,
    /// Ends with 0 while the job is in the queue or runs; `None`: jobs are known to live by what they write.
    pub status: Option<String>,
    /// Ends the job.
    pub cancel: Option<String>,
    /// Id of the run.
    pub run: String,
}

/// A scheduler behind three commands.
#[derive(Debug)]
pub(super) struct CommandEngine {
    lines: CommandLines,
    needs: JobNeeds,
    program: PathBuf,
    setup: Option<String>,
    remote: PathBuf,
    waves: BTreeMap<u32, CommandWave>,
}

#[derive(Debug)]
struct CommandWave {
    name: String,
    throttle: u32,
    jobs: Vec<Job>,
    logs: Vec<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Job {
    Waiting,
    /// With this id.
    Submitted(Arc<str>),
    Ended(Exit),
}

impl CommandEngine {
    /// `setup`: shell lines before each worker.
    pub(super) fn new(
        (lines, needs): (&CommandLines, &JobNeeds),
        (program, setup): (&Path, Option<&str>),
        remote: &Path,
    ) -> Self {
        Self {
            lines: lines.clone(),
            needs: needs.clone(),
            program: program.to_path_buf(),
            setup: setup.map(str::to_owned),
            remote: remote.to_path_buf(),
            waves: BTreeMap::new(),
        }
    }

    /// Submits jobs that wait, as many as may run; `Err`: the scheduler has no room, with its words.
    fn advance(&mut self, number: u32) -> Result<(), Arc<str>> {
        loop {
            let Some(wave) = self.waves.get(&number) else { return Ok(()) };
            let live = wave.jobs.iter().filter(|job| matches!(job, Job::Submitted(_))).count();
            let next = wave.jobs.iter().position(|job| *job == Job::Waiting);
            let Some(task) = next.filter(|_| live < wave.throttle as usize) else { return Ok(()) };
            let id = match ask(&self.submit_line(number, wave, task)) {
                Some(answer) if answer.is_good => answer.printed.lines().last().map(str::trim).map(Arc::from),
                Some(answer) => return Err(last_line(&answer.complaint, "`submit` did not end with 0")),
                None => return Err("`submit` did not end within 30 s".into()),
            };
            let id: Option<Arc<str>> = id.filter(|id: &Arc<str>| !id.is_empty());
            let Some(id) = id else { return Err("`submit` has printed no id of a job".into()) };
            if let Some(wave) = self.waves.get_mut(&number) {
                wave.jobs[task] = Job::Submitted(id);
            }
        }
    }

    fn submit_line(&self, number: u32, wave: &CommandWave, task: usize) -> String {
        let words = [&*self.program.to_string_lossy(), "worker", &*self.remote.to_string_lossy()];
        let mut worker: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
        worker.extend([number.to_string(), task.to_string()]);
        let worker = worker.join(" ");
        let worker = match &self.setup {
            Some(setup) => format!("/bin/sh -c {}", shell_word(&format!("{setup}\nexec {worker}"))),
            None => worker,
        };
        let log = wave.logs.get(task).map(|log| shell_word(&log.to_string_lossy())).unwrap_or_default();
        let seconds = self.needs.time.map_or(0, |time| time.as_secs());
        filled(
            &self.lines.submit,
            &[
                ("run", shell_word(&self.lines.run)),
                ("wave", number.to_string()),
                ("task", task.to_string()),
                ("name", shell_word(&format!("{}-{task}", wave.name))),
                ("log", log),
                ("cores", self.needs.cores.to_string()),
                ("memory_mb", (self.needs.memory / 1_000_000).to_string()),
                ("seconds", seconds.to_string()),
                ("worker", worker),
            ],
        )
    }

    /// Whether the worker of a job has said that it ends.
    fn has_left(&self, wave: u32, task: u32) -> bool {
        let log = self.waves.get(&wave).and_then(|wave| wave.logs.get(task as usize));
        log.is_some_and(|log| log.with_extension(LEFT).exists())
    }

    fn with_job(&self, line: &str, id: &str) -> String {
        filled(line, &[("job", shell_word(id)), ("run", shell_word(&self.lines.run))])
    }
}

/// A line with its places filled in, each once: what is filled in is not looked at again.
fn filled(line: &str, values: &[(&str, String)]) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let value = values
            .iter()
            .find(|(name, _)| from[1..].strip_prefix(name).is_some_and(|behind| behind.starts_with('}')));
        if let Some((name, value)) = value {
            out.push_str(value);
            rest = &from[name.len() + 2..];
        } else {
            out.push('{');
            rest = &from[1..];
        }
    }
    out + rest
}

fn last_line(text: &str, otherwise: &str) -> Arc<str> {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(otherwise).trim().into()
}

impl JobEngine for CommandEngine {
    fn limits(&self) -> EngineLimits {
        EngineLimits { wave_max: 10_000, queue_max: 100_000 }
    }

    fn submit(&mut self, wave: &WaveJobs) -> Submission {
        let jobs = vec![Job::Waiting; wave.jobs as usize];
        let (name, throttle, logs) = (wave.name.clone(), wave.throttle, wave.logs.clone());
        self.waves.insert(wave.wave, CommandWave { name, throttle, jobs, logs });
        match self.advance(wave.wave) {
            Ok(()) => Submission::Accepted,
            Err(why) => {
                let wave_jobs =
                    self.waves.get(&wave.wave).map(|wave| wave.jobs.as_slice()).unwrap_or_default();
                // What is in the queue stays there, and the rest is tried again later.
                if wave_jobs.iter().any(|job| *job != Job::Waiting) {
                    return Submission::Accepted;
                }
                self.waves.remove(&wave.wave);
                Submission::Full(why)
            }
        }
    }

    fn throttle(&mut self, wave: u32, throttle: u32) -> bool {
        let Some(of) = self.waves.get_mut(&wave) else { return false };
        of.throttle = throttle;
        self.advance(wave).is_ok()
    }

    fn look(&mut self, waves: &[u32]) -> Option<Vec<Seen>> {
        let mut seen = Vec::new();
        for number in waves {
            // No room now is no answer to this question.
            let refused = self.advance(*number).err();
            let jobs = self.waves.get(number).map(|wave| wave.jobs.clone()).unwrap_or_default();
            for (task, job) in (0..).zip(jobs) {
                let id = JobId { wave: *number, task };
                let state = match job {
                    Job::Waiting => JobState::Queued(refused.clone()),
                    Job::Ended(exit) => JobState::Ended(exit),
                    Job::Submitted(name) => {
                        // Without that command only what the worker writes tells whether it lives.
                        let is_there = match &self.lines.status {
                            Some(status) => ask(&self.with_job(status, &name))?.is_good,
                            None if self.has_left(*number, task) => false,
                            None => continue,
                        };
                        if is_there {
                            JobState::Running
                        } else {
                            if let Some(wave) = self.waves.get_mut(number) {
                                wave.jobs[task as usize] = Job::Ended(Exit::Unknown);
                            }
                            JobState::Ended(Exit::Unknown)
                        }
                    }
                };
                seen.push(Seen { job: id, state });
            }
        }
        Some(seen)
    }

    fn cancel(&mut self, jobs: &[JobId]) {
        for id in jobs {
            let wave = self.waves.get_mut(&id.wave);
            let Some(job) = wave.and_then(|wave| wave.jobs.get_mut(id.task as usize)) else { continue };
            match job.clone() {
                Job::Waiting => *job = Job::Ended(Exit::Lost),
                Job::Submitted(name) => {
                    if let Some(cancel) = &self.lines.cancel {
                        let _ = ask(&self.with_job(cancel, &name));
                    }
                }
                Job::Ended(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(submit: &str, status: &str) -> CommandEngine {
        let lines = CommandLines {
            submit: submit.to_owned(),
            status: Some(status.to_owned()),
            cancel: None,
            run: "r1".to_owned(),
        };
        let needs = JobNeeds { cores: 2, memory: 2_000_000_000, gpus: None, time: None };
        CommandEngine::new((&lines, &needs), (Path::new("/bin/flowrun x"), None), Path::new("/state/remote"))
    }

    fn wave(jobs: u32, throttle: u32) -> WaveJobs {
        WaveJobs { wave: 3, name: "fr-r1-s1-w3".to_owned(), jobs, throttle, logs: Vec::new() }
    }

    fn states(engine: &mut CommandEngine) -> Vec<JobState> {
        engine.look(&[3]).expect("it answers").into_iter().map(|seen| seen.state).collect()
    }

    #[test]
    fn no_more_jobs_are_submitted_than_may_run_at_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let (said, over) = (dir.path().join("said"), dir.path().join("over"));
        let submit =
            format!("echo {{name}} {{cores}} {{worker}} >> {}; echo hello; echo {{task}}", said.display());
        let status = format!("test {{job}} -gt 0 || test ! -f {}", over.display());
        let mut engine = engine(&submit, &status);
        assert_eq!(engine.submit(&wave(3, 2)), Submission::Accepted);
        let said = || std::fs::read_to_string(&said).expect("it was asked");
        assert_eq!(said().lines().count(), 2);
        assert!(
            said().starts_with("fr-r1-s1-w3-0 2 /bin/flowrun x worker /state/remote 3 0\n"),
            "{}",
            said()
        );
        let expect = [JobState::Running, JobState::Running, JobState::Queued(None)];
        assert_eq!(states(&mut engine), expect);
        std::fs::write(&over, "").expect("room");
        let ended = JobState::Ended(Exit::Unknown);
        assert_eq!(states(&mut engine), [ended.clone(), JobState::Running, JobState::Queued(None)]);
        assert_eq!(states(&mut engine), [ended, JobState::Running, JobState::Running]);
        assert_eq!(said().lines().count(), 3);
    }

    #[test]
    fn a_scheduler_that_takes_nothing_is_heard() {
        let mut engine = engine("echo no such account >&2; exit 1", "true");
        assert_eq!(engine.submit(&wave(3, 2)), Submission::Full("no such account".into()));
        assert_eq!(states(&mut engine), [], "nothing of it is there");
        let mut engine = self::engine("true", "true");
        let why = "`submit` has printed no id of a job";
        assert_eq!(engine.submit(&wave(1, 1)), Submission::Full(why.into()));
    }

    #[test]
    fn places_are_filled_in_once() {
        let values = [("name", "{job}".to_owned()), ("job", "7".to_owned())];
        assert_eq!(filled("a {name} {job} {other} {", &values), "a {job} 7 {other} {");
    }
}
