//! These rows are the text of a table: fields that its readers give back as they are. Which fields a row has, `table` knows.

use crate::data::dialect::separator;
use crate::data::write::output::Output;
use crate::data::{DataError, Format};

/// What separates columns in many a file that is called `csv`: a lone name that holds it would be taken for several.
const OTHER_DELIMITERS: [char; 2] = [';', '\t'];

/// Rows on their way to a file.
pub(super) struct Rows {
    output: Output,
    /// Fields between tabs with escapes, or else between commas with quotes.
    has_tabs: bool,
    /// What is to be handed on.
    text: Vec<u8>,
    begun: bool,
}

impl Rows {
    /// No rows yet.
    pub(super) fn new(output: Output, format: Format) -> Self {
        Self { output, has_tabs: format == Format::Tsv, text: Vec::new(), begun: false }
    }

    /// Adds a row, or says why it cannot be one.
    pub(super) fn push<N: AsRef<str>>(&mut self, fields: &[N]) -> Result<(), &'static str> {
        let is_first = !std::mem::replace(&mut self.begun, true);
        if self.has_tabs {
            return self.push_tabbed(fields);
        }
        let start = self.text.len();
        self.push_quoted(fields, is_first && fields.len() == 1);
        if is_first && separator(&self.text[start..]).is_some() {
            self.text.truncate(start);
            self.push_quoted(fields, true);
        }
        self.text.push(b'\n');
        Ok(())
    }

    /// Hands on what was gathered.
    pub(super) fn put(&mut self) -> Result<(), DataError> {
        let put = self.output.put(&self.text);
        self.text.clear();
        put
    }

    /// Hands on what was gathered and puts the file in its place.
    pub(super) fn commit(mut self) -> Result<(), DataError> {
        self.put()?;
        self.output.commit()
    }

    /// Adds fields between commas, in quotes where they would be taken for something else. `is_delicate`: what the first one
    /// is taken for depends on more than commas.
    fn push_quoted<N: AsRef<str>>(&mut self, fields: &[N], is_delicate: bool) {
        for (at, field) in fields.iter().enumerate() {
            let field = field.as_ref();
            if at > 0 {
                self.text.push(b',');
            }
            let is_special = |byte: u8| matches!(byte, b',' | b'"' | b'\r' | b'\n');
            let is_blank_line = fields.len() == 1 && field.is_empty();
            let is_delicate = is_delicate
                && at == 0
                && (fields.len() > 1
                    || field.contains(OTHER_DELIMITERS)
                    || separator(field.as_bytes()).is_some());
            if !is_blank_line && !is_delicate && !field.bytes().any(is_special) {
                self.text.extend_from_slice(field.as_bytes());
                continue;
            }
            self.text.push(b'"');
            self.text.extend(
                field
                    .bytes()
                    .flat_map(|byte| match byte {
                        b'"' => [Some(b'"'), Some(b'"')],
                        other => [Some(other), None],
                    })
                    .flatten(),
            );
            self.text.push(b'"');
        }
    }

    /// Adds fields between tabs, with escapes for what separates fields and rows.
    fn push_tabbed<N: AsRef<str>>(&mut self, fields: &[N]) -> Result<(), &'static str> {
        if let [field] = fields
            && field.as_ref().is_empty()
        {
            return Err(
                "its only field is empty, and the line would be a blank one, which is no row; say `format: csv`",
            );
        }
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                self.text.push(b'\t');
            }
            for byte in field.as_ref().bytes() {
                let letter = match byte {
                    b'\t' => b't',
                    b'\n' => b'n',
                    b'\r' => b'r',
                    b'\\' => b'\\',
                    other => {
                        self.text.push(other);
                        continue;
                    }
                };
                self.text.extend_from_slice(&[b'\\', letter]);
            }
        }
        self.text.push(b'\n');
        Ok(())
    }
}
