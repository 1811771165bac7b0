//! This module finds what is wrong with a text that is no YAML, says it in words for people, and shows how to patch
//! the text so that reading can go on.

use granit_parser::ErrorKind;

mod finding;
mod indent;
mod quote;
mod shape;

use super::lines::{is_blank, line_above, line_at, one_char};
pub(super) use finding::{Mend, StopPlace, YamlFault};
pub(super) use indent::tab_fault;

/// Explains why the parser stopped.
pub(super) fn explain(place: &StopPlace<'_>) -> YamlFault {
    limit(place)
        .or_else(|| indent::tab(place))
        .or_else(|| quote::quote(place))
        .or_else(|| shape::bracket(place))
        .or_else(|| quote::start(place))
        .or_else(|| quote::escape(place))
        .or_else(|| shape::colon(place))
        .or_else(|| indent::indentation(place))
        .unwrap_or_else(|| other(place))
}

fn limit(place: &StopPlace<'_>) -> Option<YamlFault> {
    let message = match place.kind {
        ErrorKind::RecursionLimitExceeded => "the file is nested deeper than 255 levels".to_owned(),
        ErrorKind::DirectiveByteLimitExceeded { .. }
        | ErrorKind::TooManyReservedDirectiveParams { .. }
        | ErrorKind::AnchorCountOverflow
        | ErrorKind::InputByteLimitExceeded { .. } => place.kind.to_string(),
        _ => return None,
    };
    Some(YamlFault {
        code: "flowrun::yaml_limit",
        message,
        span: one_char(place.text, place.at),
        label: "the limit is passed here".to_owned(),
        help: None,
        mend: Mend::Stop,
    })
}

fn other(place: &StopPlace<'_>) -> YamlFault {
    let text = place.text;
    let mut line = line_at(text, place.at);
    if is_blank(text, &line) {
        line = line_above(text, &line).unwrap_or(line);
    }
    let at = place.at.clamp(line.start, line.end);
    let in_brackets = !place.open.is_empty() && text[line.clone()].contains("${{");
    let help = in_brackets.then(|| "put quotes around a text with `${{ }}` inside of brackets".to_owned());
    YamlFault {
        code: "flowrun::yaml_syntax",
        message: format!("this is no YAML: {}", place.kind),
        span: one_char(text, at),
        label: "the reader stops here".to_owned(),
        help,
        mend: Mend::Drop(line),
    }
}
