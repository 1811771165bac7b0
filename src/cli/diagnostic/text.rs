//! miette draws diagnostics as text here: the source lines in a frame, a label under each place.

use std::fmt;
use std::io;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity as Level, ThemeCharacters, ThemeStyles,
};

use super::place::shown;
use super::snippet::Snippet;
use crate::source::{Diagnostic, Severity};

/// What the text form needs to know of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextOptions {
    /// Characters in a line.
    pub width: usize,
    /// Whether to colour.
    pub color: bool,
    /// Drawn or told.
    pub form: TextForm,
}

/// How the text form shows a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    /// Source lines framed in box-drawing characters.
    Unicode,
    /// Source lines framed in ASCII.
    Ascii,
    /// Sentences without drawings, for screen readers and braille displays.
    Narrated,
}

/// Narrower frames cannot be read; wider terminals are not needed to draw one.
const WIDTH_MIN: usize = 40;

/// Writes all diagnostics, an empty line between them.
pub(super) fn write(out: &mut dyn io::Write, found: &[&Diagnostic], options: TextOptions) -> io::Result<()> {
    let width = options.width.max(WIDTH_MIN);
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme {
        characters: match options.form {
            TextForm::Unicode => ThemeCharacters::unicode(),
            TextForm::Ascii | TextForm::Narrated => ThemeCharacters::ascii(),
        },
        styles: if options.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
    })
    .with_width(width)
    .with_links(false)
    .with_context_lines(1)
    .without_syntax_highlighting();
    for (number, diagnostic) in found.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        let mut drawn = String::new();
        handler.render_report(&mut drawn, &Finding::new(diagnostic, width)).map_err(io::Error::other)?;
        out.write_all(drawn.as_bytes())?;
    }
    Ok(())
}

/// A diagnostic in miette's terms. Written by hand: the number of labels is not known to a derive.
#[derive(Debug)]
struct Finding<'a> {
    diagnostic: &'a Diagnostic,
    message: String,
    help: Option<String>,
    snippet: Snippet,
}

impl<'a> Finding<'a> {
    fn new(diagnostic: &'a Diagnostic, width: usize) -> Self {
        let message = shown(&diagnostic.message);
        let message = if diagnostic.labels.is_empty() {
            // No frame will be drawn, so the file is not named in its header.
            format!("{}: {message}", shown(diagnostic.file.name()))
        } else {
            message
        };
        Self {
            diagnostic,
            message,
            help: diagnostic.help.as_deref().map(shown),
            snippet: Snippet::new(&diagnostic.file, &diagnostic.labels, width),
        }
    }
}

impl fmt::Display for Finding<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Finding<'_> {}

impl miette::Diagnostic for Finding<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<Level> {
        Some(match self.diagnostic.severity {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.snippet)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.snippet.labels()))
    }
}
