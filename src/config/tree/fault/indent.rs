//! This module finds faults of the indentation: tabs, and lines that stand under nothing.

use std::ops::Range;

use granit_parser::ErrorKind;

use super::finding::{Mend, StopPlace, YamlFault};
use crate::config::tree::lines::{indent, is_blank, line_above, line_at, lines_from};
use crate::source::Span;

/// A tab in the indentation: of the line of the fault, or of the first one after it when the parser names tabs.
pub(super) fn tab(place: &StopPlace<'_>) -> Option<YamlFault> {
    let text = place.text;
    let names_tabs = matches!(
        place.kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar
            | ErrorKind::InvalidBlockEntryWhitespace
            | ErrorKind::InvalidMappingValueWhitespace
    );
    let lines = lines_from(text, line_at(text, place.at).start);
    let line =
        lines.take(if names_tabs { usize::MAX } else { 1 }).find(|line| indent(text, line).contains('\t'));
    let (span, edits) = match line {
        Some(line) => {
            let start = line.start + indent(text, &line).find('\t')?;
            let run = text[start..line.end].bytes().take_while(|byte| *byte == b'\t').count();
            (Span::new(start, start + run), untabbed(text, &line))
        }
        None if names_tabs => {
            let line = line_at(text, place.at);
            let start = place.at + text[place.at..line.end].find('\t')?;
            (Span::new(start, start + 1), vec![(start..start + 1, " ".to_owned())])
        }
        None => return None,
    };
    let more = edits.len().saturating_sub(1);
    let lines = if more == 1 { "line" } else { "lines" };
    let label =
        if more > 0 { format!("tab here, and on {more} more {lines} below") } else { "tab here".to_owned() };
    Some(tab_fault(span, label, Mend::Replace(edits)))
}

/// Says that tabs are no indentation.
pub(in crate::config::tree) fn tab_fault(span: Span, label: String, mend: Mend) -> YamlFault {
    YamlFault {
        code: "flowrun::yaml_tab",
        message: "a tab is used for indentation".to_owned(),
        span,
        label,
        help: Some("YAML is indented with spaces only; set your editor to insert spaces".to_owned()),
        mend,
    }
}

/// Gives spaces to the line, and to all after it that start with a tab: such a line is never right.
fn untabbed(text: &str, first: &Range<usize>) -> Vec<(Range<usize>, String)> {
    let mut edits = Vec::new();
    // Depth in tabs → depth in spaces, of the lines that the current one may stand under.
    let mut levels: Vec<(usize, usize)> = Vec::new();
    let above =
        lines_from(text, 0).take_while(|line| line.start < first.start).filter(|line| !is_blank(text, line));
    let mut previous = above.last();
    for line in lines_from(text, first.start) {
        let lead = indent(text, &line);
        if is_blank(text, &line) {
            // White space alone, but the reader took offence at it.
            if line.start == first.start {
                edits.push((line.start..line.start + lead.len(), String::new()));
            }
            continue;
        }
        if line.start != first.start && !lead.starts_with('\t') {
            previous = Some(line);
            levels.clear();
            continue;
        }
        let width = lead.chars().map(|c| if c == '\t' { 8 } else { 1 }).sum();
        levels.retain(|(tabs, _)| *tabs <= width);
        let spaces = match levels.last() {
            Some((tabs, spaces)) if *tabs == width => *spaces,
            Some((_, spaces)) => spaces + 2,
            None => previous.as_ref().map_or(0, |line| {
                let opens = text[line.clone()].trim_end().ends_with([':', '|', '>', '-']);
                indent(text, line).len() + if opens { 2 } else { 0 }
            }),
        };
        if levels.last().is_none_or(|(tabs, _)| *tabs < width) {
            levels.push((width, spaces));
        }
        edits.push((line.start..line.start + lead.len(), " ".repeat(spaces)));
    }
    edits
}

/// A line whose indentation fits to no line above.
pub(super) fn indentation(place: &StopPlace<'_>) -> Option<YamlFault> {
    let fits = matches!(
        place.kind,
        ErrorKind::ExpectedBlockMappingKey
            | ErrorKind::ExpectedBlockSequenceEntry
            | ErrorKind::InvalidIndentation
    );
    let text = place.text;
    let line = line_at(text, place.at);
    let own = indent(text, &line).len();
    let mut levels: Vec<usize> = Vec::new();
    let mut above = line_above(text, &line);
    while let Some(line) = above {
        let width = indent(text, &line).len();
        if levels.last().is_none_or(|last| width < *last) {
            levels.push(width);
        }
        if width == 0 {
            break;
        }
        above = line_above(text, &line);
    }
    if !fits || levels.contains(&own) {
        return None;
    }
    // Of two equally near ones the outer.
    let near = levels.iter().rev().copied().min_by_key(|level| level.abs_diff(own))?;
    let mut edits = Vec::new();
    for below in lines_from(text, line.start) {
        let lead = indent(text, &below);
        if below.start != line.start && !is_blank(text, &below) && lead.len() <= own {
            break;
        }
        if !is_blank(text, &below) {
            edits.push((
                below.start..below.start + lead.len(),
                " ".repeat(lead.len() + near - own.min(lead.len())),
            ));
        }
    }
    let listed: Vec<String> = levels.iter().rev().map(ToString::to_string).collect();
    let end = line.start + text[line.clone()].trim_end().len();
    Some(YamlFault {
        code: "flowrun::yaml_syntax",
        message: format!("a line is indented by {own}, which fits to no line above it"),
        span: Span::new(line.start + own, end),
        label: format!("the lines above are indented by {}", listed.join(", ")),
        help: Some("keys of one map start in one column".to_owned()),
        mend: Mend::Replace(edits),
    })
}
