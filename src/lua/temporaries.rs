//! Temporary files belong to one item each, and are taken away when it has ended.

use std::cell::RefCell;

use rustix::fs::FileType;

use super::permissions::HeldPlace;

/// The temporary files of one VM's items.
pub(super) struct Temporaries {
    /// Tells the position of the item that runs.
    running: Box<dyn Fn() -> u64>,
    files: RefCell<Vec<(u64, HeldPlace)>>,
}

impl Temporaries {
    /// None yet; `running` tells which item asks.
    pub(super) fn new(running: impl Fn() -> u64 + 'static) -> Self {
        Self { running: Box::new(running), files: RefCell::default() }
    }

    /// Adds a file of the item that runs.
    pub(super) fn add(&self, place: HeldPlace) {
        self.files.borrow_mut().push(((self.running)(), place));
    }

    /// Takes away the files of an item that has ended.
    pub(super) fn end(&self, index: u64) {
        self.take(|owner| owner == index);
    }

    /// Takes away the files of all items.
    pub(super) fn end_all(&self) {
        self.take(|_| true);
    }

    fn take(&self, is_over: impl Fn(u64) -> bool) {
        let mut files = self.files.borrow_mut();
        if files.is_empty() {
            return;
        }
        files.retain(|(owner, place)| {
            if is_over(*owner) {
                // What the item has moved or removed itself is gone already.
                let _ = place.unlink(FileType::RegularFile);
            }
            !is_over(*owner)
        });
    }
}

impl Drop for Temporaries {
    fn drop(&mut self) {
        self.end_all();
    }
}
