//! The first items of a step are held until it is known whether there are enough of them to be sent away.

use std::collections::VecDeque;
use std::time::Duration;

use crate::engine::context::{Context, LOOK_UP};
use crate::engine::input::{NextChunk, StepInput};
use crate::value::Chunk;

/// Items and text that are read at a time.
const ITEMS: usize = 4096;
const BYTES: usize = 256 * 1024;
/// Text that is held: so much is worth sending, however few items it is.
const HELD_MAX: usize = 64 << 20;

/// Items that were read, and what came behind them.
pub(super) struct FirstItems {
    pub(super) chunks: VecDeque<Chunk>,
    /// Whether there are as many as were wanted.
    pub(super) are_enough: bool,
}

impl FirstItems {
    /// Reads the first items of an input until there are so many. What is wrong with the input is heard again when it is read
    /// on.
    pub(super) fn read(context: &Context<'_>, input: &mut StepInput<'_>, wanted: u64) -> Self {
        let (mut chunks, mut items, mut bytes) = (VecDeque::new(), 0, 0);
        while items < wanted && bytes < HELD_MAX {
            let mut chunk = Chunk::default();
            match input.next(ITEMS, BYTES, wait(context), &mut chunk) {
                NextChunk::Chunk => {
                    items += chunk.len() as u64;
                    bytes += chunk.text.len();
                    chunks.push_back(chunk);
                }
                NextChunk::Later if context.interrupt.count() == 0 => {}
                _ => return Self { chunks, are_enough: false },
            }
        }
        Self { chunks, are_enough: true }
    }
}

/// How long to wait for rows that take their time.
fn wait(context: &Context<'_>) -> Duration {
    if context.interrupt.count() > 0 { Duration::ZERO } else { LOOK_UP }
}
