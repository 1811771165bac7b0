//! These rows are the text of a table: fields that its readers give back as they are. Which fields a row has, `table` knows.

use crate::data::dialect::separator;
use crate::data::row_style::Marking;
use crate::data::write::output::Output;
use crate::data::{DataError, Format, Ledger, RowStyle, Written};

/// What separates columns in many a file that is called `csv`: a lone name that holds it would be taken for several.
const OTHER_DELIMITERS: [char; 2] = [';', '\t'];

/// What is said of a field that needs quotes where there are none.
const NEEDS_QUOTES: &str =
    "it would be read as something else without quotes, and `quoting` is `none`; say `quoting: needed`";

/// Rows on their way to a file.
pub(super) struct Rows {
    output: Output,
    marking: Marking,
    delimiter: u8,
    /// Whether readers guess the delimiter, so that a header may mislead them.
    is_guessed: bool,
    line_end: &'static [u8],
    /// What is to be handed on.
    text: Vec<u8>,
    begun: bool,
}

/// Why fields cannot be a row: the field at fault, and what is wrong with it.
pub(super) type Misfit = (usize, &'static str);

impl Rows {
    /// No rows yet.
    pub(super) fn new(output: Output, format: Format, style: &RowStyle) -> Self {
        let usual = if format == Format::Tsv { b'\t' } else { b',' };
        Self {
            output,
            marking: style.marking(format),
            delimiter: style.delimiter.unwrap_or(usual),
            is_guessed: style.delimiter.is_none(),
            line_end: style.line_end.bytes(),
            text: Vec::new(),
            begun: false,
        }
    }

    /// The file has rows already: the next one is not the first.
    pub(super) fn begin_behind(&mut self) {
        self.begun = true;
    }

    /// Adds a row, or says why it cannot be one.
    pub(super) fn push<N: AsRef<str>>(&mut self, fields: &[N]) -> Result<(), Misfit> {
        let is_first = !std::mem::replace(&mut self.begun, true);
        let start = self.text.len();
        let pushed = match self.marking {
            Marking::Escapes => self.push_escaped(fields),
            Marking::AllQuoted => {
                self.push_quoted(fields, |_, _| true);
                Ok(())
            }
            Marking::Quoted | Marking::Bare => self.push_marked(fields, is_first),
        };
        match pushed {
            Ok(()) => self.text.extend_from_slice(self.line_end),
            // What cannot be a row leaves no half of one behind.
            Err(_) => self.text.truncate(start),
        }
        pushed
    }

    /// Hands on what was gathered.
    pub(super) fn put(&mut self) -> Result<(), DataError> {
        let put = self.output.put(&self.text);
        self.text.clear();
        put
    }

    /// Hands on what was gathered and puts the file in its place.
    pub(super) fn commit(mut self, ledger: &dyn Ledger) -> Result<Vec<Written>, DataError> {
        self.put()?;
        self.output.commit(ledger)
    }

    /// Adds fields that are in quotes where they would be taken for something else, or that must not be so.
    fn push_marked<N: AsRef<str>>(&mut self, fields: &[N], is_first: bool) -> Result<(), Misfit> {
        let (start, delimiter, is_lone) = (self.text.len(), self.delimiter, fields.len() == 1);
        let guesses = is_first && is_lone && self.is_guessed;
        let needs_quotes = |_: usize, field: &str| {
            (is_lone && field.is_empty())
                || (guesses && field.contains(OTHER_DELIMITERS))
                || field.bytes().any(|byte| byte == delimiter || matches!(byte, b'"' | b'\r' | b'\n'))
        };
        if self.marking == Marking::Bare {
            let misfit = fields.iter().position(|field| needs_quotes(0, field.as_ref()));
            misfit.map_or(Ok(()), |at| Err((at, NEEDS_QUOTES)))?;
        }
        self.push_quoted(fields, needs_quotes);
        if is_first && separator(&self.text[start..]).is_some() {
            if self.marking == Marking::Bare {
                return Err((0, NEEDS_QUOTES));
            }
            // The line would say what the delimiter is.
            self.text.truncate(start);
            self.push_quoted(fields, |at, field| at == 0 || needs_quotes(at, field));
        }
        Ok(())
    }

    /// Adds fields, in quotes where `needs_quotes` says so of a place and its text.
    fn push_quoted<N: AsRef<str>>(&mut self, fields: &[N], needs_quotes: impl Fn(usize, &str) -> bool) {
        for (at, field) in fields.iter().enumerate() {
            let field = field.as_ref();
            if at > 0 {
                self.text.push(self.delimiter);
            }
            if !needs_quotes(at, field) {
                self.text.extend_from_slice(field.as_bytes());
                continue;
            }
            self.text.push(b'"');
            for (part, within) in field.split('"').enumerate() {
                if part > 0 {
                    self.text.extend_from_slice(b"\"\"");
                }
                self.text.extend_from_slice(within.as_bytes());
            }
            self.text.push(b'"');
        }
    }

    /// Adds fields with escapes for what separates fields and rows.
    fn push_escaped<N: AsRef<str>>(&mut self, fields: &[N]) -> Result<(), Misfit> {
        if let [field] = fields
            && field.as_ref().is_empty()
        {
            return Err((
                0,
                "it is the only field and empty, and the line would be a blank one, which is no row; say `quoting: needed`",
            ));
        }
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                self.text.push(self.delimiter);
            }
            for byte in field.as_ref().bytes() {
                let letter = match byte {
                    b'\t' => b't',
                    b'\n' => b'n',
                    b'\r' => b'r',
                    b'\\' => b'\\',
                    other if other == self.delimiter => {
                        return Err((
                            at,
                            "it holds the delimiter, which has no escape; say `quoting: needed`",
                        ));
                    }
                    other => {
                        self.text.push(other);
                        continue;
                    }
                };
                self.text.extend_from_slice(&[b'\\', letter]);
            }
        }
        Ok(())
    }
}
