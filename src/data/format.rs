//! This table holds the formats: how items lie in a file, and what is to be known of each. `read` and `write` do the
//! reading and writing; texts that list formats are made from it.

use std::path::Path;

use crate::data::dialect::FieldRules;
use crate::data::{Compression, DataError};
use crate::value::{Choice, choice};

choice!(
    /// How items lie in a file.
    pub enum Format: "the formats are" {
        /// One JSON value a line.
        Jsonl = "jsonl",
        /// One JSON array, or, in `read`, one object.
        Json = "json",
        /// Comma-separated values.
        Csv = "csv",
        /// Tab-separated values.
        Tsv = "tsv",
        /// One string a line.
        Lines = "lines",
        /// Apache Parquet.
        Parquet = "parquet",
        /// A database of SQLite.
        Sqlite = "sqlite",
    }
);

/// What is to be known of a format.
struct Row {
    /// The extensions that stand for it.
    extensions: &'static [&'static str],
    /// What its name does not say, for lists of all formats.
    remark: Option<&'static str>,
    /// Its columns.
    columns: Columns,
    /// Whether its values can be indented.
    is_indented: bool,
    /// Whether it can be read and written from front to back, through pipes and compression.
    streams: bool,
}

/// Which columns a format has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Columns {
    /// None.
    No,
    /// Columns of text.
    Text,
    /// Columns that have types.
    Typed,
}

/// What the name of a document's format does not say, where one is read.
const DOCUMENT: &str = "one array, or one object, which is one item";

/// Values one after the other, as most formats have them.
const VALUES: Row =
    Row { extensions: &[], remark: None, columns: Columns::No, is_indented: false, streams: true };

/// Text in columns.
const TABLE: Row = Row { columns: Columns::Text, ..VALUES };

impl Format {
    const fn row(self) -> Row {
        match self {
            Self::Jsonl => Row { extensions: &["jsonl", "ndjson"], ..VALUES },
            Self::Json => {
                Row { extensions: &["json"], remark: Some("one array"), is_indented: true, ..VALUES }
            }
            Self::Csv => Row { extensions: &["csv"], ..TABLE },
            Self::Tsv => Row { extensions: &["tsv"], ..TABLE },
            Self::Lines => Row { extensions: &["txt", "log"], ..VALUES },
            Self::Parquet => {
                Row { extensions: &["parquet"], columns: Columns::Typed, streams: false, ..VALUES }
            }
            Self::Sqlite => Row {
                extensions: &["sqlite", "sqlite3", "db"],
                remark: Some("a query, or a table"),
                streams: false,
                ..VALUES
            },
        }
    }

    /// The format that the extension of `path` stands for, that of a compression left aside. Standard input and output, `-`,
    /// have no extension and are taken for JSON lines.
    ///
    /// # Errors
    /// Fails when the extension is unknown or missing.
    pub fn of_path(path: &str) -> Result<Self, DataError> {
        if path == "-" {
            return Ok(Self::Jsonl);
        }
        let (bare, _) = Compression::split(path);
        let extension = Path::new(bare).extension().and_then(|extension| extension.to_str()).unwrap_or("");
        Self::all().find(|format| format.extensions().contains(&extension)).ok_or_else(|| {
            let why = match extension {
                "" => "it has no extension".to_string(),
                _ => format!("`.{extension}` is none that is known"),
            };
            let formats = listed(Self::all().map(Self::with_extensions), ",");
            DataError::Usage(format!(
                "cannot tell the format of `{path}`: {why}; say `format`, one of {formats}"
            ))
        })
    }

