//! A style says how the rows of a table are written as text: what separates and encloses fields, what lines end with, and
//! which columns there are. The writing itself is left to `write`.

use crate::data::{DataError, Format};
use crate::value::choice;

choice!(
    /// Which fields are written in quotes.
    pub enum Quoting: "the ways of quoting are" {
        /// Those that would be read as something else.
        Needed = "needed",
        /// All fields.
        All = "all",
        /// No field; `tsv` has escapes instead, and in `csv` a value that needs quotes fails the step.
        None = "none",
    }
);

choice!(
    /// What ends a line.
    #[derive(Default)]
    pub enum LineEnd: "the line ends are" {
        /// A line feed.
        #[default]
        Lf = "lf",
        /// A carriage return and a line feed.
        Crlf = "crlf",
    }
);

impl LineEnd {
    /// The bytes.
    pub(super) const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::Crlf => b"\r\n",
        }
    }
}

/// How `csv` and `tsv` are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowStyle {
    /// Separates fields; `None`: a comma in `csv`, a tab in `tsv`.
    pub delimiter: Option<u8>,
    /// Which fields are in quotes; `None`: `needed` in `csv`, and `none` in `tsv`, which has escapes instead.
    pub quoting: Option<Quoting>,
    /// Whether a byte order mark stands before all else.
    pub bom: bool,
    /// What ends a line.
    pub line_end: LineEnd,
    /// Whether the columns are the keys of all items.
    pub all_columns: bool,
}

impl RowStyle {
    /// The first key that says something.
    fn first_key(&self) -> Option<&'static str> {
        let given = [
            ("delimiter", self.delimiter.is_some()),
            ("quoting", self.quoting.is_some()),
            ("bom", self.bom),
            ("line_end", self.line_end != LineEnd::default()),
            ("all_columns", self.all_columns),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(key, _)| key)
    }

    /// Whether the parts fit each other and the format. `has_columns`: whether the columns are given.
    pub(super) fn check(&self, format: Format, has_columns: bool) -> Result<(), DataError> {
        let refuse = |message: String| Err(DataError::Usage(message));
        match self.first_key() {
            Some(key) if !format.is_table() => return refuse(format.unfit(key, Format::is_table)),
            _ => {}
        }
        if self.all_columns && has_columns {
            return refuse("`all_columns` and `columns` both say which columns there are".to_owned());
        }
        let Some(delimiter) = self.delimiter else { return Ok(()) };
        let shown = (delimiter as char).escape_default();
        if matches!(delimiter, b'"' | b'\r' | b'\n' | 0x80..) {
            return refuse(format!("`delimiter` cannot be `{shown}`"));
        }
        if delimiter == b'\\' && self.marking(format) == Marking::Escapes {
            return refuse(format!("`delimiter` cannot be `{shown}`, with which escapes begin"));
        }
        Ok(())
    }

    /// How fields of a format are told apart.
    pub(super) fn marking(&self, format: Format) -> Marking {
        match self.quoting {
            Some(Quoting::All) => Marking::AllQuoted,
            Some(Quoting::Needed) => Marking::Quoted,
            Some(Quoting::None) if format == Format::Csv => Marking::Bare,
            None if format == Format::Csv => Marking::Quoted,
            _ => Marking::Escapes,
        }
    }
}

/// How fields are told apart that hold what separates them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marking {
    /// Such fields are in quotes, doubled within.
    Quoted,
    /// All fields are.
    AllQuoted,
    /// There are no such fields.
    Bare,
    /// They have `\t`, `\n`, `\r` and `\\`.
    Escapes,
}
