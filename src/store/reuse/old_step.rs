//! An old step is one step of one old run: it says whose occurrence comes next, and how it ended.

use super::answer::{Ended, NewItems, Reused};
use super::table::UnclaimedItems;
use crate::store::endings::EndingKind;
use crate::store::frames::Frames;
use crate::store::index::StepIndex;
use crate::store::{Digest, LinesPerItem, StoreError, StoredRun};

/// Commits whose digests are at hand: those that overlap, and the one behind.
const DIGESTS_MAX: usize = 4;

/// The digests of one commit.
#[derive(Debug)]
struct Digests {
    commit: u32,
    identities: Vec<Digest>,
    contents: Vec<Digest>,
}

/// Where an old item lies.
struct Old {
    commit: u32,
    row: u32,
    index: u64,
}

/// One step of an old run, and which of its items new items have claimed.
#[derive(Debug)]
pub(super) struct OldStep {
    run: StoredRun,
    step: String,
    index: StepIndex,
    frames: Frames,
    /// Those of the last few commits.
    digests: Vec<Digests>,
    /// One bit an item, by position.
    claimed: Vec<u64>,
    claims: u64,
    /// The first position that is not claimed, and the span it is in.
    next: u64,
    next_span: usize,
    next_identity: Option<(u64, Option<Digest>)>,
    /// Made when the order of the items turns out to be another one.
    table: Option<UnclaimedItems>,
    warnings: Vec<String>,
}

impl OldStep {
    pub(super) fn open(run: StoredRun, step: &str) -> Result<Self, StoreError> {
        let index = run.index(step)?;
        let warnings = run.warnings().iter().chain(&index.warnings).cloned().collect();
        let claimed = vec![0; index.len().div_ceil(64) as usize];
        let step = step.to_owned();
        let frames = Frames::default();
        Ok(Self {
            run,
            step,
            index,
            frames,
            digests: Vec::new(),
            claimed,
            claims: 0,
            next: 0,
            next_span: 0,
            next_identity: None,
            table: None,
            warnings,
        })
    }

    pub(super) fn len(&self) -> u64 {
        self.index.len()
    }

    pub(super) fn left(&self) -> u64 {
        self.index.len() - self.claims
    }

    pub(super) fn warnings(&self) -> impl Iterator<Item = &str> {
        self.warnings.iter().map(String::as_str)
    }

    /// The position of the old item that the new item at `at` takes over.
    pub(super) fn claim(&mut self, items: &NewItems<'_>, at: usize) -> Option<u64> {
        let (new_index, identity) = (items.first + at as u64, items.identities[at]);
        let position = self.find(identity)?;
        let at_span = self.span_of(position)?;
        let span = self.index.spans[at_span];
        let old_index = span.first + (position - span.before);
        // The old run had not come to the end of what stood here, and this is a later item with the same identity. If
        // the new item at the later place has it too, the two are repeats, and the later one's result is not this
        // one's.
        if old_index > new_index && self.index.position_of(new_index).is_none() {
            let owner = usize::try_from(old_index - items.first).ok();
            if owner.and_then(|at| items.identities.get(at)) == Some(&identity) {
                return None;
            }
        }
        self.claimed[(position / 64) as usize] |= 1 << (position % 64);
        self.claims += 1;
        while self.next < self.index.len() && is_claimed(&self.claimed, self.next) {
            self.next += 1;
        }
        Some(position)
    }

    /// The first unclaimed item with an identity.
    fn find(&mut self, identity: Digest) -> Option<u64> {
        if self.next >= self.index.len() {
            return None;
        }
        // As long as nothing was moved, inserted or dropped this is it, and no table is needed.
        if self.next_identity() == Some(identity) {
            return Some(self.next);
        }
        let mut table = match self.table.take() {
            Some(table) => table,
            None => self.build_table(),
        };
        let claimed = std::mem::take(&mut self.claimed);
        let found = table.find(identity, &|position| is_claimed(&claimed, position), &mut |position| {
            self.identity(position) == Some(identity)
        });
        (self.claimed, self.table) = (claimed, Some(table));
        found
    }

    fn build_table(&mut self) -> UnclaimedItems {
        UnclaimedItems::build(self.index.len(), &mut |show| {
            for at in 0..self.index.spans.len() {
                let span = self.index.spans[at];
                let digests = self.digests(span.commit);
                let rows = span.row as usize..(span.row + span.count) as usize;
                // A damaged commit has none, and its items are run again.
                for (position, identity) in
                    (span.before..).zip(digests.identities.get(rows).unwrap_or_default())
                {
                    show(position, *identity);
                }
            }
        })
    }

