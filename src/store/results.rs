//! This module reads the results of a step back in the order of their items. It does not ask whether they may be used
//! again.

use super::endings::EndingKind;
use super::frames::Frames;
use super::index::StepIndex;
use super::line::{self, ResultLine};
use super::{Digest, LinesPerItem};

/// The results of one step, in the order of their items. Holds one unpacked commit or a few, whatever the step's
/// size.
#[derive(Debug)]
pub struct Results {
    index: StepIndex,
    frames: Frames,
    shape: LinesPerItem,
    /// Where the next item is: a span and a place in it.
    span: usize,
    at: u32,
    damaged: u64,
    /// When keys are asked for: a commit, and what its items are known by.
    identities: Option<(u32, Vec<Digest>)>,
    /// The key of the last item, in quotes.
    key: Vec<u8>,
}

impl Results {
    pub(super) fn new(index: StepIndex, shape: LinesPerItem) -> Self {
        let (frames, key) = (Frames::default(), Vec::new());
        let damaged = index.damaged;
        Self { index, frames, shape, span: 0, at: 0, damaged, identities: None, key }
    }

    /// The same, with a key for each item also where it is known by its content: the digest. It is `None` where that is
    /// damaged.
    #[must_use]
    pub fn with_keys(self) -> Self {
        Self { identities: Some((u32::MAX, Vec::new())), ..self }
    }

    /// How many results an item has.
    pub fn shape(&self) -> LinesPerItem {
        self.shape
    }

    /// What is wrong with the files.
    pub fn warnings(&self) -> &[String] {
        &self.index.warnings
    }

    /// Results that cannot be read: those of whole commits that are not there, and single ones so far.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// The next item that succeeded.
    #[expect(clippy::should_implement_trait, reason = "what it gives borrows from the reader")]
    pub fn next(&mut self) -> Option<ResultLine<'_>> {
        let (commit, row) = loop {
            let (commit, row, index) = self.succeeded()?;
            let line = self.frames.line(&self.index, commit, row).and_then(line::parse);
            if line.is_some_and(|line| line.index == index) {
                break (commit, row);
            }
            self.damaged += 1;
        };
        self.find_key(commit, row);
        let mut line = self.frames.line(&self.index, commit, row).and_then(line::parse)?;
        line.key = line.key.or((!self.key.is_empty()).then_some(self.key.as_slice()));
        Some(line)
    }

    /// Looks up what an item is known by, when keys are asked for.
    fn find_key(&mut self, commit: u32, row: u32) {
        let Some((at, identities)) = &mut self.identities else { return };
        if *at != commit {
            let digests = self.index.digests(commit);
            (*at, *identities) = (commit, digests.map(|(identities, _)| identities).unwrap_or_default());
        }
        let digest = identities.get(row as usize);
        self.key = digest.map(|digest| format!("\"{digest}\"").into_bytes()).unwrap_or_default();
    }

    /// Appends result lines of whole items until `out` holds `bytes_max`; `false`: there are no more.
    pub fn read(&mut self, bytes_max: usize, out: &mut Vec<u8>) -> bool {
        let shape = self.shape;
        while out.len() < bytes_max {
            let Some((commit, row, index)) = self.succeeded() else { return false };
            let line = self.frames.line(&self.index, commit, row).and_then(line::parse);
            let value = line.filter(|line| line.index == index).map(|line| line.value);
            let spread =
                value.and_then(|value| value.map_or(Some(0), |value| line::spread(out, shape, value)));
            self.damaged += u64::from(spread.is_none());
        }
        true
    }

    /// Leaves out the next `count` items that succeeded.
    pub fn skip(&mut self, count: u64) {
        let mut left = count;
        while left > 0 {
            let Some((commit, row, _)) = self.step() else { return };
            left -= u64::from(self.index.state(commit, row) == EndingKind::Succeeded);
        }
    }

    /// The next item that succeeded: commit, row, index.
    fn succeeded(&mut self) -> Option<(u32, u32, u64)> {
        loop {
            let (commit, row, index) = self.step()?;
            if self.index.state(commit, row) == EndingKind::Succeeded {
                return Some((commit, row, index));
            }
        }
    }

    /// The next item: commit, row, index.
    fn step(&mut self) -> Option<(u32, u32, u64)> {
        let mut span = self.index.spans.get(self.span)?;
        if self.at == span.count {
            (self.span, self.at) = (self.span + 1, 0);
            span = self.index.spans.get(self.span)?;
        }
        let at = self.at;
        self.at += 1;
        Some((span.commit, span.row + at, span.first + u64::from(at)))
    }
}
