//! An interrupt asks a run to end; whoever runs looks at it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Asks a run to end, from a signal handler's thread say.
#[derive(Debug, Default)]
pub struct Interrupt {
    raised: AtomicU8,
    /// Items that run may take as long as they need.
    is_patient: AtomicBool,
    above: Option<Arc<Interrupt>>,
}

impl Interrupt {
    /// One of several that are all raised with the one above them, and each alone too.
    pub fn below(above: &Arc<Self>) -> Self {
        Self { above: Some(Arc::clone(above)), ..Self::default() }
    }

    /// The first call asks for an orderly end, the second for an end at once.
    pub fn raise(&self) {
        let more = |count: u8| Some(count.saturating_add(1));
        let _ = self.raised.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
    }

    /// Asks for an orderly end that waits for the items that run, for good or until somebody is in a hurry.
    pub fn drain(&self) {
        self.is_patient.store(true, Ordering::SeqCst);
        self.raise();
    }

    /// Items that run get the time that an orderly end has, and no more.
    pub fn hurry(&self) {
        self.is_patient.store(false, Ordering::SeqCst);
    }

    /// Whether items that run may take as long as they need.
    pub fn is_patient(&self) -> bool {
        self.is_patient.load(Ordering::SeqCst)
    }

    /// How often it was raised.
    pub fn count(&self) -> u8 {
        let above = self.above.as_ref().map_or(0, |above| above.count());
        self.raised.load(Ordering::SeqCst).saturating_add(above)
    }
}
