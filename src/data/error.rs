//! These errors are what can go wrong with files of items: with one row, or with the file.

use std::path::PathBuf;

/// Characters of a bad row's text that are kept.
const TEXT_CHARS_MAX: usize = 200;

/// What is done with an archive.
pub(super) const DECOMPRESS: &str = "decompress";

/// A row that cannot be read: a failed item of its source, not the end of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Position among the rows of the source, from 1.
    pub index: u64,
    /// The file as the user would name it.
    pub file: String,
    /// Line in that file, from 1.
    pub line: u64,
    /// What is wrong, lower case, no period.
    pub message: String,
    /// The row's text, shortened.
    pub text: String,
}

impl BadRow {
    /// A row with what is wrong with it; `text` is shortened here.
    pub fn new(index: u64, file: &str, line: u64, message: impl Into<String>, text: &[u8]) -> Self {
        // Four bytes a character at most; what is cut in two at the end falls to the shortening.
        let start = &text[..text.len().min(4 * TEXT_CHARS_MAX + 4)];
        let start = String::from_utf8_lossy(start);
        let start = start.trim_end_matches(['\r', '\n']);
        let mut short: String = start.chars().take(TEXT_CHARS_MAX).collect();
        if short.len() < start.len() {
            short.push('…');
        }
        Self { index, file: file.to_string(), line, message: message.into(), text: short }
    }
}

/// What is wrong with a row, and which lines it takes where it takes more than one.
pub(super) fn with_lines(message: String, first: u64, last: u64) -> String {
    match last.saturating_sub(first) {
        0 => message,
        more => format!("{message}; the row takes {} lines, {first} to {last}", more + 1),
    }
}

/// A file that cannot be read or written any further.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The operating system refused.
    #[error("cannot {intent} `{}`: {source}", path.display())]
    Io {
        /// `open`, `read`, `write`, …
        intent: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file's content is not what its format says, beyond one row.
    #[error("{file}:{line}: {message}")]
    Content {
        /// The file as the user would name it.
        file: String,
        /// Line, from 1.
        line: u64,
        /// What is wrong.
        message: String,
    },
    /// An item cannot be written in the format of the file.
    #[error("cannot write item {item} to `{file}`: {message}")]
    Item {
        /// The file as the user would name it.
        file: String,
        /// Position among the items written, from 1.
        item: u64,
        /// What is wrong.
        message: String,
    },
    /// A source is not the one any more that a position was noted in.
    #[error("`{file}` is not what it was when its rows were counted: {message}")]
    Changed {
        /// The file or the pattern as the user would name it.
        file: String,
        /// What is different.
        message: String,
    },
    /// The pattern or the format cannot be used.
    #[error("{0}")]
    Usage(String),
}

impl DataError {
    /// The same, where an archive that is broken was read up to a line.
    pub(super) fn at_line(self, line: u64) -> Self {
        match self {
            Self::Io { intent: DECOMPRESS, path, source } => {
                let (file, message) = (path.display().to_string(), format!("cannot {DECOMPRESS}: {source}"));
                Self::Content { file, line, message }
            }
            other => other,
        }
    }

    /// Whether the reader of what is written has gone away (`| head`).
    pub fn is_reader_gone(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe)
    }
}
