//! What may be said about a file of items, complete: nothing is left to be guessed when it is opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::data::DataError;
use crate::value::choice;

/// Formats for people, with the extensions that stand for them.
const FORMATS: &str = "`jsonl` (.jsonl, .ndjson), `json` (.json), `csv` (.csv), `tsv` (.tsv), `lines` (.txt, .log), `parquet` (.parquet)";

/// Why Parquet does not come from standard input.
pub(super) const NO_STREAM: &str =
    "`path: -` is not for `parquet`, which is read from its end: standard input cannot go back and forth";

/// Why Parquet does not go to standard output.
const NO_OUTPUT: &str =
    "`path: -` is not for `parquet`: whoever reads it has to go back and forth, which a stream cannot";

/// Why Parquet is not compressed as a whole.
pub(super) const PACKED: &str = "`compression` is not for `parquet`, which compresses its columns itself";

choice!(
    /// How items lie in a file.
    pub enum Format: "the formats are" {
        /// One JSON value a line.
        Jsonl = "jsonl",
        /// One JSON array.
        Json = "json",
        /// Comma-separated values.
        Csv = "csv",
        /// Tab-separated values.
        Tsv = "tsv",
        /// One string a line.
        Lines = "lines",
        /// Apache Parquet.
        Parquet = "parquet",
    }
);

impl Format {
    /// The format that the extension of `path` stands for, `.gz` and `.zst` left aside. Standard input and output, `-`,
    /// have no extension and are taken for JSON lines.
    pub fn of_path(path: &str) -> Result<Self, DataError> {
        if path == "-" {
            return Ok(Self::Jsonl);
        }
        let bare = path.strip_suffix(".gz").or_else(|| path.strip_suffix(".zst")).unwrap_or(path);
        let extension = Path::new(bare).extension().and_then(|extension| extension.to_str()).unwrap_or("");
        Ok(match extension {
            "jsonl" | "ndjson" => Self::Jsonl,
            "json" => Self::Json,
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            "txt" | "log" => Self::Lines,
            "parquet" => Self::Parquet,
            _ => {
                let why = match extension {
                    "" => "it has no extension".to_string(),
                    _ => format!("`.{extension}` is none that is known"),
                };
                return Err(DataError::Usage(format!(
                    "cannot tell the format of `{path}`: {why}; say `format`, one of {FORMATS}"
                )));
            }
        })
    }

    /// Whether the format is text in columns.
    pub fn is_table(self) -> bool {
        matches!(self, Self::Csv | Self::Tsv)
    }

    /// Whether columns can be chosen.
    pub fn has_columns(self) -> bool {
        self.is_table() || self == Self::Parquet
    }
}

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

choice!(
    /// The type that a column's text is turned into.
    pub enum ColumnType: "the types of a column are" {
        /// Signed 64 bits.
        Integer = "integer",
        /// Integer or float.
        Number = "number",
        /// As it is.
        String = "string",
        /// `true` or `false`.
        Boolean = "boolean",
    }
);

/// One chosen column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header and in the item.
    pub name: String,
    /// What its text becomes; ignored when writing.
    pub kind: ColumnType,
}

/// One file, or one pattern, to read items from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOptions {
    /// Path or pattern as the user wrote it; `-` is standard input.
    pub path: String,
    /// Folder that a relative path starts from.
    pub root: PathBuf,
    /// `None`: from each file's extension.
    pub format: Option<Format>,
    /// `None`: from each file's extension.
    pub compression: Option<Compression>,
    /// Columns to select and type; `None`: all, as strings.
    pub columns: Option<Vec<Column>>,
    /// Field separator of `csv` and `tsv`; `None`: by format.
    pub delimiter: Option<u8>,
    /// Whether the first row of `csv` and `tsv` names the columns.
    pub header: bool,
    /// Prove every row to be JSON while reading, so that bad rows take no index away from good ones. Without it,
    /// JSONL rows are handed on unread and the consumer finds the bad ones.
    pub validate: bool,
    /// Stop after this many items.
    pub limit: Option<u64>,
}

impl ReadOptions {
    /// Whether the options fit each other and, where the format is known without looking for files, the format.
    pub fn check(&self) -> Result<(), DataError> {
        match self.format {
            Some(format) => self.check_format(format),
            None if self.path == "-" => self.check_format(Format::Jsonl),
            None => Ok(()),
        }
    }

