//! A diagnostic is one finding about a file: what is wrong, where, and what to do. The command line shows it.

use std::sync::Arc;

use super::{SourceFile, Span};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Nothing runs.
    Error,
    /// It runs, but somebody should look.
    Warning,
}

/// A place in the file with a few words on what is the matter there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is wrong here, lower case, no period.
    pub text: String,
}

/// One finding. The first label is the primary place; a finding without labels is about the whole file.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// `flowrun::unknown_key` and the like: stable, one fixture and one docs line each.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// Lower case, present tense, names in backticks, no period.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Places, the primary one first.
    pub labels: Vec<Label>,
    /// The file the labels point into.
    pub file: Arc<SourceFile>,
}

impl Diagnostic {
    /// A new error without labels or help.
    pub fn error(code: &'static str, file: &Arc<SourceFile>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            help: None,
            labels: Vec::new(),
            file: Arc::clone(file),
        }
    }

    /// A new warning without labels or help.
    pub fn warning(code: &'static str, file: &Arc<SourceFile>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, file, message) }
    }

    /// Adds a place; the first one added is the primary.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Where the finding stands, for sorting.
    pub fn start(&self) -> usize {
        self.labels.first().map_or(0, |label| label.span.start)
    }
}

/// Bytes of a name beyond which nobody looks for its like: to compare two names takes the product of their lengths.
const NEAREST_MAX: usize = 128;

/// The name among `names` that is nearest to `wanted`, when it is near enough to be a slip of the keyboard.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // One slip in a short name, `mpa` for `map` say, leaves little likeness.
    let is_slip = |likeness: f64, edits: usize, length: usize| {
        likeness > 0.8 && edits <= 1 + length / 3 || edits == 1 && length >= 3
    };
    let is_short = |name: &&str| wanted.len().max(name.len()) <= NEAREST_MAX;
    names
        .into_iter()
        .filter(is_short)
        .map(|name| (strsim::jaro_winkler(wanted, name), strsim::damerau_levenshtein(wanted, name), name))
        .filter(|(likeness, edits, name)| is_slip(*likeness, *edits, name.chars().count()))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, _, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_slips_and_refuses_strangers() {
        let names = ["retries", "concurrency", "timeout"];
        assert_eq!(nearest("retrys", names), Some("retries"));
        assert_eq!(nearest("concurency", names), Some("concurrency"));
        assert_eq!(nearest("banana", names), None);
        assert_eq!(nearest("mpa", ["map", "read"]), Some("map"));
        assert_eq!(nearest("ab", ["ac", "b"]), None);
        let long = "x".repeat(NEAREST_MAX);
        assert_eq!(nearest(&long, [long.as_str()]), Some(long.as_str()));
        assert_eq!(
            nearest(&format!("{long}x"), [long.as_str()]),
            None,
            "to compare long names takes too long"
        );
    }
}
