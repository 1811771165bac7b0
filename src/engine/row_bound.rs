//! A row bound says how many items a step gets at most, while its sources are still being read: `stop_early` needs no more than
//! that. A thread of its own counts the rows of files beside the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, bounded};

use super::context::Context;
use super::roles::Role;
use crate::data::{self, ReadOptions};
use crate::plan::{Body, Input, Items, Step, Verb};

/// A bound that is being worked out. The thread is told to stop and never waited for: a disk may be slow.
pub(super) struct RowBound {
    found: Receiver<u64>,
    stop: Arc<AtomicBool>,
}

impl RowBound {
    /// Begins to count; `None` when nothing bounds the items of the step.
    pub(super) fn start(context: &Context<'_>, step: &Step) -> Option<Self> {
        let (mut known, mut files) = (0_u64, Vec::new());
        for input in &step.from {
            match rows_of(context, *input)? {
                Rows::Known(rows) => known = known.saturating_add(rows),
                Rows::InFiles(options) => files.push(options),
            }
        }
        let ((sender, found), stop_flag) = (bounded(1), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop_flag);
        let count = move || {
            let rows = files.iter().map(|options| data::most_rows(options, &stopped).ok().flatten());
            // A source that cannot be read tells so where it is read.
            if let Some(rows) = rows.sum::<Option<u64>>() {
                let _ = sender.send(known.saturating_add(rows));
            }
        };
        std::thread::Builder::new().name("rows".to_owned()).spawn(count).ok()?;
        Some(Self { found, stop: stop_flag })
    }

    /// The bound, once it is there.
    pub(super) fn found(&self) -> Option<u64> {
        self.found.try_recv().ok()
    }
}

impl Drop for RowBound {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Where the number of rows comes from.
enum Rows {
    Known(u64),
    InFiles(Box<ReadOptions>),
}

/// `None`: any number of items may come.
fn rows_of(context: &Context<'_>, input: Input) -> Option<Rows> {
    let output = context.output(input.step);
    if let Some(count) = output.count(input.failed) {
        return Some(Rows::Known(count));
    }
    if input.failed || context.roles.roles[input.step.at()] != Role::LazySource {
        return None;
    }
    match &context.plan.steps[input.step.at()].body {
        Body::Ready(Verb::Read(read)) => Some(Rows::InFiles(Box::new(read.options.clone()))),
        Body::Ready(Verb::Glob(glob)) => {
            let listed = data::glob(&glob.options).ok()?.extent()?.of;
            Some(Rows::Known(glob.options.limit.map_or(listed, |limit| listed.min(limit))))
        }
        Body::Ready(Verb::Items(Items::List(list))) => Some(Rows::Known(list.len() as u64)),
        _ => None,
    }
}
