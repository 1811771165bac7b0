//! Items carry what they have behind them from one worker process to the next: their failed attempts count wherever they
//! were made.

use std::ops::Range;
use std::time::Duration;

use super::{Coordinator, Earlier, WaitingItem};
use crate::engine::failed_item::{self, Attempted};
use crate::store::Whence;
use crate::value::Chunk;

impl Coordinator<'_> {
    /// Offers fresh items to the scheduler, and those that carry something as items that are tried again.
    pub(super) fn offer(&mut self, chunk: Chunk) {
        let work = self.context.options.work.clone();
        let Some(work) = work.filter(|work| !work.carried.is_empty()) else {
            self.scheduler.offer(chunk.len() as u64);
            self.fresh.insert(chunk.first, chunk);
            return;
        };
        let (end, mut start) = (chunk.first + chunk.len() as u64, 0);
        let tried = work.carried.iter().filter(|whence| whence.attempts > 0);
        for whence in tried.filter(|whence| (chunk.first..end).contains(&whence.index)) {
            let at = (whence.index - chunk.first) as usize;
            self.offer_fresh(&chunk, start..at);
            let now = self.now();
            self.scheduler.carried(now, whence.attempts);
            let earlier = Box::new(earlier(whence, now));
            self.waiting.insert(whence.index, WaitingItem { chunk: chunk.slice(at..at + 1), earlier });
            start = at + 1;
        }
        self.offer_fresh(&chunk, start..chunk.len());
    }

    fn offer_fresh(&mut self, chunk: &Chunk, range: Range<usize>) {
        if !range.is_empty() {
            let part = chunk.slice(range);
            self.scheduler.offer(part.len() as u64);
            self.fresh.insert(part.first, part);
        }
    }

    /// An item goes back with what it has behind it.
    pub(super) fn leave(&self, index: u64, earlier: &Earlier) {
        if let Some(work) = &self.context.options.work {
            let attempts = earlier.history.len() as u32;
            let (history, outlived) = (failed_item::history_text(&earlier.history), work.outlived(index));
            work.leave(Whence { index, attempts, history, outlived });
        }
    }
}

fn earlier(whence: &Whence, since: Duration) -> Earlier {
    let history = Attempted::parse(&whence.history);
    let last = history.last().map(Attempted::seen_by_next);
    Earlier { history, last, since }
}
