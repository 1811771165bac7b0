//! A cluster of its own for each test, and runs on it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::project::{Project, Ran};
use crate::sent::set;

/// One cluster at a time: there are two cores.
static TURN: Mutex<()> = Mutex::new(());

/// A Slurm that is gone with the test.
pub(super) struct Cluster {
    dir: TempDir,
    _turn: Option<MutexGuard<'static, ()>>,
}

/// A cluster with these settings; `None`: these tests are not to run here.
pub(super) fn cluster(settings: &[&str]) -> Option<Cluster> {
    let turn = is_wanted().then(|| TURN.lock().unwrap_or_else(PoisonError::into_inner))?;
    Some(Cluster::start(Some(turn), settings))
}

/// A cluster beside that of another test, for one that mostly waits.
pub(super) fn cluster_beside(settings: &[&str]) -> Option<Cluster> {
    is_wanted().then(|| Cluster::start(None, settings))
}

fn is_wanted() -> bool {
    let is_wanted = std::env::var_os("FLOWRUN_SLURM").is_some_and(|set| set == "1");
    if !is_wanted {
        let line = "NOT RUN: needs a Slurm, which FLOWRUN_SLURM=1 installs and starts\n";
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    is_wanted
}

impl Cluster {
    fn start(turn: Option<MutexGuard<'static, ()>>, settings: &[&str]) -> Self {
        let dir = tempfile::Builder::new().prefix("slurm-").tempdir().expect("a folder");
        let cluster = Self { dir, _turn: turn };
        cluster.control(&[&["start"], settings].concat());
        cluster
    }

    fn script(words: &[&str], folder: &std::path::Path) -> std::process::ExitStatus {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/slurm.sh");
        let mut command = Command::new(script);
        command.arg(words[0]).arg(folder).args(&words[1..]).stdin(Stdio::null());
        command.status().expect("the script runs")
    }

    /// Calls `tests/slurm.sh` with its act, and what follows the folder.
    pub(super) fn control(&self, words: &[&str]) {
        assert!(Self::script(words, self.dir.path()).success(), "{words:?}");
    }

    /// The binary in a project, for this cluster. Nothing of the user's is looked at.
    pub(super) fn command(&self, project: &Project, words: &[&str]) -> Command {
        let mut command = project.command(words);
        command.env("SLURM_CONF", self.dir.path().join("slurm.conf"));
        command.env("XDG_CONFIG_HOME", project.path("config"));
        command.stdin(Stdio::null());
        command
    }

    /// Runs the project's pipeline on the cluster, every step however small.
    pub(super) fn run(&self, project: &Project, settings: &[&str]) -> Ran {
        Ran::from(self.command(project, &on(settings)).output().expect("the binary runs"))
    }

    /// Starts that.
    pub(super) fn begin(&self, project: &Project, settings: &[&str]) -> Child {
        let mut command = self.command(project, &on(settings));
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary runs")
    }

    /// What one of Slurm's own commands prints.
    pub(super) fn says(&self, words: &[&str]) -> String {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env("SLURM_CONF", self.dir.path().join("slurm.conf"));
        let output = command.stdin(Stdio::null()).output().expect("it is installed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Self::script(&["stop"], self.dir.path());
    }
}

fn on<'a>(settings: &[&'a str]) -> Vec<&'a str> {
    let all = [&["send_from=1"], settings].concat();
    [&["pipeline.yaml", "--seed", "3", "--on", "slurm"][..], &set(&all)].concat()
}

/// How a run has ended, which must be well.
pub(super) fn ended_well(run: Child) -> String {
    let output = run.wait_with_output().expect("a child");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

/// Waits until there is something.
pub(super) fn until<T>(mut ready: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(it) = ready() {
            return it;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "it takes too long");
        std::thread::sleep(Duration::from_millis(10));
    }
}
