//! The commands of an engine are child processes. They are given some seconds, because a scheduler that hangs must not hold up
//! a run.

use std::io::{Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often it is looked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// What a child that was left behind with the pipe may still write in this time.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What a command is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    /// How long it may take.
    pub(super) time: Duration,
    /// What is read of what it prints.
    pub(super) printed_max: u64,
    /// Words of its complaint after which it is not waited for any more.
    pub(super) hopeless: Option<&'static str>,
}

/// What a command has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// Whether it ended with 0.
    pub(super) is_good: bool,
    /// What it has printed.
    pub(super) printed: String,
    /// What it has complained of.
    pub(super) complaint: String,
}

/// Runs a command with this on its standard input; `None`: it did not end in time, or the system did not start it.
pub(super) fn answer(command: &mut Command, input: &str, allowance: Allowance) -> Option<Answer> {
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    let printed = Stream::of(child.stdout.take()?, allowance.printed_max)?;
    let complaint = Stream::of(child.stderr.take()?, allowance.printed_max)?;
    // What a command does not read is its own affair.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let begun = Instant::now();
    let is_hopeless = || allowance.hopeless.is_some_and(|words| complaint.so_far().contains(words));
    let is_good = loop {
        if let Some(status) = child.try_wait().ok()? {
            break status.success();
        }
        if begun.elapsed() >= allowance.time || is_hopeless() {
            end(&mut child);
            return None;
        }
        std::thread::sleep(LOOK_EVERY);
    };
    Some(Answer { is_good, printed: printed.whole(), complaint: complaint.whole() })
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// A pipe that is read beside others.
struct Stream {
    read: Arc<Mutex<Vec<u8>>>,
    ended: Receiver<()>,
}

impl Stream {
    fn of(pipe: impl Read + Send + 'static, read_max: u64) -> Option<Self> {
        let read = Arc::new(Mutex::new(Vec::new()));
        let (sender, ended) = channel();
        let shared = Arc::clone(&read);
        let fill = move || {
            let (mut pipe, mut piece) = (pipe.take(read_max), [0; 4096]);
            while let Ok(length @ 1..) = pipe.read(&mut piece) {
                shared.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&piece[..length]);
            }
            let _ = sender.send(());
        };
        std::thread::Builder::new().name("engine".to_owned()).spawn(fill).ok()?;
        Some(Self { read, ended })
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.read.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// What was read. A command that leaves a child behind with its pipe is not waited for.
    fn whole(&self) -> String {
        let _ = self.ended.recv_timeout(LAST_WORDS);
        self.so_far()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str, input: &str, time: Duration, hopeless: Option<&'static str>) -> Option<Answer> {
        let allowance = Allowance { time, printed_max: 1000, hopeless };
        answer(Command::new("/bin/sh").args(["-c", line]), input, allowance)
    }

    #[test]
    fn a_command_is_given_its_input_and_so_much_time() {
        let long = Duration::from_secs(60);
        let said = run("cat; echo no >&2; exit 2", "yes", long, None).expect("a shell");
        assert_eq!(said, Answer { is_good: false, printed: "yes".into(), complaint: "no\n".into() });
        let begun = Instant::now();
        assert_eq!(run("exec sleep 60", "", Duration::from_millis(20), None), None);
        assert_eq!(run("echo sleeping and retrying >&2; exec sleep 60", "", long, Some("retrying")), None);
        assert!(begun.elapsed() < long / 2);
        let many = run("head -c 100000 /dev/zero", "", long, None).expect("a shell");
        assert_eq!(many.printed.len(), 1000, "more than may be read is not waited for");
    }
}
