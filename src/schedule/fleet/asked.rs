//! This type knows which workers were asked for their rest.

use std::time::Duration;

/// Stems whose workers were asked for their rest, and when.
#[derive(Debug, Default)]
pub(super) struct Yields(pub(super) Vec<(u32, Duration)>);

impl Yields {
    pub(super) fn asks(&self, stem: u32) -> bool {
        self.0.iter().any(|(asked, _)| *asked == stem)
    }
}
