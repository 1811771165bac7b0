//! A dialect says how the text of a table is cut into rows and fields, and which of them are null. The cutting itself is left
//! to `read`.

use crate::data::{Column, DataError};
use crate::value::choice;

choice!(
    /// What becomes of rows that have not as many fields as there are columns.
    pub enum Ragged: "ragged rows are" {
        /// They are bad rows.
        Error = "error",
        /// Missing fields are null, and further ones go to a list `_rest`.
        Pad = "pad",
    }
);

/// The name of the list of further fields.
pub(super) const REST: &str = "_rest";

/// What encloses fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// Nothing does: a quote is a character like any other.
    None,
    /// This character.
    Character(u8),
}

/// How the text of `csv` and `tsv` is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// Separates fields; `None`: a comma in `csv`, a tab in `tsv`.
    pub delimiter: Option<u8>,
    /// Encloses fields; `None`: a double quote in `csv`, and nothing in `tsv`, which has escapes instead.
    pub quote: Option<Quote>,
    /// Takes the meaning from the character behind it; `None`: a quote in a field is doubled.
    pub escape: Option<u8>,
    /// Lines that begin so are no rows.
    pub comment: Option<String>,
    /// Lines before the header, or the first row, that are no rows.
    pub skip: u64,
    /// Whether blanks around fields are no part of them.
    pub trim: bool,
    /// What becomes of rows that have too few or too many fields.
    pub ragged: Ragged,
    /// Texts that are null in columns that may be null.
    pub null_values: Vec<String>,
    /// Whether the first row names the columns.
    pub header: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            delimiter: None,
            quote: None,
            escape: None,
            comment: None,
            skip: 0,
            trim: false,
            ragged: Ragged::Error,
            null_values: Vec::new(),
            header: true,
        }
    }
}

impl Dialect {
    /// The first key that is not as it is without being said, for formats that have no such keys.
    pub(super) fn first_key(&self) -> Option<&'static str> {
        let usual = Self::default();
        let given = [
            ("delimiter", self.delimiter != usual.delimiter),
            ("header: false", self.header != usual.header),
            ("quote", self.quote != usual.quote),
            ("escape", self.escape != usual.escape),
            ("comment", self.comment != usual.comment),
            ("skip", self.skip != usual.skip),
            ("trim", self.trim != usual.trim),
            ("ragged", self.ragged != usual.ragged),
            ("null_values", self.null_values != usual.null_values),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(key, _)| key)
    }

    /// Whether the parts fit each other; `delimiter` is what separates fields where nothing is said of it, and `quote` what
    /// encloses them.
    pub(super) fn check(&self, rules: FieldRules, columns: Option<&[Column]>) -> Result<(), DataError> {
        let refuse = |message: String| Err(DataError::Usage(message));
        let shown = |byte: u8| (byte as char).escape_default();
        let is_line_end = |byte: u8| matches!(byte, b'\r' | b'\n' | 0x80..);
        if is_line_end(rules.delimiter) {
            return refuse(format!("`delimiter` cannot be `{}`", shown(rules.delimiter)));
        }
        if let Some(quote) = rules.quote
            && (is_line_end(quote) || quote == rules.delimiter)
        {
            return refuse(format!("`quote` cannot be `{}`, which separates fields", shown(quote)));
        }
        if let Some(escape) = self.escape
            && (is_line_end(escape) || escape == rules.delimiter)
        {
            return refuse(format!("`escape` cannot be `{}`, which separates fields", shown(escape)));
        }
        if self.comment.as_ref().is_some_and(String::is_empty) {
            return refuse("`comment` is empty, and every line begins so".to_owned());
        }
        let may_be_null = |columns: &[Column]| columns.iter().any(|column| column.nullable);
        if !self.null_values.is_empty() && !columns.is_some_and(may_be_null) {
            let help = "say which may, such as `columns: {price: number?}`";
            return refuse(format!("`null_values` is for columns that may be null; {help}"));
        }
        Ok(())
    }

    /// The rules of a file whose format has these.
    pub(super) fn rules(&self, usual: FieldRules) -> FieldRules {
        let quote = match self.quote {
            None => usual.quote,
            Some(Quote::None) => None,
            Some(Quote::Character(quote)) => Some(quote),
        };
        let escape = match self.escape {
            // An escape of the quote by itself is what doubling is called elsewhere.
            Some(escape) if quote != Some(escape) => Escape::Character(escape),
            None if quote.is_none() => usual.escape,
            _ => Escape::Doubling,
        };
        let delimiter = self.delimiter.unwrap_or(usual.delimiter);
        FieldRules { delimiter, quote, escape, trim: self.trim }
    }
}

/// How a line is cut into fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FieldRules {
    /// Separates fields.
    pub(super) delimiter: u8,
    /// Encloses fields.
    pub(super) quote: Option<u8>,
    /// What else takes the meaning from a character.
    pub(super) escape: Escape,
    /// Whether blanks around fields are no part of them.
    pub(super) trim: bool,
}

/// How a character that means something stands for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// Two quotes are one.
    Doubling,
    /// `\t`, `\n`, `\r` and `\\`, as in the text of tab-separated values.
    Tabbed,
    /// It stands behind this character.
    Character(u8),
}

impl FieldRules {
    /// Comma-separated values as in RFC 4180.
    pub(super) const COMMAS: Self =
        Self { delimiter: b',', quote: Some(b'"'), escape: Escape::Doubling, trim: false };
    /// Tab-separated values as IANA has registered them, with the escapes that programs write.
    pub(super) const TABS: Self = Self { delimiter: b'\t', quote: None, escape: Escape::Tabbed, trim: false };
}

/// What the first line says of the delimiter, as Excel writes and reads it: `sep=;`.
pub(super) fn separator(line: &[u8]) -> Option<u8> {
    match line.strip_suffix(b"\r").unwrap_or(line) {
        [name @ .., byte @ (b'\t' | b' '..=b'!' | b'#'..=b'~')] if name.eq_ignore_ascii_case(b"sep=") => {
            Some(*byte)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_line_has_one_character_that_can_be_a_delimiter() {
        let seen = |line: &str| separator(line.as_bytes());
        assert_eq!([seen("sep=;"), seen("SEP=\t\r")], [Some(b';'), Some(b'\t')]);
        for line in ["sep=", "sep=;;", "sep=\"", "sep=\r", "sep", "x", "", "step=;"] {
            assert_eq!(seen(line), None, "{line}");
        }
    }
}
