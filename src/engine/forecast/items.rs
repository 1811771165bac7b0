//! This module reads the items that a step would get from its sources, as a run would read them. The caller decides
//! what to look for in them.

use std::sync::Arc;
use std::time::Instant;

use crate::data::{self, Reader};
use crate::event;
use crate::plan::{Body, Items, Plan, Step, Verb};
use crate::value::Chunk;

/// Rows and bytes that are read at once.
const ROWS: usize = 4096;
const BYTES: usize = 1 << 20;

/// How far the sources were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// To their end.
    All,
    /// Until the time was over.
    Some,
}

/// Shows all items that a step takes from sources, in order. `Err`: why they cannot be known.
pub(super) fn each_chunk(
    plan: &Plan,
    step: &Step,
    until: Instant,
    show: &mut dyn FnMut(&mut Chunk),
) -> Result<Looked, String> {
    let mut given = 0;
    for input in &step.from {
        let source = &plan.steps[input.step.at()];
        let mut reader = reader(source)?;
        // A file whose bytes are read may be large, and so a row may take a while.
        let rows = if source.verb == event::Verb::Glob { 16 } else { ROWS };
        let (mut chunk, mut bad) = (Chunk::default(), Vec::new());
        loop {
            let more = reader.read(rows, BYTES, &mut chunk, &mut bad).map_err(|error| error.to_string())?;
            bad.clear();
            chunk.first = given + 1;
            given += chunk.len() as u64;
            if !chunk.is_empty() {
                show(&mut chunk);
            }
            if !more {
                break;
            }
            if Instant::now() > until {
                return Ok(Looked::Some);
            }
        }
    }
    Ok(Looked::All)
}

fn reader(source: &Step) -> Result<Box<dyn Reader>, String> {
    let name = &source.name;
    match &source.body {
        Body::Ready(Verb::Read(read)) if data::is_live(&read.options) => {
            Err(format!("`{name}` can be read only once"))
        }
        Body::Ready(Verb::Read(read)) => data::open(&read.options).map_err(|error| error.to_string()),
        Body::Ready(Verb::Glob(glob)) => data::glob(&glob.options).map_err(|error| error.to_string()),
        Body::Ready(Verb::Items(Items::List(list))) => Ok(data::items_reader(Arc::clone(list), None)),
        _ => Err(format!("the items of `{name}` are known only in a run")),
    }
}
