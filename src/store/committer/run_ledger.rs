//! The ledger of a run puts packed groups into the segments of their steps, then commits the transaction that names them.
//! The packer decides what the groups hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ledger::{Ledger, WriterOrder};
use crate::store::cache::Remembered;
use crate::store::clock::{micros, now};
use crate::store::record::{RecordLine, RunEnd, StepBegin, StepEnd};
use crate::store::remote::import;
use crate::store::rows::{self, CommitRow};
use crate::store::segment::{SegmentWriter, WrittenAt};
use crate::store::status::StatusWriter;
use crate::store::title::StepTitle;
use crate::store::{Cache, Digest, RunDir, StepSpec, StoreError, paths, remembered};

/// A step that is being kept.
struct KeptStep {
    spec: Arc<StepSpec>,
    segments: SegmentWriter,
}

/// What has become of an order in the segments.
enum Written {
    /// Nothing.
    Nothing,
    /// A commit was appended.
    Commit(WrittenAt),
    /// A file was taken over, which has this number.
    Segment(u32),
}

/// The journal of a run: segments and the database.
pub(super) struct RunLedger {
    run: RunDir,
    kept: BTreeMap<usize, KeptStep>,
    cache: Option<Cache>,
    /// Steps whose function is known to the cache.
    named: BTreeSet<usize>,
    commits: i64,
    status: StatusWriter,
}

impl RunLedger {
    pub(super) fn new(run: RunDir) -> Self {
        let commits = run.commits();
        Self {
            run,
            kept: BTreeMap::new(),
            cache: None,
            named: BTreeSet::new(),
            commits,
            status: StatusWriter::new(),
        }
    }
}

