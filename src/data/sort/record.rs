//! A record is a key and a value; in the file their lengths stand before them.

/// Bytes before a record in the file: the lengths of key and value.
pub(super) const HEADER: usize = 8;

/// A key and its value.
pub type Record<'r> = (&'r [u8], &'r [u8]);
