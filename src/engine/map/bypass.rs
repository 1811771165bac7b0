//! This module sorts the items that were read: those whose endings are known pass by the workers, the others are
//! offered to the scheduler.

use std::ops::Range;
use std::sync::Arc;

use super::own_ending::OwnEnding;
use super::reuse::KnownEnding;
use super::{Coordinator, StepFault};
use crate::data::{ChunkResults, DataError};
use crate::engine::failed_item;
use crate::event::Tally;
use crate::lua::Failure;
use crate::store::{ChunkEndings, Digest, Ending, FailedItem, ItemEnding, LinesPerItem, NewItems};
use crate::value::Chunk;

/// Items that run travel from here in chunks of this many at least; chunks get their final length when they start.
const FRESH_ITEMS: usize = 64;

/// Neighbouring items that pass by.
#[derive(Default)]
struct Bypassed {
    tally: Tally,
    out: Vec<u8>,
    emitted: u64,
    lines: Vec<u32>,
    failed: Vec<u8>,
    ends: Vec<ItemEnding>,
}

/// What becomes of neighbouring items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// They run.
    Run,
    /// They pass by, and the run's books hear of them.
    Pass,
    /// They stand in its books.
    Own,
}

impl Way {
    fn of(ending: &KnownEnding) -> Self {
        match ending {
            KnownEnding::Run => Self::Run,
            KnownEnding::Own(_) => Self::Own,
            _ => Self::Pass,
        }
    }
}

