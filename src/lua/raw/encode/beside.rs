//! A place in the item's text is known by its byte.

/// Where in the item's text the value stands that is at the same place as the one that is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beside(pub(super) usize);

impl Beside {
    /// Nothing is there, or nothing that matters.
    pub(super) const NOTHING: Self = Self(usize::MAX);
    /// The item itself.
    pub(super) const ROOT: Self = Self(0);
}
