//! This module finds faults of the shape: brackets and colons that are missing, or are too many.

use std::ops::Range;

use granit_parser::ErrorKind;

use super::finding::{Mend, StopPlace, YamlFault, insert};
use super::quote::quote_value;
use crate::config::tree::lines::{indent, line_above, line_at, one_char};
use crate::source::Span;

/// A bracket whose end is missing when another line begins.
pub(super) fn bracket(place: &StopPlace<'_>) -> Option<YamlFault> {
    let text = place.text;
    let open = *place.open.last()?;
    let fault_line = line_at(text, place.at);
    let bracket_line = line_at(text, open);
    if fault_line.start <= bracket_line.start && place.at < text.trim_end().len() {
        return None;
    }
    let closing: String =
        place.open.iter().rev().map(|at| if text[*at..].starts_with('[') { ']' } else { '}' }).collect();
    let before = &text[..fault_line.start.max(bracket_line.end).min(text.len())];
    let end = before.trim_end().len().max(open + 1);
    let name = &text[open..=open];
    Some(YamlFault {
        code: "flowrun::unclosed_bracket",
        message: format!("a `{name}` is not closed"),
        span: Span::new(open, open + 1),
        label: format!("this `{name}` is never closed"),
        help: Some(format!("add a `{}` where it ends", if name == "[" { "]" } else { "}" })),
        mend: insert(end, &closing),
    })
}

/// A colon that is missing, or one too many.
pub(super) fn colon(place: &StopPlace<'_>) -> Option<YamlFault> {
    let text = place.text;
    let line = line_at(text, place.at);
    let content = text[line.clone()].trim();
    let fault = |message: &str, span, label: &str, help: &str, mend| YamlFault {
        code: "flowrun::yaml_syntax",
        message: message.to_owned(),
        span,
        label: label.to_owned(),
        help: Some(help.to_owned()),
        mend,
    };
    let word = |line: &Range<usize>| {
        let start = line.start + indent(text, line).len();
        Span::new(start, line.start + text[line.clone()].trim_end().len())
    };
    let missing = |line: Range<usize>| {
        let span = word(&line);
        fault(
            "a line is neither `key: value` nor a list entry",
            span,
            "a `:` is missing",
            "write `key: value`",
            insert(span.end, ":"),
        )
    };
    match place.kind {
        ErrorKind::SimpleKeyExpected if !content.contains(": ") && !content.ends_with(':') => {
            Some(missing(line))
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidSimpleKey => {
            let above = line_above(text, &line);
            let head = above.as_ref().map_or("", |above| text[above.clone()].trim());
            let above = above.unwrap_or_default();
            if text[line.start..place.at.max(line.start)].contains(": ") {
                let message = "a text with `: ` in it needs quotes";
                let help = "put quotes around the whole text, or write it as a block: `|` and the text indented below";
                let span = one_char(text, place.at);
                return Some(fault(
                    message,
                    span,
                    "YAML reads this as `key: value`",
                    help,
                    quote_value(text, &line),
                ));
            }
            if !head.is_empty() && !head.contains(':') && !head.starts_with(['-', '#', ']', '}']) {
                return Some(missing(above));
            }
            let (message, label) = ("a key stands below a value", "the line above has a value already");
            let help = "indent it like the line above, or take that value away";
            let shifted = " ".repeat(indent(text, &above).len());
            let lead = line.start..line.start + indent(text, &line).len();
            Some(fault(message, word(&line), label, help, Mend::Replace(vec![(lead, shifted)])))
        }
        _ => None,
    }
}
