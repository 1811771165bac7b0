//! An interrupt asks a run to end; whoever runs looks at it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Asks a run to end, from a signal handler's thread say.
#[derive(Debug, Default)]
pub struct Interrupt {
    raised: AtomicU8,
    above: Option<Arc<Interrupt>>,
}

impl Interrupt {
    /// One of several that are all raised with the one above them, and each alone too.
    pub fn below(above: &Arc<Self>) -> Self {
        Self { raised: AtomicU8::default(), above: Some(Arc::clone(above)) }
    }

    /// The first call asks for an orderly end, the second for an end at once.
    pub fn raise(&self) {
        let more = |count: u8| Some(count.saturating_add(1));
        let _ = self.raised.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
    }

    /// How often it was raised.
    pub fn count(&self) -> u8 {
        let above = self.above.as_ref().map_or(0, |above| above.count());
        self.raised.load(Ordering::SeqCst).saturating_add(above)
    }
}
