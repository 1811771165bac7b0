//! Sites are the places within a value where a map may stand; segments are how messages name the way there.

/// A place in a result where a map may stand: the result itself, or under a field of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Site(pub(super) u32);

impl Site {
    /// The result itself.
    pub(super) const ROOT: Self = Self(0);
}

/// A key as part of a path.
pub(super) fn segment(key: &[u8]) -> String {
    let name = String::from_utf8_lossy(key);
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { format!(".{name}") } else { format!("[{name:?}]") }
}
