//! The size of chunks follows the measured time of an item, so that handing one over costs little beside the work.

use std::time::Duration;

/// Items of a chunk, so that their endings stay a short list.
pub(super) const CHUNK_ITEMS: usize = 8192;

/// How many items travel together: follows the measured time of an item.
pub(super) struct ChunkSize {
    /// How long a chunk should take; `None`: each item travels alone.
    time: Option<Duration>,
    items: usize,
}

impl ChunkSize {
    /// `time`: how long a chunk should take; `None`: each item travels alone, whatever it takes.
    pub(super) fn new(time: Option<Duration>) -> Self {
        // A first chunk short enough to do no harm when items are slow.
        Self { time, items: if time.is_some() { 4 } else { 1 } }
    }

    /// Learns from a chunk that came back.
    pub(super) fn learn(&mut self, done: usize, elapsed: Duration) {
        let Some(time) = self.time.filter(|_| done > 0) else { return };
        let each = elapsed.as_nanos() / done as u128;
        let fitting = time.as_nanos().checked_div(each).unwrap_or(CHUNK_ITEMS as u128);
        let fitting = usize::try_from(fitting).unwrap_or(CHUNK_ITEMS).clamp(1, CHUNK_ITEMS);
        // Slow items shorten the chunks at once; quick ones lengthen them by and by, so that one quick chunk proves little.
        self.items = fitting.min(self.items * 8);
    }

    pub(super) fn items(&self) -> usize {
        self.items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_grow_with_quick_items_and_shrink_at_once_with_slow_ones() {
        let mut size = ChunkSize::new(Some(Duration::from_millis(4)));
        size.learn(4, Duration::from_micros(4));
        assert_eq!(size.items(), 32);
        for _ in 0..5 {
            size.learn(100, Duration::from_micros(100));
        }
        assert_eq!(size.items(), 4000);
        size.learn(1, Duration::from_millis(50));
        assert_eq!(size.items(), 1);
        let mut single = ChunkSize::new(None);
        single.learn(1, Duration::from_micros(1));
        assert_eq!(single.items(), 1);
    }
}
