//! A compression says how a file of items is packed. `read` and `write` do the packing.

use std::path::Path;

use crate::value::choice;

choice!(
    /// How a file is compressed, all members or frames of it.
    pub enum Compression: "the compressions are" {
        /// Not at all.
        None = "none",
        /// As by `gzip`.
        Gzip = "gzip" | "gz",
        /// As by `zstd`.
        Zstd = "zstd" | "zst",
    }
);

impl Compression {
    /// The compression that the extension of `path` stands for.
    pub fn of_path(path: &str) -> Self {
        match Path::new(path).extension().and_then(|extension| extension.to_str()) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::None,
        }
    }
}
