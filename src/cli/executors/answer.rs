//! An engine answers when its own commands can be called. Each is given a bounded time: a cluster that is down says nothing.

use std::env;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::cli::console::Console;
use crate::config::{CommandEngine, ExecutorEngine};

/// How long an engine may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// How often a command is asked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Whether it answers, for people.
pub(super) fn of(engine: &ExecutorEngine, console: &Console) -> String {
    match engine {
        ExecutorEngine::Processes => "this machine".to_owned(),
        ExecutorEngine::Slurm(_) => slurm(console, ANSWER_LIMIT).unwrap_or_else(|reason| reason),
        ExecutorEngine::Command(command) => of_command(command, console),
        ExecutorEngine::Kubernetes(_) => "kind `kubernetes` is not built yet".to_owned(),
    }
}

/// Why nothing can be sent to it, as far as that is known beforehand.
pub(super) fn demand(engine: &ExecutorEngine, console: &Console) -> Result<(), String> {
    match engine {
        ExecutorEngine::Slurm(_) => slurm(console, ANSWER_LIMIT).map(|_| ()),
        ExecutorEngine::Processes | ExecutorEngine::Command(_) | ExecutorEngine::Kubernetes(_) => Ok(()),
    }
}

/// What Slurm says, or why it says nothing.
fn slurm(console: &Console, limit: Duration) -> Result<String, String> {
    let version = called(console, &["sbatch", "--version"], limit)?;
    if let Some(lacking) = ["squeue", "scancel"].into_iter().find(|name| find(name, console).is_none()) {
        return Err(not_found(lacking));
    }
    // Where the controller is down, `sbatch` still knows its version.
    let ping = called(console, &["scontrol", "ping"], limit)?;
    if ping.lines().any(|line| line.trim_end().ends_with("UP")) {
        Ok(format!("answers, {}", version.trim()))
    } else {
        Err(format!("does not answer: {}", ping.lines().next().unwrap_or_default()))
    }
}

/// How many tasks an array of Slurm has at most, where Slurm says so.
pub(in crate::cli) fn array_size(console: &Console) -> Option<u64> {
    let config = called(console, &["scontrol", "show", "config"], ANSWER_LIMIT).ok()?;
    let line = config.lines().find_map(|line| line.trim().strip_prefix("MaxArraySize"))?;
    line.trim_start().strip_prefix('=')?.trim().parse().ok()
}

/// Whether the program is there that submits: what it would say is unknown.
fn of_command(command: &CommandEngine, console: &Console) -> String {
    let word = command.submit.split_whitespace().next().unwrap_or_default();
    match find(word, console) {
        Some(path) => format!("`{word}` is {}", path.display()),
        None => not_found(word),
    }
}

fn not_found(program: &str) -> String {
    format!("`{program}` is not on the search path")
}

/// Where a program lies.
fn find(program: &str, console: &Console) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| path.is_file());
    }
    let folders = console.env.get("PATH").map(env::split_paths);
    folders.into_iter().flatten().map(|folder| folder.join(program)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

/// What a command prints, or why it says nothing.
fn called(console: &Console, words: &[&str], limit: Duration) -> Result<String, String> {
    let program = find(words[0], console).ok_or_else(|| not_found(words[0]))?;
    let said = words.join(" ");
    let mut child = Command::new(program)
        .args(&words[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`{said}` cannot be called: {error}"))?;
    if !has_ended(&mut child, limit) {
        // It may have ended just now.
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("`{said}` says nothing within {} s", limit.as_secs_f64()));
    }
    let status = child.wait().map_err(|error| format!("`{said}`: {error}"))?;
    let text = |stream: Option<&mut dyn Read>| {
        let mut bytes = Vec::new();
        // More than a pipe holds no command has written before it ended.
        let _ = stream.map(|stream| stream.take(1 << 16).read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let out = text(child.stdout.as_mut().map(|stream| stream as &mut dyn Read));
    let err = text(child.stderr.as_mut().map(|stream| stream as &mut dyn Read));
    if status.success() {
        return Ok(out);
    }
    Err(format!("`{said}` failed: {}", err.lines().chain(out.lines()).next().unwrap_or("no word")))
}

fn has_ended(child: &mut Child, limit: Duration) -> bool {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(None) if start.elapsed() < limit => thread::sleep(LOOK_EVERY),
            Ok(None) => return false,
            Ok(Some(_)) | Err(_) => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_does_not_end_is_ended() {
        let console = Console::of_process();
        let said = called(&console, &["sleep", "60"], Duration::from_millis(30));
        assert_eq!(said, Err("`sleep 60` says nothing within 0.03 s".to_owned()));
        let said = called(&console, &["sh", "-c", "echo a; echo b >&2; exit 3"], ANSWER_LIMIT);
        assert_eq!(said, Err("`sh -c echo a; echo b >&2; exit 3` failed: b".to_owned()));
        assert_eq!(called(&console, &["echo", "a"], ANSWER_LIMIT), Ok("a\n".to_owned()));
    }
}
