//! A scalar has a notation: plain, in quotes, or as a block.

/// The notation of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Written {
    /// Its notation.
    pub(in crate::config) style: Style,
    /// Spaces taken away from each line of a block.
    pub(in crate::config) indent: usize,
}