impl Coordinator<'_> {
    /// Takes items over that have ended in an old run, and those that have no key; offers the others.
    pub(super) fn sort_out(&mut self, chunk: Chunk, keyless: Vec<(usize, Failure)>) -> Result<(), StepFault> {
        self.leave_out_before(chunk.first);
        let mut all_keyless = keyless.into_iter().peekable();
        let mut contents = Vec::new();
        self.content.digests(&chunk, &mut contents);
        let keys: Vec<Digest> = chunk.keys.iter().map(|key| Digest::of_key(key)).collect();
        let identities = if chunk.keys.is_empty() { &contents } else { &keys };
        let items = NewItems { first: chunk.first, identities, contents: &contents };
        let mut known = self.reuse.take();
        let mut bypassed = Bypassed::default();
        // Where the neighbours begin that end like the item at hand, and what becomes of them.
        let (mut start, mut way) = (0, Way::Pass);
        for at in 0..chunk.len() {
            let condemned = known.as_ref().and_then(|known| known.condemned(chunk.first + at as u64));
            let keyless = all_keyless.next_if(|(keyless, _)| *keyless == at).map(|(_, failure)| failure);
            let is_keyless = keyless.is_some();
            let failure = condemned.or(keyless);
            let length = bypassed.out.len();
            let own = self.own.and_then(|own| OwnEnding::of(own, chunk.first + at as u64));
            let known_ending = match (own, &failure, &mut known) {
                (Some(ending), ..) => KnownEnding::Own(ending),
                (None, Some(failure), _) => KnownEnding::Failed(Box::new(not_run(&chunk, at, failure))),
                (None, None, Some(known)) => known.look(&items, at, &mut bypassed.out),
                (None, None, None) => KnownEnding::Run,
            };
            let goes = Way::of(&known_ending);
            if (goes == Way::Own || is_keyless)
                && let Some(known) = &mut known
            {
                known.claim(&items, at);
            }
            if at > start && goes != way {
                // Results of the item at hand belong to the neighbours that begin with it.
                let own = bypassed.out.split_off(length);
                let ended = std::mem::replace(&mut bypassed, Bypassed { out: own, ..Bypassed::default() });
                self.flush(&chunk, start..at, &contents, (way, ended))?;
                start = at;
            }
            way = goes;
            self.pass(&chunk, at, (at - start) as u32, known_ending, &mut bypassed);
        }
        self.reuse = known;
        self.flush(&chunk, start..chunk.len(), &contents, (way, bypassed))?;
        self.take_notes(&chunk)?;
        if self.spare_chunks.len() < self.limits.tasks {
            self.spare_chunks.push(chunk);
        }
        Ok(())
    }

    /// The input has ended: it must have been as long as the shards have counted.
    pub(super) fn all_gathered(&mut self) -> Result<(), StepFault> {
        let Some(reuse) = &mut self.reuse else { return Ok(()) };
        // A fault of the shards comes first.
        reuse.gathered()?;
        let (Some(items), given) = (reuse.counted_in_shards(), self.input.given()) else { return Ok(()) };
        if given == items {
            return Ok(());
        }
        let other =
            format!("the shards counted {items} items, and here are {given}; they need the same input");
        Err(StepFault::Data(DataError::Usage(other)))
    }

    /// Takes over what the shards say of items beside their endings: attempts that failed, and logs.
    fn take_notes(&mut self, chunk: &Chunk) -> Result<(), StepFault> {
        let Some(reuse) = &mut self.reuse else { return Ok(()) };
        let (Some(gathered), Some(journal)) = (reuse.gathered()?, &self.journal) else { return Ok(()) };
        let last = chunk.first + (chunk.len() as u64).saturating_sub(1);
        let (retried, logs) = gathered.notes(chunk.first, last)?;
        let tally = Tally { retried: retried.len() as u64, ..Tally::default() };
        for item in retried {
            journal.retried(item)?;
        }
        if !logs.is_empty() {
            journal.logs(logs)?;
        }
        self.scheduler.passed(&tally);
        Ok(())
    }

    /// Notes the ending of an item that passes by.
    fn pass(
        &mut self,
        chunk: &Chunk,
        at: usize,
        place: u32,
        known_ending: KnownEnding,
        bypassed: &mut Bypassed,
    ) {
        let index = chunk.first + at as u64;
        match known_ending {
            KnownEnding::Run => {}
            KnownEnding::Own(ending) => ending.count(&mut bypassed.tally),
            KnownEnding::Result { lines } => {
                bypassed.tally.succeeded += 1;
                bypassed.emitted += u64::from(lines);
                bypassed.lines.push(lines);
            }
            KnownEnding::Skipped(reason) => {
                bypassed.tally.skipped += 1;
                bypassed.ends.push(ItemEnding { at: place, how: Ending::Skipped(reason) });
            }
            KnownEnding::Left => {
                bypassed.tally.cancelled += 1;
                self.keep_cancelled(index, 1);
                bypassed.ends.push(ItemEnding { at: place, how: Ending::Open });
            }
            KnownEnding::Failed(item) => {
                bypassed.tally.failed += 1;
                self.tell_failure(index, &item, chunk.key(at), &mut bypassed.failed);
                bypassed.ends.push(ItemEnding { at: place, how: Ending::Failed(item) });
            }
        }
    }

    /// Gives on neighbouring items: those that pass, or else those that run.
    fn flush(
        &mut self,
        chunk: &Chunk,
        range: Range<usize>,
        contents: &[Digest],
        (way, bypassed): (Way, Bypassed),
    ) -> Result<(), StepFault> {
        if range.is_empty() {
            return Ok(());
        }
        let (first, count) = (chunk.first + range.start as u64, range.len() as u64);
        if way == Way::Run {
            // What is sent counts when it is committed.
            let step = self.size.items().max(FRESH_ITEMS);
            for start in range.clone().step_by(step) {
                let part = chunk.slice(start..(start + step).min(range.end));
                if self.sink.is_sent {
                    self.fresh.insert(part.first, part);
                } else {
                    self.offer(part);
                }
            }
            return Ok(());
        }
        let Bypassed { tally, out, emitted, lines, failed, ends } = bypassed;
        self.scheduler.passed(&tally);
        if let (Some(journal), Way::Pass) = (&self.journal, way) {
            let mut endings = journal.spare();
            endings.first = first;
            endings.contents.extend_from_slice(&contents[range.clone()]);
            self.keep_keys(&mut endings, chunk.keys.get(range).into_iter().flatten());
            endings.out.extend_from_slice(&out);
            if self.shape != LinesPerItem::One {
                endings.lines.extend(lines);
            }
            endings.ends.extend(ends);
            journal.push(endings)?;
        }
        self.sink.push(ChunkResults { first, count, out, emitted, failed })?;
        Ok(())
    }

    /// Tells everybody of an item that has failed for good.
    pub(super) fn tell_failure(
        &mut self,
        index: u64,
        item: &FailedItem,
        key: Option<&str>,
        failed: &mut Vec<u8>,
    ) {
        if self.context.roles.wants.errors {
            self.errors.push((index, Arc::clone(&item.message)));
        }
        if self.sink.keeps_failed() {
            let content = || failed_item::key(item.item.as_bytes());
            let given = |key: &str| self.context.mask().text(key).into_owned();
            failed_item::push_failed(failed, index, &key.map_or_else(content, given), item);
        }
        self.context.emit(failed_item::event(self.step.id, index, key, item));
    }

    /// Keeps keys as they may be shown, and by what their items are known.
    pub(super) fn keep_keys<'k>(&self, endings: &mut ChunkEndings, keys: impl Iterator<Item = &'k Box<str>>) {
        let mask = self.context.mask();
        if mask.is_empty() {
            endings.keys.extend(keys.cloned());
            return;
        }
        for key in keys {
            endings.identities.push(Digest::of_key(key));
            endings.keys.push(mask.text(key).into());
        }
    }

    /// Keeps that items were not run. What goes wrong stops the step by [`Context::fault`](crate::engine::context::Context::fault).
    pub(super) fn keep_cancelled(&self, first: u64, count: u64) {
        if let Some(journal) = &self.journal {
            let _ = journal.cancelled(first, count);
        }
    }
}

/// What is kept of an item that fails without having run.
fn not_run(chunk: &Chunk, at: usize, failure: &Failure) -> FailedItem {
    let message: Arc<str> = failure.message.as_str().into();
    let history = [failed_item::Attempted::new(failure.kind, &message, std::time::Duration::ZERO)];
    failed_item::of(chunk.item(at), failure, &history, std::time::Duration::ZERO)
}
