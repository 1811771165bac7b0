//! The sink takes the results of a step in index order: it keeps them for later steps, and feeds them to the writers
//! behind it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::context::{Context, FinishedWriter, StepOutput};
use super::failed_item;
use super::ledger::StepLedger;
use super::results_in_order::ResultsInOrder;
use super::run_store::RunStore;
use super::source_status::ErrorTexts;
use super::stored_results::ResultCollector;
use crate::data::{self, ChunkResults, DataError, Reorder, Spool, Writer};
use crate::event::StepId;
use crate::plan::{Body, Verb};
use crate::store::StoreError;
use crate::value::Indices;

/// Text of results that is given on at a time, and failures.
const DELIVERED_BYTES: usize = 1 << 20;
const DELIVERED_FAILURES: u64 = 1000;

/// Why what a run keeps of a step cannot be given on.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeliveryError {
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be written.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// The place where one step's results go, put into the order of their items.
pub(super) struct Sink<'a> {
    context: &'a Context<'a>,
    step: StepId,
    reorder: Reorder,
    results: Option<ResultCollector>,
    failed: Option<Spool>,
    writers: Vec<FusedWriter>,
    /// Items given on.
    pub(super) emitted: u64,
    /// Results taken, those too that wait for earlier ones.
    pub(super) taken: u64,
    /// Whether the journal alone has them: a worker process gives nothing on.
    only_counts: bool,
    /// Whether the items of the step run elsewhere.
    pub(super) is_sent: bool,
    /// What of it stands in order, where that is asked and results are only counted.
    in_order: Option<ResultsInOrder>,
    /// Items before the first one.
    before: u64,
    /// What putting results in order and writing them has taken.
    pub(super) spent: Duration,
}

struct FusedWriter {
    step: StepId,
    writer: Result<Box<dyn Writer>, String>,
    count: u64,
}

impl<'a> Sink<'a> {
    /// The sink of a step whose results a journal keeps, or not.
    pub(super) fn open(context: &'a Context<'a>, step: StepId, in_segments: bool) -> Self {
        let results =
            context.roles.kept[step.at()].then(|| ResultCollector::new(context.temp_dir(), in_segments));
        let failed = context.roles.failed_kept[step.at()].then(|| Spool::new(context.temp_dir()));
        let writers =
            context.roles.fused[step.at()].iter().map(|writer| open_writer(context, *writer)).collect();
        Self {
            context,
            step,
            reorder: Reorder::new(context.temp_dir(), 1),
            results,
            failed,
            writers,
            emitted: 0,
            taken: 0,
            only_counts: context.options.work.is_some(),
            is_sent: false,
            in_order: None,
            before: 0,
            spent: Duration::ZERO,
        }
    }

    /// The same for a slice of the items, which stands behind this many others.
    pub(super) fn behind(self, before: u64) -> Self {
        Self { reorder: Reorder::new(self.context.temp_dir(), before + 1), before, ..self }
    }

    /// The same for a step whose items run elsewhere: its results are given on at its end, from where they are kept.
    pub(super) fn of_sent(mut self, is_sent: bool) -> Self {
        self.is_sent = is_sent;
        if is_sent {
            self.only_count();
        }
        self
    }

    /// From now on results are counted, and given on at the end from where they are kept.
    pub(super) fn only_count(&mut self) {
        self.only_counts = true;
        let is_asked = self.context.roles.wanted[self.step.at()].is_some();
        self.in_order = is_asked.then(|| ResultsInOrder::behind(self.before));
    }

    /// Results that are kept elsewhere, and the items that have them, which have ended.
    pub(super) fn count_ended(&mut self, items: &Indices, results: u64) {
        self.emitted += results;
        if let Some(in_order) = &mut self.in_order {
            in_order.ended(items, results);
        }
    }

    /// The same of items whose ends are told one by one.
    pub(super) fn count_results(&mut self, items: &Indices, results: u64) {
        self.emitted += results;
        if let Some(in_order) = &mut self.in_order {
            in_order.expect(items, results);
        }
    }

    /// How many results stand in order.
    pub(super) fn in_order(&self) -> u64 {
        self.in_order.as_ref().map_or(self.emitted, ResultsInOrder::standing)
    }