    /// The span of a position; mostly that of the next one.
    fn span_of(&mut self, position: u64) -> Option<usize> {
        let holds = |at: usize| {
            let span = self.index.spans.get(at);
            span.is_some_and(|span| position >= span.before && position - span.before < u64::from(span.count))
        };
        if holds(self.next_span) {
            return Some(self.next_span);
        }
        let at = if holds(self.next_span + 1) { self.next_span + 1 } else { self.index.span_at(position)? };
        self.next_span = at;
        Some(at)
    }

    fn identity(&mut self, position: u64) -> Option<Digest> {
        let at = self.span_of(position)?;
        let span = self.index.spans[at];
        let row = span.row as usize + (position - span.before) as usize;
        self.digests(span.commit).identities.get(row).copied()
    }

    /// The identity of the first item that is not claimed.
    fn next_identity(&mut self) -> Option<Digest> {
        match self.next_identity {
            Some((position, identity)) if position == self.next => identity,
            _ => {
                let identity = self.identity(self.next);
                self.next_identity = Some((self.next, identity));
                identity
            }
        }
    }

    /// The digests of a commit; none when they are damaged.
    fn digests(&mut self, commit: u32) -> &Digests {
        if self.digests.last().is_none_or(|digests| digests.commit != commit) {
            let kept = self.digests.iter().position(|digests| digests.commit == commit);
            let digests = match kept {
                Some(at) => self.digests.remove(at),
                None => self.read_digests(commit),
            };
            if self.digests.len() == DIGESTS_MAX {
                self.digests.remove(0);
            }
            self.digests.push(digests);
        }
        self.digests.last().expect("pushed above")
    }

    fn read_digests(&mut self, commit: u32) -> Digests {
        let read = self.index.digests(commit);
        if read.is_none() {
            self.warn(&format!("{} items", self.index.rows(commit)));
        }
        let (identities, contents) = read.unwrap_or_default();
        Digests { commit, identities, contents }
    }

    fn warn(&mut self, what: &str) {
        let run = &self.run.record().id;
        let warning = format!("{what} of step `{}` in run `{run}` are damaged and run again", self.step);
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Where the item at a position lies.
    fn old(&mut self, position: u64) -> Option<Old> {
        let span = self.span_of(position).map(|at| self.index.spans[at])?;
        let within = (position - span.before) as u32;
        Some(Old { commit: span.commit, row: span.row + within, index: span.first + u64::from(within) })
    }

    /// Whether an item has the key of a new one, and another content.
    fn is_changed(&mut self, commit: u32, row: u32, content: &Digest) -> bool {
        let digests = self.digests(commit);
        !digests.contents.is_empty() && digests.contents.get(row as usize) != Some(content)
    }

    /// How the item at a claimed position ended, its result left alone.
    pub(super) fn ended(&mut self, position: u64, items: &NewItems<'_>, at: usize) -> Ended {
        let Some(Old { commit, row, .. }) = self.old(position) else { return Ended::Open };
        if self.is_changed(commit, row, &items.contents[at]) {
            return Ended::Changed;
        }
        match self.index.state(commit, row) {
            EndingKind::Succeeded | EndingKind::Skipped => Ended::Well,
            EndingKind::Failed => Ended::Failed,
            EndingKind::FailedForGood => Ended::FailedForGood,
        }
    }

    /// How the item at a claimed position ended.
    pub(super) fn ending(
        &mut self,
        position: u64,
        items: &NewItems<'_>,
        at: usize,
        shape: LinesPerItem,
        out: &mut Vec<u8>,
    ) -> Result<Reused, StoreError> {
        let Some(Old { commit, row, index }) = self.old(position) else { return Ok(Reused::New) };
        if self.is_changed(commit, row, &items.contents[at]) {
            return Ok(Reused::Changed);
        }
        match self.index.state(commit, row) {
            EndingKind::Succeeded => {
                let item = (index, items.contents[at]);
                let lines = self.frames.result(&self.index, (commit, row), item, (shape, out));
                if lines.is_none() {
                    self.warn("some results");
                }
                Ok(lines.map_or(Reused::Damaged, |lines| Reused::Result { lines }))
            }
            EndingKind::Skipped => Ok(Reused::Skipped(self.run.skip_reason(&self.step, index)?)),
            EndingKind::Failed => Ok(Reused::Failed),
            EndingKind::FailedForGood => {
                let failure = self.run.failure(&self.step, index)?;
                Ok(failure.map_or(Reused::Failed, |failure| Reused::FailedForGood(Box::new(failure.item))))
            }
        }
    }
}

fn is_claimed(claimed: &[u64], position: u64) -> bool {
    claimed[(position / 64) as usize] & (1 << (position % 64)) != 0
}