impl Ledger for RunLedger {
    fn commit(&mut self, orders: &[WriterOrder]) -> Result<(), StoreError> {
        self.run.sync_copies()?;
        let written = self.append(orders)?;
        let lines = orders.iter().map(record_line).collect::<Vec<_>>();
        let path = paths::database(self.run.path());
        self.name(orders, &lines, &written).map_err(|error| StoreError::sql("write", &path, error))?;
        if let Err(error) = self.record(&lines) {
            self.run.warn(format!("what stands in run.db stands there alone: {error}"));
        }
        for order in orders {
            match order {
                WriterOrder::Group(id, group) if !group.cache.is_empty() => self.remember(*id, &group.cache),
                WriterOrder::Import(id, shard, _) if self.kept[id].spec.cache.is_some() => {
                    self.remember(*id, &remembered::of_shard(shard));
                }
                WriterOrder::End(Some(id), ..) => {
                    self.kept.remove(id);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn tick(&mut self) {
        let path = self.run.path().to_path_buf();
        self.status.tick(&path, self.run.connection());
    }

    fn into_run(self: Box<Self>) -> Option<RunDir> {
        Some(self.run)
    }
}

impl RunLedger {
    /// Says the same in the record, behind the transaction: it never says more than that has done.
    fn record(&mut self, lines: &[Option<RecordLine>]) -> Result<(), StoreError> {
        let record = self.run.record();
        record.append(lines.iter().flatten())?;
        match lines.last() {
            Some(Some(RecordLine::RunEnd(_))) => record.sync(),
            _ => Ok(()),
        }
    }

    /// Puts all frames on the disk.
    fn append(&mut self, orders: &[WriterOrder]) -> Result<Vec<Written>, StoreError> {
        let mut touched = BTreeSet::new();
        let mut written = Vec::with_capacity(orders.len());
        for order in orders {
            let mut place = Written::Nothing;
            match order {
                WriterOrder::Begin(id, spec) => {
                    let title = StepTitle::of(self.run.id(), spec).to_text();
                    let mut segments = SegmentWriter::new(self.run.path(), self.run.id(), &spec.name, title);
                    if self.run.is_reopened() {
                        segments = segments.behind_others();
                    }
                    self.kept.insert(*id, KeptStep { spec: Arc::clone(spec), segments });
                }
                WriterOrder::Group(id, group) if group.says_anything() => {
                    let kept = self.kept.get_mut(id).expect("a step begins before it tells anything");
                    place = Written::Commit(kept.segments.append(&group.commit, micros(now()))?);
                    touched.insert(*id);
                }
                WriterOrder::Import(id, shard, _) => {
                    let kept = self.kept.get_mut(id).expect("a step begins before it takes anything over");
                    place = Written::Segment(kept.segments.take_over(&shard.path)?);
                }
                _ => {}
            }
            written.push(place);
        }
        for id in touched {
            self.kept[&id].segments.sync()?;
        }
        Ok(written)
    }

    /// Commits the transaction that names them.
    fn name(
        &mut self,
        orders: &[WriterOrder],
        lines: &[Option<RecordLine>],
        written: &[Written],
    ) -> rusqlite::Result<()> {
        let transaction = self.run.connection().transaction()?;
        for ((order, line), written) in orders.iter().zip(lines).zip(written) {
            if let Some(line) = line {
                rows::line(&transaction, line)?;
            }
            let (WriterOrder::Group(id, _) | WriterOrder::Import(id, ..)) = order else { continue };
            let step = &*self.kept.get(id).expect("a step begins before it tells anything").spec.name;
            match (order, written) {
                (WriterOrder::Group(_, group), Written::Commit(WrittenAt { place, endings, facts })) => {
                    let (place, endings, facts) = (*place, *endings, *facts);
                    let (spans, lines, segment) = (&*group.commit.endings.spans, group.lines, place.segment);
                    self.commits += 1;
                    let row = CommitRow { step, place, segment, source: "", endings, facts, spans, lines };
                    rows::commit(&transaction, self.commits, &row)?;
                    rows::notes(&transaction, step, facts.at, &group.notes)?;
                    group.notes.failed.iter().for_each(|(index, ..)| self.status.failed(step, *index));
                }
                (WriterOrder::Import(_, shard, _), Written::Segment(segment)) => {
                    self.commits = import(&transaction, (step, *segment), shard, self.commits)?;
                    shard.failures().for_each(|(index, ..)| self.status.failed(step, index));
                }
                _ => {}
            }
        }
        transaction.commit()
    }

    /// A cache that cannot be written costs a later run some work and this one nothing.
    fn remember(&mut self, id: usize, found: &[(Digest, Remembered)]) {
        let Some(spec) = self.kept.get(&id).map(|kept| Arc::clone(&kept.spec)) else { return };
        let Some(function) = spec.cache else { return };
        if self.cache.is_none() {
            let Some(state) = paths::state_of(self.run.path()) else { return };
            match Cache::open(state) {
                Ok(cache) => self.cache = Some(cache),
                Err(error) => return self.run.warn(format!("results are not remembered: {error}")),
            }
        }
        let cache = self.cache.as_mut().expect("opened above");
        let put = cache.put(function, found).and_then(|()| {
            let known = !self.named.insert(id);
            if known {
                Ok(())
            } else {
                cache.name(self.run.pipeline(), &spec.name, function, &spec.fingerprint)
            }
        });
        if let Some(said) = cache.begun_anew() {
            self.run.warn(said.to_owned());
        }
        if let Err(error) = put {
            self.run.warn(format!("results are not remembered: {error}"));
        }
    }
}

/// What the record says of an order.
fn record_line(order: &WriterOrder) -> Option<RecordLine> {
    let at = now();
    Some(match order {
        WriterOrder::Begin(_, spec) => RecordLine::StepBegin(StepBegin {
            step: Arc::clone(&spec.name),
            at: Some(at),
            verb: spec.verb.to_owned(),
            shape: spec.shape.name().to_owned(),
            keyed: spec.keyed,
            fingerprint: spec.fingerprint.clone(),
        }),
        WriterOrder::Group(..)
        | WriterOrder::Checkpoint(_)
        | WriterOrder::Shard(..)
        | WriterOrder::Import(..) => return None,
        WriterOrder::Append(note, _) => RecordLine::StepAppend((**note).clone()),
        WriterOrder::End(_, step, result, _) => {
            RecordLine::StepEnd(StepEnd { step: Arc::clone(step), at, result: result.clone() })
        }
        WriterOrder::Finish(status, duration, usage, _) => {
            RecordLine::RunEnd(RunEnd { at, status: *status, duration: *duration, usage: *usage })
        }
    })
}
