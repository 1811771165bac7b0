//! This module installs the programs that the tests against editors drive: pinned in `tests/editors`, and installed
//! from there by the first test that needs them.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value};

/// `.ci/run` sets it: a machine without Node.js or Python is then a failure.
const REQUIRED: &str = "FLOWRUN_EDITORS";

/// The oldest Node.js that the pinned packages run on.
const NODE_OLDEST: u32 = 18;

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/editors")
}

/// A file of an installed npm package, or `None` on a machine without Node.js.
pub(crate) fn node_module(path: &str) -> Option<PathBuf> {
    let version = said("node", &["--version"]);
    let major =
        version.as_deref().and_then(|text| text.trim_start_matches('v').split('.').next()?.parse().ok());
    if major.is_none_or(|major: u32| major < NODE_OLDEST) || said("npm", &["--version"]).is_none() {
        return not_run(&format!("Node.js {NODE_OLDEST} or newer with npm"), "apt-get install nodejs npm");
    }
    let modules = home().join("node_modules");
    let _lock = lock();
    if !is_installed(&modules) {
        let prefix = home();
        let npm = ["ci", "--no-audit", "--no-fund", "--prefix"];
        install("npm ci --prefix tests/editors", Command::new("npm").args(npm).arg(prefix));
    }
    let path = modules.join(path);
    assert!(path.is_file(), "{} is missing; run `npm ci --prefix tests/editors`", path.display());
    Some(path)
}

/// A program of the Python environment, or `None` on a machine where none can be made.
pub(crate) fn python_program(name: &str) -> Option<PathBuf> {
    if said("python3", &["-c", "import venv, ensurepip"]).is_none() {
        return not_run("Python 3 with `venv`", "apt-get install python3-venv");
    }
    let _lock = lock();
    let wanted = home().join("requirements.txt");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("editors-python");
    let program = folder.join("bin").join(name);
    // Written last, so an installation that was cut off is made anew.
    let stamp = folder.join("requirements.txt");
    if !program.is_file() || fs::read(&stamp).ok() != fs::read(&wanted).ok() {
        install("python3 -m venv", Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        let pip = folder.join("bin/pip");
        let arguments = ["install", "--quiet", "--disable-pip-version-check", "-r"];
        install(
            "pip install -r tests/editors/requirements.txt",
            Command::new(pip).args(arguments).arg(&wanted),
        );
        fs::copy(&wanted, &stamp).expect("the stamp can be written");
    }
    Some(program)
}

/// What a program prints, or `None` when it is not there or fails.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether npm has put there what the lock file names: npm leaves a copy of the part that it installed.
fn is_installed(modules: &Path) -> bool {
    let packages = |path: PathBuf| -> Option<Map<String, Value>> {
        let lock: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        let mut packages = lock["packages"].as_object()?.clone();
        packages.shift_remove("");
        packages.values_mut().for_each(|package| *package = package["integrity"].take());
        Some(packages)
    };
    let wanted = packages(home().join("package-lock.json"));
    assert!(wanted.is_some(), "`package-lock.json` is a lock file");
    packages(modules.join(".package-lock.json")) == wanted
}

/// Held while something is installed: tests run side by side, also in processes of their own.
fn lock() -> File {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("editors.lock");
    let file = File::create(path).expect("the lock file can be made");
    file.lock().expect("files can be locked");
    file
}

#[track_caller]
fn install(what: &str, command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("`{what}` does not start: {error}"));
    assert!(
        output.status.success(),
        "`{what}` fails, and the tests against editors need what it installs:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Says that a test cannot run here, past what the test runner captures.
fn not_run<T>(needed: &str, command: &str) -> Option<T> {
    assert!(std::env::var_os(REQUIRED).is_none(), "no {needed}; run `{command}`");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let line = format!("NOT RUN: {test} needs {needed} (`{command}`)\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
    None
}
