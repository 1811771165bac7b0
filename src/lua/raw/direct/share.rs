//! This type counts what went a faster way and what did not, so that the way is given up where it is of no use.

/// What did not go the way before its share is looked at.
const LEFT_MAX: u32 = 16;

/// How much went a way, and how much did not.
#[derive(Debug, Default)]
pub(super) struct WayShare {
    pub(super) gone: u32,
    left: u32,
}

impl WayShare {
    /// One more went the way, or did not.
    #[inline]
    pub(super) fn count(&mut self, went: bool) {
        let counter = if went { &mut self.gone } else { &mut self.left };
        *counter = counter.saturating_add(1);
    }

    /// Whether so much went the other way that trying is in vain.
    #[inline]
    pub(super) fn is_in_vain(&self) -> bool {
        self.left >= LEFT_MAX && self.gone <= self.left.saturating_mul(4)
    }
}
