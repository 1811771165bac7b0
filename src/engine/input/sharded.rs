//! The input of a step in the run of one shard: its sources are counted first, and then only the shard's slice is read, where
//! it lies.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::index_run::{IndexRun, IndexRuns, open_at};
use super::notices::expecting;
use super::rows::Rows;
use super::{Part, StepInput, book};
use crate::data::{self, DataError, Reader};
use crate::engine::context::{Context, CountedSource};
use crate::engine::layout::LaidInput;
use crate::engine::lookout::lost_reason;
use crate::engine::shard::{self, Shard, SourceDigest};
use crate::event::{StepId, StepResult, StepStatus};
use crate::plan::{Body, Input, Step, Verb};
use crate::store::{Digest, ShardStep};
use crate::value::Chunk;

/// Parts into which a source is cut while it is counted: the slice of a shard begins and ends within one each.
const PARTS: usize = 1024;
/// Items and text of a step that are read at a time.
const ITEMS: usize = 4096;
const BYTES: usize = 256 * 1024;

/// What stands in the way of a shard's input.
enum Hindrance {
    /// The run is to end.
    Interrupted,
    /// The source is lost, and its status says why.
    Lost,
    /// It cannot be read.
    Unread(DataError),
}

impl From<DataError> for Hindrance {
    fn from(error: DataError) -> Self {
        Self::Unread(error)
    }
}

/// One input that was counted.
enum CountedInput {
    /// A source that can be entered anywhere.
    Source(Arc<CountedSource>),
    /// Items that a step has left, which are read from their front.
    Stored { items: u64, digest: Digest },
}

impl CountedInput {
    fn items(&self) -> u64 {
        match self {
            Self::Source(source) => source.counted.items,
            Self::Stored { items, .. } => *items,
        }
    }

    fn digest(&self) -> Digest {
        match self {
            Self::Source(source) => source.digest,
            Self::Stored { digest, .. } => *digest,
        }
    }
}

impl<'a> StepInput<'a> {
    /// The slice of a step's input that is a shard's. `Err` is how the step ends without it.
    pub(super) fn of_shard(
        context: &'a Context<'a>,
        step: &Step,
        shard: Shard,
    ) -> Result<Self, Box<StepResult>> {
        let mut input = Self::of_parts(context, Vec::new());
        let mut counted = Vec::new();
        for from in &step.from {
            counted.push(input.count_input(*from).map_err(|error| input.hindered(*from, error))?);
        }
        let items = counted.iter().map(CountedInput::items).sum();
        let (before, count) = shard.slice(items);
        let mut passed = 0;
        for (from, counted) in step.from.iter().zip(&counted) {
            let from_item = before.saturating_sub(passed).min(counted.items());
            let until = (before + count).saturating_sub(passed).min(counted.items());
            if until > from_item {
                let slice = (passed, from_item, until - from_item);
                let part = input.slice(*from, counted, slice);
                input.parts.push(part.map_err(|error| input.hindered(*from, error.into()))?);
            }
            passed += counted.items();
        }
        (input.before, input.total) = (before, Some(count));
        let digest = shard::digest_of(counted.iter().map(CountedInput::digest));
        context.shard.note(ShardStep {
            step: step.name.to_string(),
            items,
            first: before + 1,
            count,
            digest,
        });
        Ok(input)
    }

    /// Counts the sources of a step where all of them can be entered anywhere as they lie; `None`: they cannot, or the run is
    /// to end, or one of them is lost.
    pub(in crate::engine) fn lay_in_place(&self, step: &Step) -> Option<Vec<LaidInput>> {
        let is_enterable = |input: &Input| {
            let verb = verb_of(self.context, input.step).ok();
            self.is_lazy(*input)
                && matches!(verb, Some(Verb::Read(read)) if data::is_enterable(&read.options))
        };
        if !step.from.iter().all(is_enterable) {
            return None;
        }
        let (mut laid, mut before) = (Vec::new(), 0);
        for input in &step.from {
            let counted = match self.counted(input.step) {
                Ok(counted) => counted.counted.clone(),
                // Whoever reads on hears of it.
                Err(_) => return None,
            };
            let (items, source) = (counted.items, self.context.plan.steps[input.step.at()].name.to_string());
            laid.push(LaidInput::InPlace { source, before, counted });
            before += items;
        }
        Some(laid)
    }

    fn hindered(&self, from: Input, error: Hindrance) -> Box<StepResult> {
        let ends =
            |status, reason: String| Box::new(StepResult::without_items(status, reason, Duration::ZERO));
        match error {
            Hindrance::Interrupted => ends(StepStatus::Cancelled, "interrupted".to_owned()),
            Hindrance::Lost => ends(StepStatus::Cancelled, lost_reason(self.context, from.step)),
            Hindrance::Unread(error) => Box::new(self.unopened(from, &error)),
        }
    }

