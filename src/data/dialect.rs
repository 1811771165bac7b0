//! A dialect says how the text of a table is cut into rows and fields, and which of them are null. The cutting itself is left
//! to `read`.

use crate::data::Column;
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

    /// What is wrong where the parts do not fit each other; `rules` are those of the file, whether they were said or not.
    pub(super) fn problems(&self, rules: FieldRules, columns: Option<&[Column]>) -> Vec<String> {
        let mut found = Vec::new();
        let shown = |byte: u8| (byte as char).escape_default();
        if is_line_end(rules.delimiter) {
            found.push(format!("`delimiter` cannot be `{}`", shown(rules.delimiter)));
        }
        for (key, byte) in [("quote", rules.quote), ("escape", self.escape)] {
            let Some(byte) = byte else { continue };
            if is_line_end(byte) {
                found.push(format!("`{key}` cannot be `{}`", shown(byte)));
            } else if byte == rules.delimiter {
                found.push(format!("`{key}` cannot be `{}`, which separates fields", shown(byte)));
            }
        }
        found.extend(self.comment.as_deref().and_then(|comment| self.comment_problem(comment, rules)));
        let may_be_null = |columns: &[Column]| columns.iter().any(|column| column.nullable);
        if !self.null_values.is_empty() && !columns.is_some_and(may_be_null) {
            let help = "say which may, such as `columns: {price: number?}`";
            found.push(format!("`null_values` is for columns that may be null; {help}"));
        }
        found
    }

    fn comment_problem(&self, comment: &str, rules: FieldRules) -> Option<String> {
        let what = match comment.as_bytes() {
            [] => return Some("`comment` is empty, and every line begins so".to_owned()),
            bytes if bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n')) => {
                return Some("`comment` holds a line end, and no line begins so".to_owned());
            }
            [byte] if *byte == rules.delimiter => "separates fields",
            [byte] if Some(*byte) == rules.quote => "encloses fields",
            [byte] if Some(*byte) == self.escape => "is the escape",
            _ => return None,
        };
        Some(format!("`comment` cannot be `{comment}`, which {what}"))
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

/// Whether a byte ends lines, or is only a part of a character.
fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n' | 0x80..)
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
