//! A finding says where the parser stopped, in words for people, and how to go on.

use std::ops::Range;

use granit_parser::ErrorKind;

use crate::source::Span;

/// A fault of the YAML.
pub(in crate::spec::tree) struct Fault {
    pub(in crate::spec::tree) code: &'static str,
    pub(in crate::spec::tree) message: String,
    pub(in crate::spec::tree) span: Span,
    pub(in crate::spec::tree) label: String,
    pub(in crate::spec::tree) help: Option<String>,
    pub(in crate::spec::tree) mend: Mend,
}

/// How to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spec::tree) enum Mend {
    /// Replace bytes.
    Replace(Vec<(Range<usize>, String)>),
    /// Leave out the content of this line.
    Drop(Range<usize>),
    /// Not at all: a limit was passed.
    Stop,
}

/// Where and how the parser stopped.
pub(in crate::spec::tree) struct Place<'a> {
    pub(in crate::spec::tree) text: &'a str,
    pub(in crate::spec::tree) kind: &'a ErrorKind,
    pub(in crate::spec::tree) at: usize,
    pub(in crate::spec::tree) read_to: usize,
    pub(in crate::spec::tree) open: &'a [usize],
}

pub(super) fn insert(at: usize, text: &str) -> Mend {
    Mend::Replace(vec![(at..at, text.to_owned())])
}
