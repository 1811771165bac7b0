//! A line is text that knows its width on the screen, colours not counted. Text that is longer than a line is folded here.

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

    pub(in crate::report) fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        self.width += other.width;
    }

    /// Columns on the screen.
    pub(in crate::report) fn width(&self) -> usize {
        self.width
    }

    pub(in crate::report) fn into_text(self) -> String {
        self.text
    }
}

/// Text on lines of so many columns, broken between words where there are any. Without a width it is one line.
pub(in crate::report) fn folded(text: &str, width: Option<usize>) -> Vec<String> {
    let Some(width) = width.map(|width| width.max(FOLD_MIN)) else { return vec![text.to_owned()] };
    let (mut lines, mut line, mut length) = (Vec::new(), String::new(), 0);
    for word in text.split_inclusive(' ') {
        let chars = word.trim_end().chars().count();
        if length > 0 && length + chars > width {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            length = 0;
        }
        for character in word.chars() {
            if length == width && character != ' ' {
                lines.push(std::mem::take(&mut line));
                length = 0;
            }
            line.push(character);
            length += 1;
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Columns below which folding text would only make it harder to read.
const FOLD_MIN: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_folded_between_words_and_long_words_are_cut() {
        let check = |text: &str, width, expect: &[&str]| assert_eq!(folded(text, width), expect, "{text}");
        check("one two", None, &["one two"]);
        check("", Some(30), &[""]);
        check("a line of words that is longer", Some(20), &["a line of words that", "is longer"]);
        check("exactly twenty chars and", Some(20), &["exactly twenty chars", "and"]);
        check(
            &"x".repeat(45),
            Some(20),
            &["x".repeat(20), "x".repeat(20), "x".repeat(5)].each_ref().map(String::as_str),
        );
        check(&format!("to {}", "y".repeat(25)), Some(20), &["to", &"y".repeat(20), "yyyyy"]);
    }
}
