//! Slurm's commands are scripts here, which say what files hold and write down what they were asked.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;

struct FakeSlurm {
    dir: TempDir,
    engine: Slurm,
}

impl FakeSlurm {
    /// `sbatch` is this script; the others print the files `queue` and `jobs`.
    fn new(sbatch: &str) -> Self {
        let dir = TempDir::new().expect("a folder");
        let at = dir.path().display().to_string();
        for (name, script) in [
            ("sbatch", format!("cat > {at}/script; {sbatch}")),
            ("squeue", format!("cat {at}/queue")),
            (
                "scontrol",
                format!("echo scontrol \"$@\" >> {at}/asked; if [ $1 = show ]; then cat {at}/jobs; fi"),
            ),
            ("scancel", format!("echo scancel \"$@\" >> {at}/asked")),
        ] {
            let path = dir.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("room");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        }
        let path = format!("{at}:{}", std::env::var("PATH").unwrap_or_default());
        let options = SlurmOptions {
            program: "/bin/flowrun".into(),
            setup: None,
            env: vec![("PATH".into(), path.into())],
            options: Vec::new(),
            extra: Vec::new(),
        };
        let needs = JobNeeds { cores: 1, memory: 2_000_000_000, gpus: None, time: None };
        let fake = Self { engine: Slurm::new(&options, &needs, Path::new("/state/remote")), dir };
        fake.says("queue", "");
        fake.says("jobs", "");
        fake
    }

    fn says(&self, name: &str, text: &str) {
        fs::write(self.dir.path().join(name), text).expect("room");
    }

    /// What was asked of `scontrol` and `scancel` since the last time.
    fn asked(&self) -> Vec<String> {
        let path = self.dir.path().join("asked");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(path);
        text.lines().map(str::to_owned).collect()
    }

    fn states(&mut self) -> Option<Vec<JobState>> {
        Some(self.engine.look(&[3])?.into_iter().map(|seen| seen.state).collect())
    }
}

fn wave(jobs: u32) -> WaveJobs {
    WaveJobs { wave: 3, name: "fr-r-s1-w3".to_owned(), jobs, throttle: 2, logs: Vec::new() }
}

const RUNNING: &str = "fr-r-s1-w3|7|0|RUNNING|n1|None\n";
const HELD: &str = "fr-r-s1-w3|7|1|PENDING||launch failed requeued held\n";
const WAITS: &str = "fr-r-s1-w3|7|2|PENDING||Priority\n";

#[test]
fn what_is_not_in_the_queue_has_ended() {
    let mut fake = FakeSlurm::new("echo 7");
    assert_eq!(fake.engine.submit(&wave(5)), Submission::Accepted);
    let script = fs::read_to_string(fake.dir.path().join("script")).expect("it was read");
    assert!(script.ends_with("exec /bin/flowrun worker /state/remote 3 \"$SLURM_ARRAY_TASK_ID\"\n"));
    fake.says("queue", &[RUNNING, HELD, WAITS].concat());
    let job = |task: u32, code: &str| {
        format!("ArrayTaskId={task} JobName=fr-r-s1-w3 JobState=FAILED ExitCode={code}\n")
    };
    fake.says("jobs", &job(3, "75:0"));
    let waits = JobState::Queued(Some(Arc::from("Priority")));
    let (gave_back, unknown) = (JobState::Ended(Exit::Code(75)), JobState::Ended(Exit::Unknown));
    let mut expect = vec![JobState::Running, JobState::Held, waits, gave_back, unknown];
    assert_eq!(fake.states(), Some(expect.clone()));
    assert_eq!(fake.asked(), ["scontrol show job 7 -o"]);
    assert_eq!(fake.states(), Some(expect.clone()), "what is known is not asked again");
    assert_eq!(fake.asked(), [""; 0]);
    // It was put back into the queue.
    fake.says("queue", &[RUNNING, HELD, WAITS, "fr-r-s1-w3|7|4|PENDING||BeginTime\n"].concat());
    expect[4] = JobState::Queued(Some(Arc::from("BeginTime")));
    assert_eq!(fake.states(), Some(expect));
    // An id that was given out again says nothing.
    fake.says("queue", "other|7|0|RUNNING|n1|None\n");
    fake.says("jobs", &job(0, "0:0").replace("fr-r-s1-w3", "other"));
    let states = fake.states().expect("an answer");
    assert_eq!(states[0], JobState::Ended(Exit::Unknown));
}

#[test]
fn a_controller_that_does_not_answer_says_nothing() {
    let mut fake = FakeSlurm::new("echo 7");
    fake.engine.submit(&wave(2));
    fs::remove_file(fake.dir.path().join("queue")).expect("it is there");
    assert_eq!(fake.states(), None);
    assert!(!fake.engine.throttle(3, 2));
    fake.engine.cancel(&[JobId { wave: 3, task: 0 }]);
    assert_eq!(fake.asked(), [""; 0]);
    fake.says("queue", RUNNING);
    fs::remove_file(fake.dir.path().join("jobs")).expect("it is there");
    assert_eq!(fake.states(), None, "how the other one ended is asked once more");
}

#[test]
fn a_wave_that_was_never_there_is_not_said_to_have_ended() {
    let mut fake = FakeSlurm::new("echo sbatch: error: sleeping and retrying >&2; exec sleep 60");
    assert_eq!(fake.engine.submit(&wave(2)), Submission::Unsure);
    assert_eq!(fake.states(), Some(Vec::new()));
    fake.says("queue", "fr-r-s1-w3|9|1|RUNNING|n1|None\n");
    let expect = [JobState::Ended(Exit::Unknown), JobState::Running];
    assert_eq!(fake.states(), Some(expect.to_vec()), "it is found by its name");
    // So is one that another coordinator has submitted.
    let mut fake = FakeSlurm::new("exit 1");
    fake.engine.adopt(&wave(1), &[]);
    assert_eq!(fake.states(), Some(Vec::new()));
    fake.says("queue", RUNNING);
    assert_eq!(fake.states(), Some(vec![JobState::Running]));
    assert!(fake.engine.throttle(3, 4));
    assert_eq!(fake.asked(), ["scontrol update jobid=7 arraytaskthrottle=4"]);
}

#[test]
fn running_jobs_are_asked_to_end_before_they_are_ended() {
    let mut fake = FakeSlurm::new("echo 7");
    fake.engine.submit(&wave(6));
    let others = "fr-r-s1-w3|7|4|RUNNING|n1|None\nfr-r-s1-w3|7|5|PENDING||None\n";
    fake.says("queue", &[RUNNING, HELD, WAITS, others].concat());
    let jobs: Vec<JobId> = [0, 1, 2, 3, 4].map(|task| JobId { wave: 3, task }).to_vec();
    fake.engine.cancel(&jobs);
    assert_eq!(fake.asked(), ["scancel 7_[1-2]", "scancel -b -s TERM 7_[0,4]"]);
    fake.says("queue", RUNNING);
    fake.engine.cancel(&jobs);
    assert_eq!(fake.asked(), ["scancel 7_0"]);
}

#[test]
fn limits_are_the_clusters() {
    let fake = FakeSlurm::new("");
    assert_eq!(fake.engine.limits(), LIMITS);
    fake.says("jobs", "MaxArraySize            = 101\nMaxJobCount             = 60\n");
    assert_eq!(fake.engine.limits(), EngineLimits { wave_max: 101, queue_max: 60 });
}
