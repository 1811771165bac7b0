//! A finding says where the parser stopped, in words for people, and how to go on.

use std::ops::Range;

use granit_parser::ErrorKind;

use crate::source::Span;

/// A fault of the YAML.
pub(in crate::config::tree) struct YamlFault {
    pub(in crate::config::tree) code: &'static str,
    pub(in crate::config::tree) message: String,
    pub(in crate::config::tree) span: Span,
    pub(in crate::config::tree) label: String,
    pub(in crate::config::tree) help: Option<String>,
    pub(in crate::config::tree) mend: Mend,
}

/// How to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config::tree) enum Mend {
    /// Replace bytes.
    Replace(Vec<(Range<usize>, String)>),
    /// Leave out the content of this line.
    Drop(Range<usize>),
    /// Not at all: a limit was passed.
    Stop,
}

/// Where and how the parser stopped.
pub(in crate::config::tree) struct StopPlace<'a> {
    pub(in crate::config::tree) text: &'a str,
    pub(in crate::config::tree) kind: &'a ErrorKind,
    pub(in crate::config::tree) at: usize,
    pub(in crate::config::tree) read_to: usize,
    pub(in crate::config::tree) open: &'a [usize],
}

pub(super) fn insert(at: usize, text: &str) -> Mend {
    Mend::Replace(vec![(at..at, text.to_owned())])
}
