//! This floor has the values that all others share: items as JSON text, scalars of YAML, the exact numbers of a policy, durations,
//! choices between words, secrets and what hides them. It imports nothing of the crate.

mod choice;
mod chunk;
mod covered;
mod decimal;
pub mod duration;
mod extent;
mod float;
mod indices;
pub mod json;
mod mask;
mod nesting;
mod panic;
mod printable;
mod rate;
mod ratio;
pub mod scalar;
mod secrets;
mod shard_id;
mod shell;
pub mod size;
pub mod splitmix;

pub use choice::{Choice, Word};
pub use chunk::{Chunk, ITEM_BYTES_MAX, Origin};
pub use covered::Covered;
pub use decimal::{scaled, split_number};
pub use extent::Extent;
pub use float::{NoFloat, float};
pub use indices::{Indices, Stretch};
pub use mask::{Mask, WHOLE_BELOW};
pub use nesting::{check_braces, deepest};
pub use panic::panic_text;
pub use printable::printable;
pub use rate::Rate;
pub use ratio::Ratio;
pub use secrets::Secrets;
pub use shard_id::ShardId;
pub use shell::shell_word;

pub(crate) use choice::choice;
