//! Checkpoints are positions that are noted while a source is read, densely at first and ever more thinly: their number
//! is bounded, and the parts of a source that was read are cut at them.

use super::part::Part;
use crate::data::Position;

/// Positions that are kept at least, and for each part: up to 256 parts differ by an eighth at most, and more of them by
/// half.
const KEPT_MIN: usize = 4096;
const KEPT_PER_PART: usize = 4;

/// Rows between two positions at most, because rows between them are held in memory.
const ROWS_MAX: u64 = 4096;

/// Positions in their order, with different numbers of items before them.
pub(super) struct Checkpoints {
    positions: Vec<Position>,
    kept_max: usize,
    parts: usize,
    /// Items between two of them at least.
    stride: u64,
}

impl Checkpoints {
    /// The reading begins at `front`, and the source will be cut into this many parts.
    pub(super) fn new(front: Position, parts: usize) -> Self {
        let kept_max = parts.saturating_mul(KEPT_PER_PART).max(KEPT_MIN);
        Self { positions: vec![front], kept_max, parts, stride: 1 }
    }

    /// Rows to be read before the next one.
    pub(super) fn rows(&self) -> usize {
        self.stride.min(ROWS_MAX) as usize
    }

    /// The reading has come here.
    pub(super) fn note(&mut self, position: Position) {
        let last = self.positions.last().map_or(0, Position::items);
        if position.items() < last + self.stride {
            return;
        }
        if self.positions.len() == self.kept_max {
            let mut keep = false;
            self.positions.retain(|_| {
                keep = !keep;
                keep
            });
            self.stride *= 2;
        }
        self.positions.push(position);
    }

    /// The parts of the source, which ends at `end`. There are fewer where it has fewer items.
    pub(super) fn parts(self, end: &Position) -> Vec<Part> {
        let front = self.positions[0].items();
        let (items, parts) = (u128::from(end.items() - front), self.parts.max(1));
        let mut starts: Vec<Position> = Vec::new();
        for part in 0..parts {
            let wanted = front + (items * part as u128 / parts as u128) as u64;
            let start = &self.positions[self.nearest(wanted)];
            let is_new = starts.last().is_none_or(|last| start.items() > last.items());
            if is_new && (start.items() < end.items() || starts.is_empty()) {
                starts.push(start.clone());
            }
        }
        let ends: Vec<Position> = starts.iter().skip(1).chain([end]).cloned().collect();
        starts.into_iter().zip(&ends).map(|(start, end)| Part::between(start, end)).collect()
    }

    fn nearest(&self, items: u64) -> usize {
        let behind = self.positions.partition_point(|position| position.items() <= items);
        let before = behind.max(1) - 1;
        match self.positions.get(behind) {
            Some(next) if next.items() - items < items - self.positions[before].items() => behind,
            _ => before,
        }
    }
}
