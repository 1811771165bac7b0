//! The operators that take two values.

/// An operator, as far as it matters which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
    /// `..`
    Concatenate,
    /// Any other.
    Other,
}
