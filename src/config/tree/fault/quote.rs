//! This module finds faults of quotes, and texts that would need them.

use std::ops::Range;

use granit_parser::ErrorKind;

use super::finding::{Mend, StopPlace, YamlFault, insert};
use crate::config::tree::lines::{line_at, one_char};
use crate::source::Span;

/// A quote that is not closed on its line, or text after one that is.
pub(super) fn quote(place: &StopPlace<'_>) -> Option<YamlFault> {
    let text = place.text;
    let is_quote_fault = matches!(
        place.kind,
        ErrorKind::UnclosedQuotedScalar
            | ErrorKind::InvalidQuotedScalarIndent
            | ErrorKind::DocumentIndicatorInQuotedScalar
            | ErrorKind::InvalidTrailingSingleQuotedScalar
            | ErrorKind::InvalidTrailingDoubleQuotedScalar
            | ErrorKind::InvalidSimpleKey
            | ErrorKind::TabInIndentation
            | ErrorKind::UnknownQuotedScalarEscape
            | ErrorKind::SimpleKeyExpected
    );
    if !is_quote_fault {
        return None;
    }
    if let Some(open) = unclosed_quote(text, place) {
        let line = line_at(text, open);
        let quote = &text[open..=open];
        let content = text[line.clone()].trim_end();
        let end = line.start + content.len();
        // A backslash at the end would take the new quote's meaning away.
        let mend = if content.ends_with('\\') { Mend::Drop(line) } else { insert(end, quote) };
        return Some(YamlFault {
            code: "flowrun::unclosed_quote",
            message: "a quoted text is not closed".to_owned(),
            span: Span::new(open, end),
            label: format!("this `{quote}` is never closed"),
            help: Some(format!("add a `{quote}` where the text ends")),
            mend,
        });
    }
    let trails = matches!(
        place.kind,
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar
    );
    trails.then(|| {
        let line = line_at(text, place.at);
        let end = line.start + text[line.clone()].trim_end().len();
        YamlFault {
            code: "flowrun::yaml_syntax",
            message: "text follows a closing quote".to_owned(),
            span: Span::new(place.at.min(end), end),
            label: "YAML has no place for this".to_owned(),
            help: Some(
                "quote the whole text, or write it as a block: `|` and the text indented below".to_owned(),
            ),
            mend: quote_value(text, &line),
        }
    })
}

/// The first quote after what could be read that starts a text and is not closed on its line.
fn unclosed_quote(text: &str, place: &StopPlace<'_>) -> Option<usize> {
    let mut at = place.read_to.min(place.at);
    let mut line = line_at(text, at);
    while at < text.len() {
        let found = at + text[at..].find(['"', '\''])?;
        if found > place.at {
            return None;
        }
        if found > line.end {
            line = line_at(text, found);
        }
        let starts =
            text[..found].chars().next_back().is_none_or(|c| c.is_whitespace() || "[{,:".contains(c));
        at = match closing(&text[found..line.end]) {
            Some(length) if starts => found + length,
            None if starts => return Some(found),
            _ => found + 1,
        };
    }
    None
}

/// The length of the quoted text that starts here, when it is closed.
fn closing(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote {
            match chars.peek() {
                Some((_, next)) if quote == '\'' && *next == '\'' => {
                    chars.next();
                }
                _ => return Some(at + 1),
            }
        }
    }
    None
}

/// A character that cannot start a text.
pub(super) fn start(place: &StopPlace<'_>) -> Option<YamlFault> {
    let line = line_at(place.text, place.at);
    let character = match place.kind {
        ErrorKind::UnexpectedCharacter { character } => *character,
        ErrorKind::MissingAnchorOrAliasName => place.text[place.at..].chars().next()?,
        // `write: -`: standard output, but for YAML the start of a list entry.
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::PlainScalarStartsWithDashFlowIndicator => '-',
        _ => return None,
    };
    let (message, mend) = match character {
        '-' => {
            let dash = place.at..place.at + usize::from(place.text[place.at..].starts_with('-'));
            ("a `-` alone needs quotes".to_owned(), Mend::Replace(vec![(dash, "'-'".to_owned())]))
        }
        other => {
            (format!("a text cannot start with `{}`", other.escape_debug()), quote_value(place.text, &line))
        }
    };
    Some(YamlFault {
        code: "flowrun::yaml_syntax",
        message,
        span: one_char(place.text, place.at),
        label: "this character has a meaning of its own in YAML".to_owned(),
        help: Some("put quotes around the text".to_owned()),
        mend,
    })
}

/// A backslash in double quotes.
pub(super) fn escape(place: &StopPlace<'_>) -> Option<YamlFault> {
    let is_escape = matches!(
        place.kind,
        ErrorKind::UnknownQuotedScalarEscape
            | ErrorKind::InvalidQuotedScalarHexEscape
            | ErrorKind::InvalidUnicodeEscape
            | ErrorKind::InvalidLowSurrogateHexEscape
            | ErrorKind::InvalidLowSurrogate
            | ErrorKind::MissingLowSurrogate
            | ErrorKind::UnpairedLowSurrogate
    );
    if !is_escape {
        return None;
    }
    let line = line_at(place.text, place.at);
    let at = place.text[place.at..line.end].find('\\').map_or(place.at, |found| place.at + found);
    // All of the line: which of them is the unknown one does not matter for going on.
    let doubled = place.text[at..line.end].replace("\\\"", "'").replace('\\', "/");
    Some(YamlFault {
        code: "flowrun::yaml_syntax",
        message: "this escape does not exist".to_owned(),
        span: Span::new(at, at + place.text[at..line.end].chars().take(2).map(char::len_utf8).sum::<usize>()),
        label: "a backslash starts an escape in double quotes".to_owned(),
        help: Some("use single quotes, where a backslash stands for itself, or write `\\\\`".to_owned()),
        mend: Mend::Replace(vec![(at..line.end, doubled)]),
    })
}

/// Puts single quotes around what follows the first `: ` of a line.
pub(super) fn quote_value(text: &str, line: &Range<usize>) -> Mend {
    let content = &text[line.clone()];
    let Some(colon) = content.find(": ") else { return Mend::Drop(line.clone()) };
    let value = content[colon + 2..].trim();
    if value.is_empty() || value.starts_with('\'') && value.ends_with('\'') {
        return Mend::Drop(line.clone());
    }
    let start = line.start + colon + 2 + content[colon + 2..].len() - content[colon + 2..].trim_start().len();
    Mend::Replace(vec![(start..start + value.len(), format!("'{}'", value.replace('\'', "''")))])
}
