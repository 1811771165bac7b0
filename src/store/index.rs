//! The index says where a step's items lie in its segments, in the order of their indices. It knows no digests and
//! unpacks nothing.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::path::Path;

use super::endings::{BlockHead, BlockPlace, EndingKind, EndingSpan};
use super::notes::Notes;
use super::{Digest, paths, segment};

/// A commit as the database names it.
#[derive(Debug, Clone, Copy)]
pub(super) struct CommitRow {
    pub(super) place: BlockPlace,
    /// Number of its file.
    pub(super) segment: u32,
    /// Bytes of the blocks behind its results.
    pub(super) endings: u64,
    /// How many results it holds.
    pub(super) results: i64,
}

/// A commit that the database names and the segment confirms.
#[derive(Debug)]
struct Commit {
    place: BlockPlace,
    segment: u32,
    head: BlockHead,
}

/// Items with consecutive indices in one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CommitSpan {
    /// Index of the first, from 1.
    pub(super) first: u64,
    pub(super) count: u32,
    /// Which commit, and which of its rows is the first.
    pub(super) commit: u32,
    pub(super) row: u32,
    /// Items in all spans before.
    pub(super) before: u64,
}

/// Where the items of one step lie: its commits, and the spans of indices in them.
#[derive(Debug, Default)]
pub(super) struct StepIndex {
    files: BTreeMap<u32, File>,
    commits: Vec<Commit>,
    /// In the order of their indices, without overlaps.
    pub(super) spans: Vec<CommitSpan>,
    /// Results that the database names and no segment holds.
    pub(super) damaged: u64,
    /// What was left out, and why.
    pub(super) warnings: Vec<String>,
}

impl StepIndex {
    /// Reads what the commits of a step of the run in the folder `run` say of themselves.
    pub(super) fn open(run: &Path, step: &str, rows: Vec<CommitRow>) -> Self {
        let mut index = Self::default();
        for CommitRow { place, segment, endings, results } in rows {
            let file = index.file(run, step, segment);
            let head = file.and_then(|file| segment::read_head(file, place));
            match head.filter(|head| head.blocks_length() == endings) {
                Some(head) => index.commits.push(Commit { place, segment, head }),
                None => index.damaged += results.max(0) as u64,
            }
        }
        if index.damaged > 0 {
            let damaged = index.damaged;
            let text = format!("{damaged} results of step `{step}` in run `{}` are damaged", paths::id(run));
            index.warnings.push(text);
        }
        index.order();
        index
    }

    /// A segment, opened once.
    fn file(&mut self, run: &Path, step: &str, number: u32) -> Option<&File> {
        match self.files.entry(number) {
            Entry::Occupied(file) => Some(file.into_mut()),
            Entry::Vacant(place) => Some(place.insert(File::open(paths::segment(run, step, number)).ok()?)),
        }
    }

    /// Brings the spans into the order of their indices. Items that are there twice, which only damage explains,
    /// count once.
    fn order(&mut self) {
        for (commit, Commit { head, .. }) in self.commits.iter_mut().enumerate() {
            let mut row = 0;
            for EndingSpan { first, count } in std::mem::take(&mut head.spans) {
                self.spans.push(CommitSpan { first, count, commit: commit as u32, row, before: 0 });
                row += count;
            }
        }
        self.spans.sort_unstable_by_key(|span| (span.first, span.commit));
        let (mut next, mut before) = (0_u64, 0);
        self.spans.retain_mut(|span| {
            let double = next.saturating_sub(span.first).min(u64::from(span.count)) as u32;
            span.first += u64::from(double);
            (span.row, span.count) = (span.row + double, span.count - double);
            span.before = before;
            next = next.max(span.first + u64::from(span.count));
            before += u64::from(span.count);
            span.count > 0
        });
        self.spans.shrink_to_fit();
    }

    /// Items in all spans.
    pub(super) fn len(&self) -> u64 {
        self.spans.last().map_or(0, |span| span.before + u64::from(span.count))
    }

    /// The span of the item at `position`, counted from 0 over all spans.
    pub(super) fn span_at(&self, position: u64) -> Option<usize> {
        let at = self.spans.partition_point(|span| span.before <= position).checked_sub(1)?;
        (position - self.spans[at].before < u64::from(self.spans[at].count)).then_some(at)
    }

    /// The position of the item with this index.
    pub(super) fn position_of(&self, index: u64) -> Option<u64> {
        let at = self.spans.partition_point(|span| span.first <= index).checked_sub(1)?;
        let (span, within) = (&self.spans[at], index - self.spans[at].first);
        (within < u64::from(span.count)).then(|| span.before + within)
    }

    /// How the item in a row of a commit ended.
    pub(super) fn state(&self, commit: u32, row: u32) -> EndingKind {
        self.commits[commit as usize].head.state(row as usize)
    }

    /// How many commits there are.
    pub(super) fn commits(&self) -> u32 {
        self.commits.len() as u32
    }

    /// Items of a commit.
    pub(super) fn rows(&self, commit: u32) -> u32 {
        self.commits[commit as usize].head.rows
    }

    /// Whether the endings of a commit say which results they are about.
    pub(super) fn proves_results(&self, commit: u32) -> bool {
        self.commits[commit as usize].head.facts.is_some()
    }

    /// The digests of a commit; `None`: they are damaged.
    pub(super) fn digests(&self, commit: u32) -> Option<(Vec<Digest>, Vec<Digest>)> {
        let Commit { place, segment, head } = &self.commits[commit as usize];
        segment::read_digests(self.files.get(segment)?, *place, head)
    }

    /// The notes of a commit; `None`: they are damaged. Format 1 had none.
    pub(super) fn notes(&self, commit: u32) -> Option<Notes> {
        let Commit { place, segment, head } = &self.commits[commit as usize];
        if head.facts.is_none() {
            return Some(Notes::default());
        }
        segment::read_notes(self.files.get(segment)?, *place, head)
    }

    /// The unpacked results of a commit; `None`: they are damaged.
    pub(super) fn results(&self, commit: u32) -> Option<Vec<u8>> {
        let Commit { place, segment, head } = &self.commits[commit as usize];
        segment::read_results(self.files.get(segment)?, *place, head)
    }
}
