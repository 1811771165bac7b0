//! This floor tries single steps of a plan on a few items: what `flowrun preview` and `flowrun test` stand on.

mod bench;
mod error;
mod kept;
mod lenient;
mod probe;
mod sample;
mod tried;

pub use bench::{Bench, BenchOptions, Effects};
pub use error::TrialError;
pub use kept::results;
pub use sample::{Sample, Sampled};
pub use tried::{TriedCollection, TriedEnding, TriedItem, TriedStep};

#[cfg(test)]
mod tests;
