//! A compression says how a file of items is packed. `read` and `write` do the packing.

use crate::value::{Choice as _, choice};

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

choice!(
    /// How the columns within a file are compressed.
    pub enum ColumnCompression: "the compressions are" {
        /// Small files; quick to read.
        Zstd = "zstd",
        /// Larger files; the quickest to write.
        Snappy = "snappy",
        /// For readers that know nothing else.
        Gzip = "gzip",
        /// Not at all.
        None = "none",
    }
);

impl Compression {
    /// The extension that stands for it, without point.
    pub const fn extension(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gz"),
            Self::Zstd => Some("zst"),
        }
    }

    /// The compression that the extension of `path` stands for.
    pub fn of_path(path: &str) -> Self {
        Self::split(path).1
    }

    /// The path without the extension of a compression, and that compression.
    pub(super) fn split(path: &str) -> (&str, Self) {
        let bare = |compression: Self| {
            let bare = path.strip_suffix(compression.extension()?)?.strip_suffix('.')?;
            // A name that is nothing but an extension has none.
            (!bare.is_empty() && !bare.ends_with('/')).then_some((bare, compression))
        };
        Self::all().find_map(bare).unwrap_or((path, Self::None))
    }

    /// The extensions of all: `` `.gz` or `.zst` ``.
    pub(super) fn extensions() -> String {
        let all = Self::all().filter_map(Self::extension).map(|extension| format!("`.{extension}`"));
        all.collect::<Vec<_>>().join(" or ")
    }
}
