//! Slots say which items the threads of a worker have at work, in a file that outlives the worker: should it be killed, they
//! name the suspects.
//!
//! A slot is written in place and not waited for: what a process has written is there after it was killed, and a machine that
//! loses its power is no item's fault. A worker writes one slot a chunk, never one an item.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{PoisonError, RwLock};

use crate::store::clock::{micros, now};
use crate::store::private;
use crate::value::Indices;

/// First index, count, and a number that says that somebody has written it. Those of the first slot are the job and when the
/// attempt began.
const SLOT_BYTES: usize = 24;
const WRITTEN: u64 = 0x464C_534C;

/// A job as an engine knows it: wave and task.
pub type SlotJob = (u32, u32);

/// The slots of one worker.
#[derive(Debug)]
pub struct Slots {
    job: SlotJob,
    file: RwLock<Option<File>>,
}

impl Slots {
    /// Of the worker of this job; nothing is written yet.
    pub fn new(job: SlotJob) -> Self {
        Self { job, file: RwLock::new(None) }
    }

    /// From now on they stand in this file, which is made. What is at work stays at work.
    pub(super) fn move_to(&self, path: &Path) -> io::Result<()> {
        let file = private::options().read(true).create(true).truncate(true).open(path)?;
        let mut current = self.file.write().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = Vec::new();
        if let Some(old) = &*current {
            bytes = vec![0; usize::try_from(old.metadata()?.len()).unwrap_or(0)];
            old.read_exact_at(&mut bytes, 0)?;
        }
        bytes.resize(bytes.len().max(SLOT_BYTES), 0);
        let job = u64::from(self.job.0) << 32 | u64::from(self.job.1);
        bytes[..SLOT_BYTES].copy_from_slice(&slot(job, micros(now())));
        file.write_all_at(&bytes, 0)?;
        *current = Some(file);
        Ok(())
    }

    /// A thread, counted from 0, has these neighbouring items at work; none with `count` 0. What goes wrong here costs a
    /// suspect, never an item.
    pub fn set(&self, thread: usize, first: u64, count: u64) {
        let current = self.file.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &*current {
            // The first slot is the job.
            let _ = file.write_all_at(&slot(first, count), ((thread + 1) * SLOT_BYTES) as u64);
        }
    }
}

fn slot(one: u64, two: u64) -> [u8; SLOT_BYTES] {
    let mut bytes = [0; SLOT_BYTES];
    for (place, number) in bytes.chunks_exact_mut(8).zip([one, two, WRITTEN]) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

/// What slots say.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WrittenSlots {
    pub(super) job: SlotJob,
    /// When the attempt began, in microseconds since 1970.
    pub(super) started: u64,
    /// The items in them.
    pub(super) items: Indices,
}

/// What stands there; `None`: nothing can be read.
pub(super) fn read(path: &Path) -> Option<WrittenSlots> {
    let bytes = std::fs::read(path).ok()?;
    let (slots, _) = bytes.as_chunks::<SLOT_BYTES>();
    let numbers = |slot: &[u8; SLOT_BYTES]| {
        let (numbers, _) = slot.as_chunks::<8>();
        let [one, two, written] = [0, 1, 2].map(|at| u64::from_le_bytes(numbers[at]));
        (written == WRITTEN).then_some((one, two))
    };
    let mut slots = slots.iter().map(numbers);
    let (job, started) = slots.next()??;
    let mut items: Vec<(u64, u64)> =
        slots.flatten().filter(|(first, count)| *first > 0 && *count > 0).collect();
    items.sort_unstable();
    let mut all = Indices::default();
    for (first, count) in items {
        if first.checked_add(count).is_some() {
            all = all.with(&Indices::run(first, count));
        }
    }
    Some(WrittenSlots { job: ((job >> 32) as u32, job as u32), started, items: all })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_at_work_is_read_back_also_after_a_move() {
        let dir = tempfile::tempdir().expect("a folder");
        let (one, two) = (dir.path().join("1"), dir.path().join("2"));
        let slots = Slots::new((3, 4));
        slots.set(0, 9, 9);
        let before = micros(now());
        let read = |path: &Path| super::read(path).map(|written| (written.job, written.items));
        slots.move_to(&one).expect("room");
        assert_eq!(read(&one), Some(((3, 4), Indices::default())));
        let started = super::read(&one).expect("it is there").started;
        assert!((before..=micros(now())).contains(&started), "{started}");
        slots.set(2, 10, 5);
        slots.set(0, 1, 2);
        let expect = Indices::new([(1, 2), (10, 5)]).expect("in order");
        assert_eq!(read(&one), Some(((3, 4), expect.clone())));
        slots.move_to(&two).expect("room");
        assert_eq!(read(&two), Some(((3, 4), expect)));
        slots.set(2, 0, 0);
        assert_eq!(read(&two), Some(((3, 4), Indices::run(1, 2))));
        for damaged in [&b""[..], &[7; 100]] {
            std::fs::write(&two, damaged).expect("room");
            assert_eq!(read(&two), None);
        }
    }
}
