//! The input of one step reads the step's sources and the results of other steps, one after the other, as chunks with
//! indices.

mod bad_rows;
mod framed_runs;
mod index_run;
mod laid_out;
mod notices;
mod rows;
mod sharded;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::bad_rows::book;
use self::notices::expecting;
use self::rows::{Rows, Seen};
use self::stream::Stream;
use super::context::{Context, LOOK_UP};
use super::pool::Wake;
use super::roles::Role;
use crate::data::{self, BadRow, DataError, Reader};
use crate::event::{Event, StepId, StepResult, StepStatus};
use crate::plan::{Body, Input, Items, Step, Verb};
use crate::runtime::clock;
use crate::value::{Chunk, Extent};

/// What came out of a [`StepInput`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextChunk {
    /// The chunk holds at least one item.
    Chunk,
    /// Nothing has arrived yet.
    Later,
    /// No more will come.
    End,
    /// This source failed, so nothing more may be made of it.
    Lost(StepId),
    /// What an earlier step has left cannot be read back; [`StepInput::fault`] says why.
    Unreadable,
}

/// The input of one step, read part by part.
pub(super) struct StepInput<'a> {
    context: &'a Context<'a>,
    parts: Vec<Part>,
    at: usize,
    /// Items of the step's input that stand before those that are read here.
    before: u64,
    /// Items in all, where only some are read here.
    total: Option<u64>,
    /// Items handed out so far.
    given: u64,
    bad: Vec<BadRow>,
    /// Why results of an earlier step cannot be read back.
    fault: Option<String>,
    /// When somebody was told how far a source is.
    told: Instant,
}

struct Part {
    rows: Rows,
    /// Set for a source that is read here and now.
    source: Option<StepId>,
    /// Items handed out when this part began: tells which part an index belongs to.
    before: u64,
}

impl<'a> StepInput<'a> {
    /// Opens all inputs of `step`. `prove`: bad rows must be found while reading, because it is not done later.
    /// `Err` is how the step ends without its input.
    pub(super) fn open(context: &'a Context<'a>, step: &Step, prove: bool) -> Result<Self, Box<StepResult>> {
        if let Some(shard) = &context.options.shard {
            return Self::of_shard(context, step, shard.shard);
        }
        if let Some(work) = &context.options.work {
            return Self::of_work(context, step, work);
        }
        let mut input = Self::of_parts(context, Vec::new());
        for from in &step.from {
            match input.open_input(*from, prove) {
                Ok(part) => input.parts.push(part),
                Err(error) => return Err(Box::new(input.unopened(*from, &error))),
            }
        }
        Ok(input)
    }

    /// The input of a step whose items are with workers: its sources are open, and nothing is read of them.
    pub(super) fn of_left(context: &'a Context<'a>, step: &Step) -> Self {
        let input = Self::of_parts(context, Vec::new());
        for from in step.from.iter().filter(|from| input.is_lazy(**from)) {
            input.begin_source(from.step);
        }
        input
    }

    /// Opens the other side of a `join`, with bad rows found while reading; `None` for other steps. `Err` is how the step ends
    /// without it.
    pub(super) fn open_with(context: &'a Context<'a>, step: &Step) -> Result<Option<Self>, Box<StepResult>> {
        let Some(with) = step.with else { return Ok(None) };
        let mut input = Self::of_parts(context, Vec::new());
        match input.open_input(with, true) {
            Ok(part) => input.parts.push(part),
            Err(error) => return Err(Box::new(input.unopened(with, &error))),
        }
        Ok(Some(input))
    }

    /// How a step ends that cannot open one of its inputs. The status of a source says why; nothing else does of results
    /// that cannot be read back.
    fn unopened(&self, from: Input, error: &DataError) -> StepResult {
        if !from.failed && !self.is_lazy(from) {
            return StepResult::broken(error.to_string(), Duration::ZERO);
        }
        self.context.source_status(from.step).broke(error.to_string());
        let name = &self.context.plan.steps[from.step.at()].name;
        let suffix = if from.failed { " and its failed items could not be kept" } else { "" };
        StepResult::without_items(StepStatus::Skipped, format!("`{name}` failed{suffix}"), Duration::ZERO)
    }

    /// Whether it is read here, and not what a step has left.
    fn is_lazy(&self, from: Input) -> bool {
        self.context.roles.roles[from.step.at()] == Role::LazySource && !from.failed
    }

    /// The input of one source alone, for a source that has a thread of its own.
    pub(super) fn of_source(
        context: &'a Context<'a>,
        source: StepId,
        verb: &Verb,
    ) -> Result<Self, DataError> {
        Ok(Self::of_rows(context, source, source_rows(context, source, verb, true)?))
    }

    /// An input of items that are there already.
    pub(super) fn of_reader(context: &'a Context<'a>, source: StepId, reader: Box<dyn Reader>) -> Self {
        Self::of_rows(context, source, Rows::Here(reader))
    }

