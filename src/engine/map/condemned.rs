//! Condemned items do not run: each was alone when its worker process died, twice. They fail with what those have said.

use std::sync::Arc;

use crate::engine::options::WorkPart;
use crate::event::FailureKind;
use crate::lua::Failure;
use crate::value::Indices;

/// The condemned items of a worker process.
pub(super) struct Condemned {
    items: Indices,
    said: Option<Arc<str>>,
}

impl Condemned {
    /// Those of a worker; `None`: there are none.
    pub(super) fn of(work: &WorkPart) -> Option<Self> {
        let (items, said) = work.condemned.clone();
        (!items.is_empty()).then_some(Self { items, said })
    }

    /// Why the item with this index fails; `None`: it runs.
    pub(super) fn failure(&self, index: u64) -> Option<Failure> {
        if !self.items.contains(index) {
            return None;
        }
        let message = "the worker process died twice while it ran this item alone".to_owned();
        let said = self.said.as_deref().map(|said| format!("{message}; it said: {said}"));
        let failure = Failure::new(FailureKind::WorkerDied, said.unwrap_or(message));
        Some(Failure { permanent: false, ..failure })
    }
}
