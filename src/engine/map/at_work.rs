//! Tasks that are out are told of in the slots of a worker process, each in a slot of its own.

use std::collections::HashMap;
use std::sync::Arc;

use crate::store::Slots;

/// The slots of the tasks that are out.
pub(super) struct AtWork {
    slots: Arc<Slots>,
    /// The slot of each task.
    tasks: HashMap<u64, usize>,
    free: Vec<usize>,
}

impl AtWork {
    pub(super) fn new(slots: &Arc<Slots>) -> Self {
        Self { slots: Arc::clone(slots), tasks: HashMap::new(), free: Vec::new() }
    }

    /// A task goes out, with neighbouring items.
    pub(super) fn begin(&mut self, task: u64, first: u64, count: u64) {
        let slot = self.free.pop().unwrap_or(self.tasks.len());
        self.slots.set(slot, first, count);
        self.tasks.insert(task, slot);
    }

    /// It is back.
    pub(super) fn end(&mut self, task: u64) {
        if let Some(slot) = self.tasks.remove(&task) {
            self.slots.set(slot, 0, 0);
            self.free.push(slot);
        }
    }
}
