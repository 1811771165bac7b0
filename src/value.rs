//! Items as JSON text, scalars of YAML, the exact numbers of a policy, secrets and what hides them. Imports nothing of
//! the crate.

mod chunk;
pub mod json;
mod mask;
mod rate;
mod ratio;
pub mod scalar;
mod secrets;

pub use chunk::{Chunk, ITEM_BYTES_MAX, Origin};
pub use mask::{Mask, WHOLE_BELOW};
pub use rate::Rate;
pub use ratio::Ratio;
pub use secrets::Secrets;
