//! This module keeps the last few unpacked results, so that neighbours are unpacked once. The reader knows what they
//! mean.

use super::endings::EndingKind;
use super::index::StepIndex;
use super::{Digest, LinesPerItem, line};

/// Unpacked bytes that are kept: some ten commits, for readers that jump between those that overlap.
const BYTES_MAX: usize = 16 << 20;

/// The lines of one commit.
#[derive(Debug)]
struct CommitFrame {
    commit: u32,
    text: Vec<u8>,
    /// Where the line of each row begins and ends; the same for rows without one. Empty when it is damaged.
    lines: Vec<(usize, usize)>,
}

/// The last few unpacked commits of one step.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// The one used last is the last.
    kept: Vec<CommitFrame>,
}

impl Frames {
    /// The line of a row that succeeded; `None`: it is damaged.
    pub(super) fn line(&mut self, index: &StepIndex, commit: u32, row: u32) -> Option<&[u8]> {
        if self.kept.last().is_none_or(|frame| frame.commit != commit) {
            self.fetch(index, commit);
        }
        let frame = self.kept.last()?;
        let (start, end) = *frame.lines.get(row as usize)?;
        frame.text.get(start..end).filter(|line| !line.is_empty())
    }

    /// Appends the result lines of a row that succeeded and says how many they are; `None`: they are damaged, or not those of
    /// the item with this index and content.
    pub(super) fn result(
        &mut self,
        index: &StepIndex,
        (commit, row): (u32, u32),
        (item, content): (u64, Digest),
        (shape, out): (LinesPerItem, &mut Vec<u8>),
    ) -> Option<u32> {
        // Later endings prove the results that they are about; those of format 1 do not.
        let is_proved = index.proves_results(commit);
        let line = line::parse(self.line(index, commit, row)?)?;
        if line.index != item || !(is_proved || line.is_of(content)) {
            return None;
        }
        line.value.map_or(Some(0), |value| line::spread(out, shape, value))
    }

    /// Makes the commit the last one.
    fn fetch(&mut self, index: &StepIndex, commit: u32) {
        if let Some(at) = self.kept.iter().position(|frame| frame.commit == commit) {
            let frame = self.kept.remove(at);
            return self.kept.push(frame);
        }
        let frame = CommitFrame::unpack(index, commit);
        let mut bytes = frame.text.len();
        let fits = self.kept.iter().rev().take_while(|frame| {
            bytes += frame.text.len();
            bytes <= BYTES_MAX
        });
        let stay = fits.count();
        self.kept.drain(..self.kept.len() - stay);
        self.kept.push(frame);
    }
}

impl CommitFrame {
    fn unpack(index: &StepIndex, commit: u32) -> Self {
        let text = index.results(commit).unwrap_or_default();
        let mut ends = memchr::memchr_iter(b'\n', &text).map(|at| at + 1);
        let mut start = 0;
        let mut lines = Vec::with_capacity(index.rows(commit) as usize);
        for row in 0..index.rows(commit) {
            if index.state(commit, row) != EndingKind::Succeeded {
                lines.push((start, start));
                continue;
            }
            let Some(end) = ends.next() else { break };
            lines.push((start, end));
            start = end;
        }
        Self { commit, text, lines }
    }
}
