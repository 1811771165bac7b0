//! An extent says how much of something of known size is done: of the bytes of files, say.

/// How much is done, of how much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// So much is done.
    pub done: u64,
    /// So much there is.
    pub of: u64,
}

impl Extent {
    /// The same share of another size.
    pub fn share_of(self, size: u64) -> u64 {
        if self.of == 0 {
            return size;
        }
        let share = u128::from(size) * u128::from(self.done.min(self.of)) / u128::from(self.of);
        u64::try_from(share).unwrap_or(size)
    }

    /// Whichever is further.
    #[must_use]
    pub fn furthest(self, other: Self) -> Self {
        let is_behind =
            u128::from(self.done) * u128::from(other.of) < u128::from(other.done) * u128::from(self.of);
        if is_behind { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_compared_and_moved_to_other_sizes() {
        let half = Extent { done: 5, of: 10 };
        assert_eq!((half.share_of(7), Extent::default().share_of(7)), (3, 7));
        assert_eq!(Extent { done: 20, of: 10 }.share_of(u64::MAX), u64::MAX);
        assert_eq!(half.furthest(Extent { done: 51, of: 100 }), Extent { done: 51, of: 100 });
        assert_eq!(half.furthest(Extent { done: 50, of: 100 }), half);
    }
}
