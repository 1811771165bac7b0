//! A line is text that knows its width on the screen, colours not counted.

/// What a piece of text is, as a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum TextStyle {
    Plain,
    /// A name to look for.
    Strong,
    /// Of lesser interest.
    Dim,
    /// Something to look at.
    Warn,
    /// Something that failed.
    Bad,
}

impl TextStyle {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Dim => Some("2"),
            Self::Warn => Some("33"),
            Self::Bad => Some("31"),
        }
    }
}

/// A line that is being written.
#[derive(Debug, Clone)]
pub(in crate::report) struct StyledLine {
    text: String,
    width: usize,
    color: bool,
}

impl StyledLine {
    pub(in crate::report) fn new(color: bool) -> Self {
        Self { text: String::new(), width: 0, color }
    }

    pub(in crate::report) fn push(&mut self, style: TextStyle, text: &str) {
        self.width += text.chars().count();
        match style.code().filter(|_| self.color) {
            Some(code) => self.text.extend(["\x1b[", code, "m", text, "\x1b[0m"]),
            None => self.text.push_str(text),
        }
    }

    /// Fills up with blanks to `column`, and with at least `gap` of them.
    pub(in crate::report) fn pad(&mut self, column: usize, gap: usize) {
        let blanks = column.saturating_sub(self.width).max(gap);
        self.text.extend(std::iter::repeat_n(' ', blanks));
        self.width += blanks;
    }

    pub(in crate::report) fn into_text(self) -> String {
        self.text
    }
}
