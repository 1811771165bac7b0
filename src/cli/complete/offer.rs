//! An offer is a word that may stand at the cursor, with what shells show beside it.

use clap_complete::engine::CompletionCandidate;

use crate::value::{printable, shell_word};

/// A word, and what it is. The words are names from files: some shells write them into the line as they are.
pub(super) fn offer(word: &str, about: &str) -> CompletionCandidate {
    let about = printable(about);
    CompletionCandidate::new(word).help((!about.is_empty()).then(|| about.into_owned().into()))
}

/// Whether a shell reads a text as one word that stands for itself.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty() && shell_word(text) == text
}
