//! A batch is a task in hand: its items end in any order, and one report tells them all.

use std::ops::Range;
use std::time::Duration;

use crate::engine::item_content::ItemContent;
use crate::engine::pool::task::{EndedItem, Report, Task};
use crate::lua::AttemptEnding;

/// What has become of an item.
#[derive(Debug)]
enum ItemEnd {
    /// It has not ended.
    Open,
    /// It has results: where they stand in the text, and how many lines they are.
    Results(Range<usize>, u32),
    /// It did not simply succeed.
    Other(AttemptEnding),
    /// It will not begin.
    Unbegun,
}

/// A task whose items are being run.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) task: Task,
    items: Vec<(ItemEnd, Duration)>,
    /// Items that have not ended.
    open: usize,
    /// Results in the order in which they came.
    pub(super) text: Vec<u8>,
    /// When the first item was sent, since the step began.
    began: Option<Duration>,
}

impl Batch {
    pub(super) fn new(mut task: Task) -> Self {
        let len = task.chunk.len();
        let text = std::mem::take(&mut task.out);
        let items = (0..len).map(|_| (ItemEnd::Open, Duration::ZERO)).collect();
        Self { task, items, open: len, text, began: None }
    }

    /// Whether nothing is left to be done.
    pub(super) fn is_done(&self) -> bool {
        self.open == 0
    }

    pub(super) fn sent(&mut self, now: Duration) {
        self.began.get_or_insert(now);
    }

    /// The item has these results, which were added to the text.
    pub(super) fn succeeded(&mut self, at: usize, results: Range<usize>, lines: u32, duration: Duration) {
        self.close(at, ItemEnd::Results(results, lines), duration);
    }

    /// It did not simply succeed. `true`: what was not sent of the others shall not be.
    pub(super) fn ended(&mut self, at: usize, how: AttemptEnding, duration: Duration) -> bool {
        let is_bad = matches!(how, AttemptEnding::Failed(_) | AttemptEnding::Skipped { .. });
        let is_last = is_bad && self.task.allowance.use_up();
        self.close(at, ItemEnd::Other(how), duration);
        is_last
    }

    /// It will not begin.
    pub(super) fn unbegun(&mut self, at: usize) {
        self.close(at, ItemEnd::Unbegun, Duration::ZERO);
    }

    fn close(&mut self, at: usize, end: ItemEnd, duration: Duration) {
        if matches!(self.items[at].0, ItemEnd::Open) {
            self.items[at] = (end, duration);
            self.open -= 1;
        }
    }

    /// What came of it. Items are sent in their order, so those that were not begun are the last.
    pub(super) fn report(mut self, content: ItemContent, has_lines: bool) -> Report {
        let is_begun = |item: &&(ItemEnd, Duration)| !matches!(item.0, ItemEnd::Open | ItemEnd::Unbegun);
        let done = self.items.iter().take_while(is_begun).count();
        let mut report = Report { task: self.task.number, done, ..Report::default() };
        report.lines = std::mem::take(&mut self.task.lines);
        let in_order = self.is_in_order(done);
        let mut length = 0;
        let mut assembled = Vec::new();
        for (at, (end, duration)) in self.items.into_iter().take(done).enumerate() {
            report.elapsed += duration;
            match end {
                ItemEnd::Results(range, lines) => {
                    length += range.len();
                    report.emitted += u64::from(lines);
                    if has_lines && self.task.digests.is_some() {
                        report.lines.push(lines);
                    }
                    if !in_order {
                        assembled.extend_from_slice(&self.text[range]);
                    }
                }
                ItemEnd::Other(how) => report.ends.push(EndedItem { at, out_len: length, how, duration }),
                ItemEnd::Open | ItemEnd::Unbegun => {}
            }
        }
        report.out = if in_order { self.text } else { assembled };
        if let Some(mut digests) = self.task.digests.take() {
            digests.extend((0..done).map(|at| content.digest(&self.task.chunk, at)));
            report.digests = digests;
        }
        report.began = self.began.unwrap_or_default();
        report
    }

    /// Whether the results of the first items stand in the text in their order, with nothing between.
    fn is_in_order(&self, done: usize) -> bool {
        let mut at = 0;
        let ranges = self.items.iter().take(done).filter_map(|(end, _)| match end {
            ItemEnd::Results(range, _) => Some(range),
            _ => None,
        });
        for range in ranges {
            if range.start != at {
                return false;
            }
            at = range.end;
        }
        at == self.text.len()
    }
}