    fn of_parts(context: &'a Context<'a>, parts: Vec<Part>) -> Self {
        let (at, before, total, given, bad) = (0, 0, None, 0, Vec::new());
        Self { context, parts, at, before, total, given, bad, fault: None, told: clock::now() }
    }

    fn of_rows(context: &'a Context<'a>, source: StepId, rows: Rows) -> Self {
        context.source_status(source).open();
        Self::of_parts(context, vec![Part { rows, source: Some(source), before: 0 }])
    }

    fn open_input(&self, input: Input, prove: bool) -> Result<Part, DataError> {
        if !self.is_lazy(input) {
            let reader = self.stored_reader(input)?;
            return Ok(Part { rows: Rows::Here(reader), source: None, before: 0 });
        }
        self.begin_source(input.step);
        let Body::Ready(verb) = &self.context.plan.steps[input.step.at()].body else {
            unreachable!("a source that only a run can complete is a stored one")
        };
        let rows = source_rows(self.context, input.step, verb, prove)?;
        Ok(Part { rows, source: Some(input.step), before: 0 })
    }

    /// Another step reads the source from now on.
    fn begin_source(&self, source: StepId) {
        if self.context.source_status(source).open() {
            self.context.emit(Event::StepStarted { step: source, total: None });
        }
    }

    /// What a step that has ended has left. A step that broke off before its first item left no failed ones; one that
    /// could not store them all must not pass for one that did.
    fn stored_reader(&self, input: Input) -> Result<Box<dyn Reader>, DataError> {
        let output = self.context.output(input.step);
        if !input.failed {
            let results = output.results.as_ref().expect("the roles keep what is read").clone();
            // The run's database may take a moment, and other steps have outputs too.
            drop(output);
            let name = &self.context.plan.steps[input.step.at()].name;
            return results.reader(self.context.run_store, name);
        }
        let stored = output.failed.as_ref();
        let failed = output.result.as_ref().map_or(0, |result| result.tally.failed);
        if stored.map_or(0, |stored| stored.count()) != failed {
            return Err(DataError::Usage("its failed items could not be kept".to_owned()));
        }
        Ok(stored.map_or_else(|| data::items_reader(Arc::new([]), None), |stored| stored.reader()))
    }

    /// Items in all, when every input is known to its end.
    pub(super) fn total(&self, step: &Step) -> Option<u64> {
        if self.total.is_some() {
            return self.total;
        }
        let count = |input: &Input| {
            let output = self.context.output(input.step);
            match (output.count(input.failed), &self.context.plan.steps[input.step.at()].body) {
                (Some(count), _) => Some(count),
                (None, Body::Ready(Verb::Items(Items::List(list)))) if !input.failed => {
                    Some(list.len() as u64)
                }
                _ => None,
            }
        };
        step.from.iter().map(count).sum()
    }

    /// Reads the next items into `chunk`. Where nothing is there yet, it waits no longer than `wait`; what has arrived
    /// may then be more than was asked for.
    pub(super) fn next(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        wait: Duration,
        chunk: &mut Chunk,
    ) -> NextChunk {
        loop {
            if let Some(source) = self.lost() {
                return NextChunk::Lost(source);
            }
            if self.fault.is_some() {
                return NextChunk::Unreadable;
            }
            let Some(part) = self.parts.get_mut(self.at) else { return NextChunk::End };
            let seen = part.rows.read(max_items, max_bytes, wait, chunk, &mut self.bad);
            if let Some(source) = part.source {
                let (rows, reading) =
                    seen.as_ref().map_or((0, Duration::ZERO), |seen| (seen.rows, seen.reading));
                self.context.source_status(source).seen(rows, reading);
                if let Err(lost) = self.book_bad_rows(source) {
                    return lost;
                }
                self.tell_source(source, rows);
            }
            match seen {
                Err(error) => return self.broke(&error),
                Ok(Seen { nothing_yet: true, .. }) => {
                    return self.lost().map_or(NextChunk::Later, NextChunk::Lost);
                }
                Ok(seen) => {
                    if !seen.numbered {
                        chunk.first = self.before + self.given + 1;
                    }
                    self.given += chunk.len() as u64;
                    // The next part begins behind the items that came with the end of this one.
                    if !seen.more {
                        self.end_part();
                    }
                    if !chunk.is_empty() {
                        return NextChunk::Chunk;
                    }
                }
            }
        }
    }

    /// What to wait for after [`NextChunk::Later`], beside other things.
    pub(super) fn wake(&self) -> Option<&dyn Wake> {
        match &self.parts.get(self.at)?.rows {
            Rows::Stream(stream) => Some(stream),
            Rows::Here(_) | Rows::Runs(_) | Rows::Framed(_) => None,
        }
    }

    fn end_part(&mut self) {
        let part = &self.parts[self.at];
        if let Some(source) = part.source.filter(|_| !part.rows.are_numbered()) {
            self.context.source_status(source).conclude();
        }
        self.at += 1;
        let given = self.given;
        if let Some(part) = self.parts.get_mut(self.at).filter(|part| !part.rows.are_numbered()) {
            part.before = given;
        }
    }