    /// Gives on what the run keeps of the step, in the order of its items.
    pub(super) fn deliver(&mut self, keep: &RunStore, step: &str) -> Result<(), DeliveryError> {
        if !self.writers.is_empty() {
            let mut results = keep.results(step)?;
            let (mut out, mut more) = (Vec::new(), true);
            while more {
                out.clear();
                more = results.read(DELIVERED_BYTES, &mut out);
                if results.damaged() > 0 {
                    return Err(StoreError::damaged(
                        keep.state(),
                        format!("results of step `{step}` are damaged"),
                    )
                    .into());
                }
                let count = memchr::memchr_iter(b'\n', &out).count() as u64;
                for fused in &mut self.writers {
                    fused.write(&out, count);
                }
            }
        }
        if let Some(results) = &mut self.results {
            *results = ResultCollector::of_segments(self.emitted);
        }
        let Some(failed) = &mut self.failed else { return Ok(()) };
        let (mut after, mut lines) = (0, Vec::new());
        loop {
            let failures = keep.failures(step, after, DELIVERED_FAILURES)?;
            let Some(last) = failures.last() else { return Ok(()) };
            after = last.index;
            lines.clear();
            for failure in &failures {
                failed_item::push_failed(&mut lines, failure.index, &failure.key, &failure.item);
            }
            failed.write(&lines, failures.len() as u64)?;
        }
    }

    /// Whether records of failed items are of any use.
    pub(super) fn keeps_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Takes the results of a chunk, in any order; gives on what is next in line.
    pub(super) fn push(&mut self, piece: ChunkResults) -> Result<(), DataError> {
        self.taken += piece.emitted;
        if self.only_counts {
            self.emitted += piece.emitted;
            // A set is made only where somebody asks: this is the way of every chunk of a worker process.
            if let Some(in_order) = &mut self.in_order {
                in_order.ended(&Indices::run(piece.first, piece.count), piece.emitted);
            }
            self.reorder.recycle(piece);
            return Ok(());
        }
        let begun = Instant::now();
        self.reorder.push(piece)?;
        while let Some(piece) = self.reorder.next()? {
            self.give(&piece)?;
            self.reorder.recycle(piece);
        }
        self.spent += begun.elapsed();
        Ok(())
    }

    /// An empty buffer to collect results in.
    pub(super) fn spare(&mut self) -> Vec<u8> {
        self.reorder.buffer()
    }

    fn give(&mut self, piece: &ChunkResults) -> Result<(), DataError> {
        if piece.emitted > 0 {
            self.emitted += piece.emitted;
            if let Some(results) = &mut self.results {
                results.write(&piece.out, piece.emitted)?;
            }
            for fused in &mut self.writers {
                fused.write(&piece.out, piece.emitted);
            }
        }
        if let Some(failed) = self.failed.as_mut().filter(|_| !piece.failed.is_empty()) {
            let count = memchr::memchr_iter(b'\n', &piece.failed).count() as u64;
            failed.write(&piece.failed, count)?;
        }
        Ok(())
    }

    /// Hands everything over to the steps behind. Every index up to the last one given in must have been pushed.
    pub(super) fn finish(self, errors: ErrorTexts) -> Result<(), DataError> {
        let results = self.results.map(ResultCollector::finish).transpose()?;
        let failed = self.failed.map(Spool::finish).transpose()?.map(Arc::new);
        for fused in self.writers {
            *self.context.fused(fused.step) =
                Some(FinishedWriter { writer: fused.writer, count: fused.count });
        }
        *self.context.output(self.step) = StepOutput { results, failed, errors, result: None };
        Ok(())
    }
}

impl FusedWriter {
    /// A writer that fails is the writing step's failure, not that of the step that feeds it.
    fn write(&mut self, lines: &[u8], count: u64) {
        let Ok(writer) = &mut self.writer else { return };
        self.count += count;
        if let Err(error) = writer.write(lines) {
            self.writer = Err(error.to_string());
        }
    }
}

fn open_writer(context: &Context<'_>, step: StepId) -> FusedWriter {
    let plan = &context.plan.steps[step.at()];
    let Body::Ready(Verb::Write(options)) = &plan.body else {
        unreachable!("only writers that are ready are fused")
    };
    let ledger = StepLedger::new(context, plan);
    let writer = data::create(options, context.temp_dir(), &ledger).map_err(|error| error.to_string());
    FusedWriter { step, writer, count: 0 }
}