    /// Whether the options fit a file of this format.
    pub(super) fn check_format(&self, format: Format) -> Result<(), DataError> {
        let refuse = |message: String| Err(DataError::Usage(message));
        if format == Format::Parquet {
            if self.path == "-" {
                return refuse(NO_STREAM.to_owned());
            }
            if !matches!(self.compression, None | Some(Compression::None)) {
                return refuse(PACKED.to_owned());
            }
        }
        if !format.is_table() {
            let given = [
                ("columns", self.columns.is_some() && !format.has_columns(), "`csv`, `tsv` and `parquet`"),
                ("delimiter", self.delimiter.is_some(), "`csv` and `tsv`"),
                ("header: false", !self.header, "`csv` and `tsv`"),
            ];
            return match given.iter().find(|(_, given, _)| *given) {
                None => Ok(()),
                Some((key, _, formats)) => {
                    refuse(format!("`{key}` is for {formats}, not for `{}`", format.name()))
                }
            };
        }
        match self.delimiter {
            Some(delimiter @ (b'"' | b'\r' | b'\n' | 0x80..)) => {
                refuse(format!("`delimiter` cannot be `{}`", (delimiter as char).escape_default()))
            }
            _ => Ok(()),
        }
    }
}

/// A pattern whose matching files are the items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobOptions {
    /// The pattern, `**` and `{a,b}` included.
    pub pattern: String,
    /// Folder that a relative pattern starts from.
    pub root: PathBuf,
    /// Stop after this many items.
    pub limit: Option<u64>,
}

/// Where a writer writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `-`.
    Stdout,
    /// A file, absolute.
    File(PathBuf),
}

/// One file to write items to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOptions {
    /// Where.
    pub target: Target,
    /// The name for messages, as the user wrote it.
    pub name: Arc<str>,
    /// How.
    pub format: Format,
    /// Compressed how.
    pub compression: Compression,
    /// Indent JSON.
    pub pretty: bool,
    /// Columns of `csv` and `tsv` and their order; `None`: from the first item.
    pub columns: Option<Vec<String>>,
}

impl WriteOptions {
    /// Whether the options fit the format.
    pub fn check(&self) -> Result<(), DataError> {
        let refuse = |message: String| Err(DataError::Usage(message));
        let name = self.format.name();
        if self.pretty && self.format != Format::Json {
            return refuse(format!("`pretty` is for `json`, not for `{name}`"));
        }
        if self.format == Format::Parquet {
            if self.target == Target::Stdout {
                return refuse(NO_OUTPUT.to_owned());
            }
            if self.compression != Compression::None {
                return refuse(
                    "`path`: parquet compresses its columns itself; take the `.gz` or `.zst` away".to_owned(),
                );
            }
        }
        match &self.columns {
            Some(_) if !self.format.has_columns() => {
                refuse(format!("`columns` is for `csv`, `tsv` and `parquet`, not for `{name}`"))
            }
            Some(columns) if columns.is_empty() => refuse("`columns` names no column".to_string()),
            Some(columns) => match (1..columns.len()).find(|at| columns[..*at].contains(&columns[*at])) {
                Some(at) => refuse(format!("`columns` names `{}` twice", columns[at])),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expect: Result<(Format, Compression), &str>) {
        let seen = Format::of_path(path).map(|format| (format, Compression::of_path(path)));
        match (seen, expect) {
            (Ok(seen), Ok(expect)) => assert_eq!(seen, expect, "{path}"),
            (Err(error), Err(expect)) => assert!(error.to_string().contains(expect), "{error}"),
            (seen, _) => panic!("{path}: {seen:?}"),
        }
    }

    #[test]
    fn the_extension_says_format_and_compression() {
        check("a/b.jsonl", Ok((Format::Jsonl, Compression::None)));
        check("b.ndjson.gz", Ok((Format::Jsonl, Compression::Gzip)));
        check("x.y.csv.zst", Ok((Format::Csv, Compression::Zstd)));
        check("a.log", Ok((Format::Lines, Compression::None)));
        check("-", Ok((Format::Jsonl, Compression::None)));
    }

    #[test]
    fn an_unknown_extension_names_the_formats() {
        check(
            "a.xml",
            Err("`.xml` is none that is known; say `format`, one of `jsonl` (.jsonl, .ndjson), `json`"),
        );
        check("data.d/README", Err("it has no extension"));
        check("dump.gz", Err("it has no extension"));
    }
}
