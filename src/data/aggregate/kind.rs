//! A kind says what a field of the item of a group holds.

use crate::value::Ratio;

/// What a field says of the values of a group. Null is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AggregateKind {
    /// How many items there are, whatever they hold.
    Count,
    /// The exact sum, rounded once; 0 of nothing.
    Sum,
    /// The exact mean, rounded once.
    Mean,
    /// The smallest value, in the order of `sort`.
    Min,
    /// The largest value.
    Max,
    /// The first value.
    First,
    /// The last value.
    Last,
    /// The value below which so large a share of the values lies, linear between neighbours.
    Quantile(Ratio),
    /// How many different values there are.
    Distinct,
}
