//! What a file's name says of its content. Opens nothing.

use crate::data::{Compression, Format};

/// The extensions with their formats, for messages and for reading names.
const EXTENSIONS: [(&str, Format); 7] = [
    ("jsonl", Format::Jsonl),
    ("ndjson", Format::Jsonl),
    ("json", Format::Json),
    ("csv", Format::Csv),
    ("tsv", Format::Tsv),
    ("txt", Format::Lines),
    ("log", Format::Lines),
];

/// What somebody is told whose file has another extension.
pub(super) const FORMATS_HELP: &str = "give `format:` (`jsonl`, `json`, `csv`, `tsv`, `lines`), or a name that ends in \
    `.jsonl`, `.ndjson`, `.json`, `.csv`, `.tsv`, `.txt` or `.log`, with `.gz` or `.zst` behind it or without";

/// Whether a path stands for all files that match it.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '[', '{'])
}

/// How a file of this name is compressed.
pub(super) fn compression(path: &str) -> Compression {
    match extension(path).map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("gz") => Compression::Gzip,
        Some("zst") => Compression::Zstd,
        _ => Compression::None,
    }
}

/// How items lie in a file of this name; on the standard streams one JSON value a line.
pub(super) fn format(path: &str) -> Option<Format> {
    if path == "-" {
        return Some(Format::Jsonl);
    }
    let (stem, last) = extension(path)?;
    let last = match compression(path) {
        Compression::None => last,
        Compression::Gzip | Compression::Zstd => extension(stem)?.1,
    };
    EXTENSIONS.iter().find(|(extension, _)| extension.eq_ignore_ascii_case(last)).map(|(_, format)| *format)
}

/// The name as it is written in a pipeline.
pub(super) fn format_name(format: Format) -> &'static str {
    match format {
        Format::Jsonl => "jsonl",
        Format::Json => "json",
        Format::Csv => "csv",
        Format::Tsv => "tsv",
        Format::Lines => "lines",
    }
}

/// What stands before and behind the last dot of the file's name.
fn extension(path: &str) -> Option<(&str, &str)> {
    let (stem, extension) = path.rsplit_once('.')?;
    (!extension.contains('/')).then_some((stem, extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_format_and_compression() {
        for (path, expect) in [
            ("a.jsonl", Some((Format::Jsonl, Compression::None))),
            ("a.b/c.CSV.gz", Some((Format::Csv, Compression::Gzip))),
            ("x.log.zst", Some((Format::Lines, Compression::Zstd))),
            ("-", Some((Format::Jsonl, Compression::None))),
            ("a.gz", None),
            ("a.dat", None),
            ("a.csv/b", None),
        ] {
            assert_eq!(format(path).map(|format| (format, compression(path))), expect, "{path}");
        }
    }
}
