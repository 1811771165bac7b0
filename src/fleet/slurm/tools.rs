//! Slurm is spoken to by its own commands, with no variables but those that were chosen: others would filter what `squeue`
//! prints, or travel along with each job.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use super::queue::{self, QueuedTask};
use crate::fleet::child::{Allowance, Answer, answer};

/// What a question may take.
const QUESTION: Allowance =
    Allowance { time: Duration::from_secs(10), printed_max: 64 << 20, hopeless: None };
/// What a submission may take. `sbatch` tries again for minutes by itself where there is no room, and cannot be told not to.
const SUBMISSION: Allowance = Allowance {
    time: Duration::from_secs(30),
    printed_max: 64 << 10,
    hopeless: Some("sleeping and retrying"),
};

/// The commands of Slurm.
#[derive(Debug)]
pub(super) struct Tools {
    env: Vec<(OsString, OsString)>,
}

impl Tools {
    pub(super) fn new(env: &[(OsString, OsString)]) -> Self {
        Self { env: env.to_vec() }
    }

    fn command(&self, program: &str, arguments: &[String]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(self.env.iter().map(|(name, value)| (name, value)));
        // What a terminal sends is for the coordinator.
        command.process_group(0);
        command
    }

    fn ask(&self, program: &str, arguments: &[String]) -> Option<Answer> {
        answer(&mut self.command(program, arguments), "", QUESTION)
    }

    /// Submits a script; `None`: it is not known whether the controller has it.
    pub(super) fn submit(&self, arguments: &[String], script: &str) -> Option<Answer> {
        answer(&mut self.command("sbatch", arguments), script, SUBMISSION)
    }

    /// All tasks of our arrays with these names that have not ended; `None`: the controller did not answer.
    pub(super) fn queue(&self, names: &[&str]) -> Option<Vec<QueuedTask>> {
        if names.is_empty() {
            return Some(Vec::new());
        }
        let user = rustix::process::geteuid().as_raw().to_string();
        // Partitions may be hidden.
        let words = ["-h", "-a", "-r", "-u", &user, "-n", &names.join(","), "-o", queue::FORMAT];
        let answer = self.ask("squeue", &words.map(str::to_owned)).filter(|answer| answer.is_good)?;
        Some(queue::tasks(&answer.printed))
    }

    /// All that is still known of the tasks of an array, as it is printed; `None`: the controller did not answer.
    pub(super) fn show_job(&self, id: u64) -> Option<String> {
        let words = ["show", "job", &id.to_string(), "-o"];
        let answer = self.ask("scontrol", &words.map(str::to_owned))?;
        // It is known for some minutes after its end.
        let is_forgotten = answer.complaint.contains("Invalid job id");
        (answer.is_good || is_forgotten).then_some(answer.printed)
    }

    /// How the cluster is set up, as it is printed.
    pub(super) fn config(&self) -> Option<String> {
        let words = ["show", "config"].map(str::to_owned);
        Some(self.ask("scontrol", &words).filter(|answer| answer.is_good)?.printed)
    }

    /// Lets so many tasks of an array run at once; whether that was taken.
    pub(super) fn throttle(&self, id: u64, throttle: u32) -> bool {
        let words = ["update".to_owned(), format!("jobid={id}"), format!("arraytaskthrottle={throttle}")];
        // Tasks that have ended make it fail though the others are told: `7_0-1: Job has already finished`.
        self.ask("scontrol", &words)
            .is_some_and(|answer| answer.is_good || (answer.printed + &answer.complaint).contains("No error"))
    }

    /// Sends SIGTERM to the workers of running tasks. Without `-b` nobody would hear it.
    pub(super) fn terminate(&self, tasks: &str) {
        let _ = self.ask("scancel", &["-b", "-s", "TERM", tasks].map(str::to_owned));
    }

    /// Ends tasks, running or not. It is given no filter: with one, a pending task stands for the rest of its array.
    pub(super) fn cancel(&self, tasks: &str) {
        let _ = self.ask("scancel", &[tasks.to_owned()]);
    }
}
