//! Items as JSON text, scalars of YAML, and the exact numbers of a policy. Imports nothing of the crate.

mod chunk;
pub mod json;
mod rate;
mod ratio;
pub mod scalar;

pub use chunk::{Chunk, Origin};
pub use rate::Rate;
pub use ratio::Ratio;
