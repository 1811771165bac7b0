//! The items of a sent step are written down for its workers where these cannot read them as they lie: those of sources once for
//! all steps that read them, others for the step alone.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, MutexGuard};

use super::dispatch::CHUNK_BYTES;
use super::place::Place;
use super::{Coordinator, StepFault};
use crate::data::{FramedItemsWriter, ItemFrame};
use crate::engine::context::{FramedSource, LOOK_UP};
use crate::engine::input::NextChunk;
use crate::engine::layout::{ItemLayout, LaidInput};
use crate::engine::remote_job;
use crate::event::StepId;
use crate::store::{RemoteFile, RemotePlace};
use crate::value::Chunk;

/// Items that are read at a time.
const ITEMS: usize = 4096;

/// What is known of sources, and kept from other steps meanwhile.
type Known<'a> = BTreeMap<StepId, MutexGuard<'a, Option<Arc<FramedSource>>>>;

/// Items that were written down for the workers.
#[derive(Default)]
pub(super) struct WrittenItems {
    pub(super) runs: Vec<(u64, u64)>,
    pub(super) bytes: u64,
}

impl Coordinator<'_> {
    /// Goes through all of the input. What is known of it is booked, and the workers find the rest.
    pub(super) fn write_items(&mut self, place: &RemotePlace) -> Result<WrittenItems, StepFault> {
        let inputs = if self.sorts_out() { None } else { self.input.lay_in_place(self.step) };
        if let Some(inputs) = inputs {
            let bytes = self.input.extent().map_or(0, |extent| extent.of);
            return self.lay(place, inputs, bytes);
        }
        match self.sources() {
            Some(sources) => self.share_items(place, &sources),
            None => self.own_items(place),
        }
    }

    /// The items lie there, from the first to the last.
    fn lay(
        &mut self,
        place: &RemotePlace,
        inputs: Vec<LaidInput>,
        bytes: u64,
    ) -> Result<WrittenItems, StepFault> {
        (self.input_ended, self.first) = (true, VecDeque::new());
        let items = inputs.iter().map(|input| input.items().count()).sum();
        remote_job::make_once(place, &RemoteFile::Input, &ItemLayout { inputs })?;
        let runs = if items > 0 { vec![(1, items)] } else { Vec::new() };
        Ok(WrittenItems { runs, bytes })
    }

    /// The sources that the step reads, where it reads nothing else and each of them once.
    fn sources(&self) -> Option<Vec<StepId>> {
        let plan = &self.context.plan.steps;
        let is_source = |id: StepId| plan[id.at()].verb.is_source();
        let sources: Vec<StepId> = self.step.from.iter().map(|input| input.step).collect();
        let is_once = sources.iter().enumerate().all(|(at, id)| !sources[..at].contains(id));
        let are_sources = self.step.from.iter().all(|input| !input.failed && is_source(input.step));
        (!self.sorts_out() && is_once && are_sources).then_some(sources)
    }

    /// Writes the items of sources down, unless another step has.
    fn share_items(&mut self, place: &RemotePlace, sources: &[StepId]) -> Result<WrittenItems, StepFault> {
        let mut in_order = sources.to_vec();
        // Steps that read the same ones wait for each other and never in a ring.
        in_order.sort_unstable();
        let context = self.context;
        let mut known: Known<'_> = in_order.into_iter().map(|id| (id, context.framed(id))).collect();
        if known.values().any(|framed| framed.is_none()) {
            let (framed, read) = self.frame_sources(place, sources, &known)?;
            if !self.input_ended || self.lost.is_some() {
                // Nothing of it will run.
                let runs = if read > 0 { vec![(1, read)] } else { Vec::new() };
                return Ok(WrittenItems { runs, bytes: 0 });
            }
            for (source, framed) in framed {
                known.entry(source).and_modify(|known| **known = Some(Arc::new(framed)));
            }
        }
        let (mut inputs, mut before, mut bytes) = (Vec::new(), 0, 0);
        for source in sources {
            let Some(framed) = known.get(source).and_then(|known| known.as_ref()) else { continue };
            let shifted = |frame: &ItemFrame| ItemFrame { first: frame.first + before, ..*frame };
            let own: Arc<[ItemFrame]> = framed.frames.iter().map(shifted).collect();
            before += own.iter().map(|frame| frame.count).sum::<u64>();
            bytes += framed.bytes;
            let source = Some(context.plan.steps[source.at()].name.to_string());
            inputs.push(LaidInput::Framed { source, frames: own });
        }
        self.lay(place, inputs, bytes)
    }

    /// Reads all of the input, into one file for each source of which none is known: workers of other steps read those of the
    /// known ones. Says how many items there were, too.
    fn frame_sources(
        &mut self,
        place: &RemotePlace,
        sources: &[StepId],
        known: &Known<'_>,
    ) -> Result<(BTreeMap<StepId, FramedSource>, u64), StepFault> {
        let is_unknown = |source: StepId| known.get(&source).is_some_and(|framed| framed.is_none());
        let empty = || FramedSource { frames: Vec::new(), bytes: 0 };
        let unknown = sources.iter().copied().filter(|source| is_unknown(*source));
        let mut framed: BTreeMap<StepId, FramedSource> = unknown.map(|source| (source, empty())).collect();
        let (mut open, mut read): (Option<(StepId, FramedItemsWriter)>, u64) = (None, 0);
        while let Some(mut chunk) = self.next_items()? {
            read += chunk.len() as u64;
            let (at, before) = self.input.input_of(chunk.first);
            let Some(source) = sources.get(at).copied().filter(|source| is_unknown(*source)) else {
                continue;
            };
            if open.as_ref().is_none_or(|(id, _)| *id != source) {
                end(open.take(), &mut framed)?;
                let path = place.make_items_of(&self.context.plan.steps[source.at()].name)?;
                open = Some((source, FramedItemsWriter::create(&path)?));
            }
            chunk.first -= before;
            if let (Some((_, writer)), Some(framed)) = (&mut open, framed.get_mut(&source)) {
                writer.write(&chunk)?;
                framed.bytes += chunk.text.len() as u64;
            }
        }
        end(open, &mut framed)?;
        Ok((framed, read))
    }

    /// Reads all of the input, and writes down what is not known of it.
    fn own_items(&mut self, place: &RemotePlace) -> Result<WrittenItems, StepFault> {
        let mut writer = FramedItemsWriter::create(&place.file(&RemoteFile::Items))?;
        let mut written = WrittenItems::default();
        while let Some(mut chunk) = self.next_items()? {
            if !self.sorts_out() {
                written.write(&mut writer, &chunk)?;
                continue;
            }
            if self.place == Place::WorkersByKey {
                self.sort_out_by_keys(chunk)?;
            } else {
                self.content.name_items(&mut chunk);
                self.sort_out(chunk, Vec::new())?;
            }
            self.write_fresh(&mut written, &mut writer)?;
            self.stop_at_enough();
        }
        if self.place == Place::WorkersByKey {
            self.hear_keys(0)?;
            self.write_fresh(&mut written, &mut writer)?;
            self.stop_at_enough();
            self.end_keys()?;
        }
        let frames = writer.finish()?.into();
        let layout = ItemLayout { inputs: vec![LaidInput::Framed { source: None, frames }] };
        remote_job::make_once(place, &RemoteFile::Input, &layout)?;
        Ok(written)
    }

    /// Writes down what was sorted out and is to run.
    fn write_fresh(
        &mut self,
        written: &mut WrittenItems,
        writer: &mut FramedItemsWriter,
    ) -> Result<(), StepFault> {
        let fresh = std::mem::take(&mut self.fresh).into_values();
        fresh.into_iter().try_for_each(|chunk| written.write(writer, &chunk))
    }

    /// The next items of the input; `None`: there are no more, or the step stops.
    fn next_items(&mut self) -> Result<Option<Chunk>, StepFault> {
        while !self.input_ended && self.scheduler.stop().is_none() {
            self.look_outside();
            self.tell_progress();
            if let Some(first) = self.first.pop_front() {
                return Ok(Some(first));
            }
            let mut chunk = Chunk::default();
            match self.input.next(ITEMS, CHUNK_BYTES, LOOK_UP, &mut chunk) {
                NextChunk::Later => {}
                NextChunk::Chunk => return Ok(Some(chunk)),
                NextChunk::End => self.input_ended = true,
                NextChunk::Lost(source) => self.lose(source),
                NextChunk::Unreadable => return Err(StepFault::Data(self.input.fault())),
            }
        }
        Ok(None)
    }
}

/// Puts the items of a source on the disk.
fn end(
    open: Option<(StepId, FramedItemsWriter)>,
    framed: &mut BTreeMap<StepId, FramedSource>,
) -> Result<(), StepFault> {
    if let Some((source, writer)) = open
        && let Some(framed) = framed.get_mut(&source)
    {
        framed.frames = writer.finish()?;
    }
    Ok(())
}

impl WrittenItems {
    fn write(&mut self, writer: &mut FramedItemsWriter, chunk: &Chunk) -> Result<(), StepFault> {
        self.bytes += chunk.text.len() as u64;
        let count = chunk.len() as u64;
        match self.runs.last_mut() {
            Some((first, items)) if *first + *items == chunk.first => *items += count,
            _ => self.runs.push((chunk.first, count)),
        }
        writer.write(chunk)?;
        Ok(())
    }
}
