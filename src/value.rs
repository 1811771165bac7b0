//! Items as JSON text, and the exact numbers of a policy. Imports nothing of the crate.

mod chunk;
pub mod json;
mod rate;
mod ratio;

pub use chunk::{Chunk, Origin};
pub use rate::Rate;
pub use ratio::Ratio;
