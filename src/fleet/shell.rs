//! The commands of an engine are shell lines of the user's. They are given some seconds, because a scheduler that hangs must
//! not hold up a run.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// What is read of what it prints.
const PRINTED_MAX: u64 = 64 * 1024;

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

/// Runs a shell line; `None`: it did not end in time, or the system did not start it.
pub(super) fn ask(line: &str) -> Option<Answer> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().ok()?;
    let (printed, complaint) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let is_good = wait(&mut child)?;
    Some(Answer { is_good, printed: text(printed), complaint: text(complaint) })
}

/// Reads a pipe to its end, beside others.
fn reader(pipe: Option<impl std::io::Read + Send + 'static>) -> Option<std::sync::mpsc::Receiver<Vec<u8>>> {
    let pipe = pipe?;
    let (sender, receiver) = std::sync::mpsc::channel();
    let read = move || {
        let mut bytes = Vec::new();
        let _ = pipe.take(PRINTED_MAX).read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    };
    std::thread::Builder::new().name("engine".to_owned()).spawn(read).ok()?;
    Some(receiver)
}

/// What was read. A command that leaves a child behind with its pipe is not waited for.
fn text(read: Option<std::sync::mpsc::Receiver<Vec<u8>>>) -> String {
    let bytes = read.and_then(|read| read.recv_timeout(Duration::from_secs(1)).ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether it ended with 0; `None`: not in time.
fn wait(child: &mut Child) -> Option<bool> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().ok()? {
            return Some(status.success());
        }
        if begun.elapsed() >= PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// A word as the shell reads it back.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_says_what_it_has_come_to() {
        let answer = ask("echo one; echo two >&2").expect("a shell");
        assert_eq!((answer.is_good, &*answer.printed, &*answer.complaint), (true, "one\n", "two\n"));
        assert!(!ask("exit 3").expect("a shell").is_good);
        // A child that goes on does not hold it up.
        assert_eq!(ask("sleep 20 > /dev/null 2>&1 & echo 7").expect("a shell").printed, "7\n");
    }

    #[test]
    fn words_come_back_as_they_were() {
        for word in ["", "plain/word-1.x", "two words", "it's", "$HOME `x` \"y\" \\ *", "new\nline", "é"] {
            let answer = ask(&format!("printf %s {}", quoted(word))).expect("a shell");
            assert_eq!(answer.printed, word);
        }
    }
}