    /// The extensions that stand for it, without points.
    pub fn extensions(self) -> &'static [&'static str] {
        self.row().extensions
    }

    /// Whether the format is text in columns.
    pub fn is_table(self) -> bool {
        self.row().columns == Columns::Text
    }

    /// How a table's lines are cut into fields where nothing else is said; none for other formats.
    pub(super) fn field_rules(self) -> Option<FieldRules> {
        match self {
            Self::Csv => Some(FieldRules::COMMAS),
            Self::Tsv => Some(FieldRules::TABS),
            Self::Jsonl | Self::Json | Self::Lines | Self::Parquet | Self::Sqlite => None,
        }
    }

    /// Whether columns can be chosen.
    pub fn has_columns(self) -> bool {
        self.row().columns != Columns::No
    }

    /// Whether a file is one value, in which a list may lie deep.
    pub fn is_document(self) -> bool {
        self == Self::Json
    }

    /// Whether items can be put behind those that a file has.
    pub fn can_grow(self) -> bool {
        self.is_database() || (self.streams() && !self.is_document())
    }

    /// Whether a file holds tables, of which a query or a name says what is meant.
    pub fn is_database(self) -> bool {
        self == Self::Sqlite
    }

    /// Whether columns have types.
    pub fn has_types(self) -> bool {
        self.row().columns == Columns::Typed
    }

    /// Whether its values can be indented.
    pub fn is_indented(self) -> bool {
        self.row().is_indented
    }

    /// Whether a file can be read and written from front to back, so that it fits through pipes and compression.
    pub fn streams(self) -> bool {
        self.row().streams
    }

    /// The names of all formats: `` `jsonl`, `json` ``.
    pub fn names() -> String {
        listed(Self::all().map(quoted), ",")
    }

    /// The names of some of them: `` `csv`, `tsv` and `parquet` ``.
    pub fn names_of(wanted: fn(Self) -> bool) -> String {
        listed(Self::all().filter(|format| wanted(*format)).map(quoted), " and")
    }

    /// All formats as a choice between them, with what the names do not say of what is written.
    pub fn choices() -> String {
        listed(Self::all().map(|format| with_remark(format, format.row().remark)), " or")
    }

    /// The same, with what the names do not say of what is read.
    pub fn choices_to_read() -> String {
        let remark = |format: Self| if format.is_document() { Some(DOCUMENT) } else { format.row().remark };
        listed(Self::all().map(|format| with_remark(format, remark(format))), " or")
    }

    /// How a name has to end to say its format.
    pub fn endings() -> String {
        let of = |streams| {
            let formats = Self::all().filter(move |format| format.streams() == streams);
            formats.flat_map(Self::extensions).map(|extension| format!("`.{extension}`"))
        };
        let (packable, alone) = (listed(of(true), " or"), listed(of(false), " or"));
        format!("{packable}, with {} behind it or without, or in {alone}", Compression::extensions())
    }

    fn with_extensions(self) -> String {
        let extensions: Vec<String> =
            self.extensions().iter().map(|extension| format!(".{extension}")).collect();
        format!("{} ({})", quoted(self), extensions.join(", "))
    }

    /// Why the option `key`, which is for the `wanted` formats, is not for this one.
    pub(super) fn unfit(self, key: &str, wanted: fn(Self) -> bool) -> String {
        format!("`{key}` is for {}, not for `{}`", Self::names_of(wanted), self.name())
    }

    /// Whether this flowrun was built with it.
    pub(super) const fn is_built_in(self) -> bool {
        cfg!(feature = "parquet") || !matches!(self, Self::Parquet)
    }

    /// Why a format that is not built in is of no use.
    pub(super) fn absent(self) -> String {
        format!("this flowrun was built without the format `{}`", self.name())
    }

    /// Why a format that does not stream is not read from standard input.
    pub(super) fn no_stream(self) -> String {
        let (name, how) = (self.name(), if self.is_database() { "here and there" } else { "from its end" });
        format!("`path: -` is not for `{name}`, which is read {how}: standard input cannot go back and forth")
    }

    /// Why a format that does not stream is not written to standard output.
    pub(super) fn no_output(self) -> String {
        let name = self.name();
        format!(
            "`path: -` is not for `{name}`: whoever reads it has to go back and forth, which a stream cannot"
        )
    }

    /// Why a format that does not stream is not compressed as a whole.
    pub(super) fn packed(self) -> String {
        let why = if self.is_database() { "is read here and there" } else { "compresses its columns itself" };
        format!("`compression` is not for `{}`, which {why}", self.name())
    }
}

fn with_remark(format: Format, remark: Option<&str>) -> String {
    match remark {
        Some(remark) => format!("{} ({remark})", quoted(format)),
        None => quoted(format),
    }
}

fn quoted(format: Format) -> String {
    format!("`{}`", format.name())
}

/// Parts with commas between them, but `last` before the last one.
fn listed(parts: impl Iterator<Item = String>, last: &str) -> String {
    let parts: Vec<String> = parts.collect();
    match parts.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{}{last} {end}", rest.join(", ")),
        _ => parts.concat(),
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

    #[test]
    fn an_extension_stands_for_one_format() {
        let mut seen = Vec::new();
        for format in Format::all() {
            assert!(!format.extensions().is_empty(), "{format:?} can be told by a name");
            for extension in format.extensions() {
                assert!(!seen.contains(extension), "`.{extension}` stands for two formats");
                seen.push(extension);
            }
        }
    }

    #[test]
    fn texts_list_the_formats_of_the_table() {
        assert_eq!(Format::names(), "`jsonl`, `json`, `csv`, `tsv`, `lines`, `parquet`, `sqlite`");
        assert_eq!(Format::names_of(Format::has_columns), "`csv`, `tsv` and `parquet`");
        assert_eq!(Format::names_of(Format::is_indented), "`json`");
        let choices =
            "`jsonl`, `json` (one array), `csv`, `tsv`, `lines`, `parquet` or `sqlite` (a query, or a table)";
        assert_eq!(Format::choices(), choices);
        let to_read = "`jsonl`, `json` (one array, or one object, which is one item), `csv`, `tsv`, `lines`, `parquet` or \
            `sqlite` (a query, or a table)";
        assert_eq!(Format::choices_to_read(), to_read);
        let endings = "`.jsonl`, `.ndjson`, `.json`, `.csv`, `.tsv`, `.txt` or `.log`, with `.gz` or `.zst` behind it or without, \
            or in `.parquet`, `.sqlite`, `.sqlite3` or `.db`";
        assert_eq!(Format::endings(), endings);
    }
}