    fn broke(&mut self, error: &DataError) -> NextChunk {
        let Some(source) = self.parts[self.at].source else {
            self.fault = Some(error.to_string());
            return NextChunk::Unreadable;
        };
        self.context.source_status(source).broke(error.to_string());
        NextChunk::Lost(source)
    }

    /// Why results of an earlier step could not be read back, after [`NextChunk::Unreadable`].
    pub(super) fn fault(&self) -> DataError {
        DataError::Usage(self.fault.clone().unwrap_or_default())
    }

    fn book_bad_rows(&mut self, source: StepId) -> Result<(), NextChunk> {
        if self.context.options.work.is_some() {
            // Whoever counted the items has booked them.
            self.bad.clear();
        }
        for row in std::mem::take(&mut self.bad) {
            if !book(self.context, source, &row) {
                return Err(NextChunk::Lost(source));
            }
        }
        Ok(())
    }

    /// Which of the inputs an item comes from that was read, and how many items stand before that.
    pub(super) fn input_of(&self, index: u64) -> (usize, u64) {
        let known = &self.parts[..self.parts.len().min(self.at + 1)];
        let at = known.iter().rposition(|part| part.before < index).unwrap_or(0);
        (at, known.get(at).map_or(0, |part| part.before))
    }

    /// Books a row that turned out bad when a worker read it: the item at `at` of `chunk`.
    pub(super) fn bad_item(&self, chunk: &Chunk, at: usize, message: String) {
        let index = chunk.first + at as u64;
        let of = |part: &&Part| part.source.is_some() && (part.before < index);
        let Some(part) = self.parts[..self.parts.len().min(self.at + 1)].iter().rev().find(of) else {
            return;
        };
        let Some(source) = part.source else { return };
        let text = String::from_utf8_lossy(chunk.item(at).trim_ascii());
        let row = BadRow {
            index: index - part.before,
            file: chunk.origin.as_ref().map_or_else(|| "-".to_owned(), |origin| origin.file.to_string()),
            line: chunk.origin.as_ref().map_or(0, |origin| origin.line_of(at)),
            message,
            text: text.chars().take(200).collect(),
        };
        book(self.context, source, &row);
    }

    /// How much of all that is read here is read, where that has a size.
    pub(super) fn extent(&self) -> Option<Extent> {
        let mut all = Extent::default();
        for part in &self.parts {
            let Rows::Here(reader) = &part.rows else { return None };
            let extent = reader.extent()?;
            all = Extent { done: all.done + extent.done, of: all.of + extent.of };
        }
        Some(all).filter(|all| all.of > 0)
    }

    /// Tells how far a source is, unless that was told a moment ago, or another step reads it further on.
    fn tell_source(&mut self, source: StepId, rows: u64) {
        if clock::since(self.told) < LOOK_UP {
            return;
        }
        self.told = clock::now();
        let Some(Part { rows: Rows::Here(reader), .. }) = self.parts.get(self.at) else { return };
        if let Some(tally) = self.context.source_status(source).tally_at(rows) {
            let read = reader.extent();
            self.context.emit(Event::Progress { step: source, tally, total: None, read });
        }
    }

    /// Items of the step's input that stand before those that are read here.
    pub(super) fn before(&self) -> u64 {
        self.before
    }

    /// Items handed out so far.
    pub(super) fn given(&self) -> u64 {
        self.given
    }

    /// A source read here that has failed meanwhile.
    pub(super) fn lost(&self) -> Option<StepId> {
        self.sources().find(|source| self.context.source_status(*source).is_lost())
    }

    /// The sources read here; each was opened once for each time it is named.
    pub(super) fn sources(&self) -> impl Iterator<Item = StepId> {
        self.parts.iter().filter_map(|part| part.source)
    }
}

/// Opens a source.
fn source_rows(context: &Context<'_>, source: StepId, verb: &Verb, prove: bool) -> Result<Rows, DataError> {
    Ok(Rows::Here(match verb {
        Verb::Read(read) => {
            let mut options = read.options.clone();
            options.validate |= prove;
            if data::is_live(&options) {
                let io =
                    |source| DataError::Io { intent: "read", path: read.options.path.clone().into(), source };
                context.source_status(source).expect_rows(false, None)?;
                return Stream::start(move || data::open(&options)).map(Rows::Stream).map_err(io);
            }
            let named = (options.root.as_path(), options.path.as_str());
            expecting(context, source, data::is_pattern(&options), named, data::open(&options)?)?
        }
        Verb::Glob(glob) => {
            let named = (glob.options.root.as_path(), glob.options.pattern.as_str());
            expecting(context, source, true, named, data::glob(&glob.options)?)?
        }
        Verb::Items(Items::List(list)) => data::items_reader(Arc::clone(list), None),
        Verb::Items(Items::Lua { .. })
        | Verb::MapLike(_)
        | Verb::Collect(_)
        | Verb::Write(_)
        | Verb::Split(_) => {
            unreachable!("only sources are opened as sources, and Lua lists are kept ones")
        }
    }))
}
