//! These functions work on text, wherever it lies: host functions call them, and so does what runs without Lua.

mod entities;
mod space;
mod tags;

pub(super) use entities::decode;
pub(super) use space::{space_after, squeeze_into, trimmed, trimmed_end, trimmed_start, word_len};
pub(super) use tags::strip_into;
