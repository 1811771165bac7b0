//! The commands of an engine may be shell lines of the user's.

use std::process::Command;
use std::time::Duration;

use super::child::{Allowance, Answer, answer};

/// What a line may take.
const ALLOWANCE: Allowance =
    Allowance { time: Duration::from_secs(30), printed_max: 64 * 1024, hopeless: None };

/// Runs a shell line; `None`: it did not end in time, or the system did not start it.
pub(super) fn ask(line: &str) -> Option<Answer> {
    answer(Command::new("/bin/sh").arg("-c").arg(line), "", ALLOWANCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::shell_word;

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
            let answer = ask(&format!("printf %s {}", shell_word(word))).expect("a shell");
            assert_eq!(answer.printed, word);
        }
    }
}
