//! Entries of a map are gathered and sorted before they are written.

use std::ffi::c_int;
use std::slice;

/// One entry of a map.
#[derive(Clone, Copy)]
pub(super) struct MapEntry {
    /// The key's bytes, which stay where they are while the table holds the key.
    pub(super) key: *const u8,
    pub(super) len: usize,
    /// Where `lua_rawiter` finds the entry.
    pub(super) at: c_int,
    /// Its place among the item's own keys; new ones come last.
    pub(super) rank: u32,
}

impl MapEntry {
    pub(super) fn key(&self) -> &[u8] {
        // SAFETY: see `key`; nothing runs between the collecting of entries and their writing.
        unsafe { slice::from_raw_parts(self.key, self.len) }
    }
}
