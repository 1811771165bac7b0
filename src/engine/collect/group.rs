//! `group_by`: items gathered by a value, in order of first appearance. Sorted twice: by value, then by the place of each
//! group's first item, so that memory holds one group at a time.

use std::sync::Arc;

use super::keyed::{next, with_values};
use super::{Cut, Frame, push_item};
use crate::data::{Sorter, push_rank};
use crate::lua::Script;

/// See the module.
pub(super) fn run(frame: &mut Frame<'_>, by: &Arc<Script>) -> Result<(), Cut> {
    let mut by_value = Sorter::new(frame.shared.temp_dir());
    let (mut place, mut rank, mut record) = (0_u64, Vec::new(), Vec::new());
    with_values(frame, "group_by", by, &mut |_, item, value| {
        rank.clear();
        push_rank(value, false, &mut rank).map_err(|error| Cut::failed(error.to_string()))?;
        place += 1;
        write_record(place, value, item, &mut record);
        Ok(by_value.push(&rank, &record)?)
    })?;
    let mut by_value = by_value.finish()?;
    let mut by_place = Sorter::new(frame.shared.temp_dir());
    let (mut last, mut group, mut looked) = (Vec::new(), Group::default(), 0_u32);
    while let Some((rank, record)) = by_value.next()? {
        looked = looked.wrapping_add(1);
        if looked.is_multiple_of(4096) {
            frame.look()?;
        }
        if last != rank {
            group.close(&mut by_place)?;
            last.clear();
            last.extend_from_slice(rank);
        }
        group.add(record);
    }
    group.close(&mut by_place)?;
    drop(by_value);
    let mut by_place = by_place.finish()?;
    while let Some((_, line)) = next(frame, &mut by_place)? {
        frame.give(line)?;
    }
    Ok(())
}

/// Place, length of the value's text, that text, and the item.
fn write_record(place: u64, value: &[u8], item: &[u8], record: &mut Vec<u8>) {
    record.clear();
    record.extend_from_slice(&place.to_be_bytes());
    record.extend_from_slice(&(value.len() as u64).to_be_bytes());
    record.extend_from_slice(value);
    push_item(item, record);
}

/// The group at hand.
#[derive(Default)]
struct Group {
    place: [u8; 8],
    line: Vec<u8>,
}

impl Group {
    /// Adds an item; the first one says where the group stands and how its value is written.
    fn add(&mut self, record: &[u8]) {
        let (head, rest) = record.split_at(16);
        let length = head[8..].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let (value, item) = rest.split_at(length);
        if self.line.is_empty() {
            self.place.copy_from_slice(&head[..8]);
            self.line.extend_from_slice(b"{\"key\":");
            self.line.extend_from_slice(value);
            self.line.extend_from_slice(b",\"items\":[");
        } else {
            self.line.push(b',');
        }
        self.line.extend_from_slice(item);
    }

    fn close(&mut self, groups: &mut Sorter) -> Result<(), Cut> {
        if !self.line.is_empty() {
            self.line.extend_from_slice(b"]}");
            groups.push(&self.place, &self.line)?;
            self.line.clear();
        }
        Ok(())
    }
}
