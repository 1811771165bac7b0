//! A project is a folder with files in which the real binary runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// A temporary folder that is gone with the test.
pub(crate) struct Project {
    dir: TempDir,
}

/// What a run of the binary left behind.
pub(crate) struct Ran {
    /// Exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Project {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().expect("a temporary folder") }
    }

    /// A folder with one pipeline, `pipeline.yaml`.
    pub(crate) fn with(pipeline: &str) -> Self {
        Self::new().file("pipeline.yaml", pipeline)
    }

    /// Adds a file; its folders are made.
    pub(crate) fn file(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("inside the folder")).expect("folders can be made");
        fs::write(path, text).expect("a file can be written");
        self
    }

    /// Adds `name` with the numbers 1 to `count` as `{"id":n}` lines.
    pub(crate) fn ids(self, name: &str, count: u64) -> Self {
        let lines: Vec<String> = (1..=count).map(|id| format!("{{\"id\":{id}}}\n")).collect();
        self.file(name, lines.concat())
    }

    /// A path inside the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The text of a file inside the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Whether a file is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The binary, about to run in the folder with these arguments.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        command_in(self.dir.path(), args)
    }

    /// Runs the binary.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::from(self.command(args).stdin(Stdio::null()).output().expect("the binary runs"))
    }

    /// Runs `pipeline.yaml`, which writes its failed items to `failed.jsonl`; kind and message of the only one there
    /// is, and the number of its attempts.
    #[track_caller]
    pub(crate) fn failure(&self) -> (String, String, u64) {
        let ran = self.run(&["pipeline.yaml"]).ok();
        let text = self.read("failed.jsonl");
        let record: Value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{error}\nfailed: {text}\nstderr: {}", ran.stderr));
        let text = |key: &str| record["error"][key].as_str().expect("text").to_owned();
        (text("kind"), text("message"), record["attempts"].as_u64().expect("a number"))
    }

    /// Runs `pipeline.yaml` with `--output json` and these options.
    pub(crate) fn json(&self, args: &[&str]) -> Summary {
        let mut all = vec!["pipeline.yaml", "--output", "json"];
        all.extend(args);
        let ran = self.run(&all);
        let value = serde_json::from_str(&ran.stdout)
            .unwrap_or_else(|error| panic!("{error}\nstdout: {}\nstderr: {}", ran.stdout, ran.stderr));
        Summary { code: ran.code, value, stderr: ran.stderr }
    }
}

/// A line of standard error without the time of day that begins it.
pub(crate) fn untimed(line: &str) -> &str {
    match line.split_once(' ') {
        Some((time, rest)) if time.len() == 20 && time.starts_with("20") && time.ends_with('Z') => rest,
        _ => line,
    }
}

/// The binary that is tested: the one that was built with the tests, or `FLOWRUN_BINARY`, such as an optimised one.
pub(crate) fn binary() -> &'static str {
    static BINARY: OnceLock<String> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var("FLOWRUN_BINARY") {
        Ok(path) => path,
        Err(_) => env!("CARGO_BIN_EXE_flowrun").to_owned(),
    })
}

/// The binary, about to run in `dir`.
pub(crate) fn command_in(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(args).current_dir(dir);
    for name in ["NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "GITHUB_ACTIONS"] {
        command.env_remove(name);
    }
    command
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    /// Fails the test unless the run succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

/// The object of `--output json`.
pub(crate) struct Summary {
    pub(crate) code: i32,
    pub(crate) value: Value,
    pub(crate) stderr: String,
}

impl Summary {
    /// The entry of a step.
    #[track_caller]
    pub(crate) fn step(&self, id: &str) -> &Value {
        let steps = self.value["steps"].as_array().expect("steps is a list");
        steps.iter().find(|step| step["id"] == id).unwrap_or_else(|| panic!("no step {id} in {}", self.value))
    }

    /// `[successes, failures, skipped, cancelled]` of a step, after checking that they add up to its total.
    #[track_caller]
    pub(crate) fn counts(&self, id: &str) -> [u64; 4] {
        let step = self.step(id);
        let count = |key: &str| step[key].as_u64().unwrap_or_else(|| panic!("{key} of {step}"));
        let counts = ["successes", "failures", "skipped", "cancelled"].map(count);
        assert_eq!(counts.iter().sum::<u64>(), count("total"), "{step}");
        counts
    }

    /// The status of a step.
    #[track_caller]
    pub(crate) fn status(&self, id: &str) -> &str {
        self.step(id)["status"].as_str().expect("a status is text")
    }
}

/// What a shell that has `flowrun` on its path does in a folder.
pub(crate) fn shell(folder: &Path, command: &str) -> Ran {
    let bin = Path::new(binary()).parent().expect("a folder");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.args(["-ec", command]).current_dir(folder).env("PATH", path);
    Ran::from(shell.output().expect("a shell"))
}

/// A text of YAML.
pub(crate) fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).expect("YAML")
}
