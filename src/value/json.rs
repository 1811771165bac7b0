//! This strict reader of JSON text is used wherever item text is read, so that no two places disagree on what is
//! JSON.
//!
//! Strict means RFC 8259 and nothing beside it: UTF-8 only, no lone surrogates, no control characters in strings,
//! nothing behind the value. Integers are exact over the signed 64 bits and refused beyond them; floats are rounded
//! correctly and refused when they would become infinite; `-0` is `-0.0`. Containers nest at most [`DEPTH_MAX`] deep.
//! Of equal keys in one object the last one counts. A [`Sink`] decides what the values become.

mod compact;
mod copy;
mod cursor;
mod equal_keys;
mod fault;
mod fields;
mod number;
mod plain;
mod reader;
mod scan;
mod skip;
mod text;
mod tree;
mod walk;
mod write;

pub use compact::{compact, on_one_line, one_line, pretty, pretty_within};
pub use copy::{Seen, copy};
pub use equal_keys::without_equal_keys;
pub use fault::{DEPTH_MAX, JsonError};
pub use fields::{FieldKind, FieldReader, FieldValue, KeyPath, begins};
pub use reader::{Sink, read, validate};
pub use tree::{field_to_value, to_value, tree_bytes};
pub use walk::{JsonWalk, unquote_into, unquoted};
pub use write::{
    push_hex, quoted, rewrite_string, write_float, write_integer, write_number, write_string, written_len,
};

#[cfg(test)]
mod tests;