    /// How many items an input has, and what they are.
    fn count_input(&self, input: Input) -> Result<CountedInput, Hindrance> {
        if !self.is_lazy(input) {
            let mut digest = SourceDigest::of(verb_of(self.context, input.step)?);
            let (mut reader, mut items) = (self.stored_reader(input)?, 0);
            let (mut chunk, mut more) = (Chunk::default(), true);
            while more {
                more = reader.read(ITEMS, BYTES, &mut chunk, &mut Vec::new())?;
                items += chunk.len() as u64;
                digest.add(&chunk);
            }
            return Ok(CountedInput::Stored { items, digest: digest.finish() });
        }
        self.begin_source(input.step);
        self.counted(input.step).map(CountedInput::Source)
    }

    /// A source is counted once, however many steps read it.
    fn counted(&self, source: StepId) -> Result<Arc<CountedSource>, Hindrance> {
        let mut known = self.context.counted(source);
        if let Some(counted) = &*known {
            return Ok(Arc::clone(counted));
        }
        let mut reader = self.reader_of(source)?;
        // Who works on all items compares them with nobody's.
        let is_compared = self.context.options.shard.is_some();
        let mut digest = SourceDigest::of(verb_of(self.context, source)?);
        let begun = Instant::now();
        let (mut hindrance, mut told) = (Hindrance::Lost, begun);
        let counted = data::count_while(&mut *reader, PARTS, &mut |reader, chunk, bad| {
            if is_compared {
                digest.add(chunk);
            }
            let reading = told.elapsed();
            told = Instant::now();
            self.context.source_status(source).seen(reader.rows(), reading);
            if self.context.interrupt.count() > 0 {
                hindrance = Hindrance::Interrupted;
                return false;
            }
            bad.drain(..).all(|row| book(self.context, source, &row))
                && !self.context.source_status(source).is_lost()
        })?;
        let Some(counted) = counted else { return Err(hindrance) };
        self.context.source_status(source).conclude();
        if self.context.source_status(source).is_lost() {
            return Err(Hindrance::Lost);
        }
        let counted = Arc::new(CountedSource { counted, digest: digest.finish() });
        *known = Some(Arc::clone(&counted));
        Ok(counted)
    }

    /// Opens a source that can be entered anywhere.
    fn reader_of(&self, source: StepId) -> Result<Box<dyn Reader>, DataError> {
        let verb = verb_of(self.context, source)?;
        let only_once = || DataError::Usage("a source that is read once cannot be cut".to_owned());
        let reader = shard::whole_reader(verb).ok_or_else(only_once)??;
        let (is_pattern, named) = match verb {
            Verb::Read(read) => {
                let named = (read.options.root.as_path(), read.options.path.as_str());
                (data::is_pattern(&read.options), named)
            }
            Verb::Glob(glob) => (true, (glob.options.root.as_path(), glob.options.pattern.as_str())),
            _ => return Ok(reader),
        };
        expecting(self.context, source, is_pattern, named, reader)
    }

    /// `count` items of an input behind the first `before` of it, which itself stands behind `passed` items of others.
    fn slice(
        &self,
        input: Input,
        counted: &CountedInput,
        (passed, before, count): (u64, u64, u64),
    ) -> Result<Part, DataError> {
        let CountedInput::Source(source) = counted else {
            let reader = data::slice_of(self.stored_reader(input)?, before, count);
            return Ok(Part { rows: Rows::Here(reader), source: None, before: 0 });
        };
        let verb = verb_of(self.context, input.step)?;
        let enter = open_at(verb, false)?;
        let part = source.counted.slice(before, count, &mut |position| enter(position))?;
        let run = IndexRun { source: input.step, first: passed + part.first(), part };
        part_of_runs(self.context, vec![run], false)
    }
}

/// Slices of one source: their items get the indices that are given, and nothing before them is read. Runs stand in the order
/// of their indices. Bad rows are booked with their source, but it is not judged by a part.
pub(super) fn part_of_runs(
    context: &Context<'_>,
    runs: Vec<IndexRun>,
    prove: bool,
) -> Result<Part, DataError> {
    let source = runs.first().map(|run| run.source).ok_or_else(|| DataError::Usage("no run".to_owned()))?;
    let runs = IndexRuns::new(verb_of(context, source)?, prove, runs)?;
    let before = runs.before();
    Ok(Part { rows: Rows::Runs(runs), source: Some(source), before })
}

pub(super) fn verb_of<'p>(context: &Context<'p>, source: StepId) -> Result<&'p Verb, DataError> {
    match &context.plan.steps[source.at()].body {
        Body::Ready(verb) => Ok(verb),
        Body::Deferred(_) => {
            Err(DataError::Usage("a source that only a run can complete has no parts".to_owned()))
        }
    }
}
