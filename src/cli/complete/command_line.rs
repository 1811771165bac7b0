//! The command line is what has been written so far. It is read as far as it makes sense.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{ArgMatches, CommandFactory};

use crate::cli::args::Arguments;

/// Stands in the place of the word that is being written, so that the words around it keep theirs. It is a good value of
/// every option that is completed.
const WRITTEN: &str = "_=_";

/// The words of the line, and which of them is being written.
pub(super) struct Words {
    words: Vec<OsString>,
    at: usize,
}

impl Words {
    /// As shells hand them over: behind `--`, with the place in the environment unless it is the last one.
    pub(super) fn of_process() -> Self {
        let words: Vec<OsString> = env::args_os().skip_while(|word| word != "--").skip(1).collect();
        let at = env::var("_CLAP_COMPLETE_INDEX").ok().and_then(|at| at.parse().ok());
        Self { at: at.unwrap_or(words.len().saturating_sub(1)), words }
    }

    /// The words without the one that is being written.
    fn others(&self) -> Vec<OsString> {
        let mut words = self.words.clone();
        match words.get(self.at) {
            Some(word) if word.as_encoded_bytes().starts_with(b"-") => drop(words.remove(self.at)),
            Some(_) => words[self.at] = WRITTEN.into(),
            // Some shells leave an empty word out.
            None => words.push(WRITTEN.into()),
        }
        words
    }
}

/// The values of the arguments of the command that is being written.
pub(super) struct CommandLine(ArgMatches);

impl CommandLine {
    /// Reads the line; `None`: there is nothing to be made of it.
    pub(super) fn read(words: &Words) -> Option<Self> {
        let command = Arguments::command().ignore_errors(true);
        let mut matches = command.try_get_matches_from(words.others()).ok()?;
        while let Some((_, inner)) = matches.remove_subcommand() {
            matches = inner;
        }
        Some(Self(matches))
    }

    /// Whether an argument was given.
    pub(super) fn has(&self, argument: &str) -> bool {
        self.value(argument).is_some()
    }

    /// The first value of an argument, as it was written.
    pub(super) fn value(&self, argument: &str) -> Option<&OsStr> {
        let values = self.0.try_get_raw(argument).ok().flatten()?;
        values.into_iter().find(|value| *value != WRITTEN)
    }

    /// The first of these arguments that has a value, as a path.
    pub(super) fn path(&self, arguments: &[&str]) -> Option<PathBuf> {
        arguments.iter().find_map(|argument| self.value(argument)).map(PathBuf::from)
    }
}
