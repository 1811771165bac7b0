//! Foreign text is made fit for one line of a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Foreign text on one line: control characters can neither break the line nor steer a terminal.
pub fn printable(text: &str) -> Cow<'_, str> {
    let text = text.trim_end();
    if !text.chars().any(is_steering) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\r' => {}
            '\n' | '\t' => clean.push(' '),
            character if is_steering(character) => {
                let _ = write!(clean, "{}", character.escape_default());
            }
            character => clean.push(character),
        }
    }
    Cow::Owned(clean)
}

/// Control characters, and those that turn the direction of the text around them.
fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        assert_eq!(printable("a\x1b[31mb\r\nc\td\u{202e}e\n"), "a\\u{1b}[31mb c d\\u{202e}e");
        assert_eq!(printable("schön ✓"), "schön ✓");
    }
}
