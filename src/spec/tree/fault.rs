//! What is wrong with a text that is no YAML, in words for people, and how to patch it so that reading can go on.

use std::ops::Range;

use granit_parser::ErrorKind;

use crate::source::Span;

/// A fault of the YAML.
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) span: Span,
    pub(super) label: String,
    pub(super) help: Option<String>,
    pub(super) mend: Mend,
}

/// How to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mend {
    /// Replace bytes.
    Replace(Vec<(Range<usize>, String)>),
    /// Leave out the content of this line.
    Drop(Range<usize>),
    /// Not at all: a limit was passed.
    Stop,
}

/// Where and how the parser stopped.
pub(super) struct Place<'a> {
    pub(super) text: &'a str,
    pub(super) kind: &'a ErrorKind,
    pub(super) at: usize,
    pub(super) read_to: usize,
    pub(super) open: &'a [usize],
}

/// Explains why the parser stopped.
pub(super) fn explain(place: &Place<'_>) -> Fault {
    limit(place)
        .or_else(|| tab(place))
        .or_else(|| quote(place))
        .or_else(|| bracket(place))
        .or_else(|| start(place))
        .or_else(|| escape(place))
        .or_else(|| colon(place))
        .or_else(|| indentation(place))
        .unwrap_or_else(|| other(place))
}

fn limit(place: &Place<'_>) -> Option<Fault> {
    let message = match place.kind {
        ErrorKind::RecursionLimitExceeded => "the file is nested deeper than 255 levels".to_owned(),
        ErrorKind::DirectiveByteLimitExceeded { .. }
        | ErrorKind::TooManyReservedDirectiveParams { .. }
        | ErrorKind::AnchorCountOverflow
        | ErrorKind::InputByteLimitExceeded { .. } => place.kind.to_string(),
        _ => return None,
    };
    Some(Fault {
        code: "flowrun::yaml_limit",
        message,
        span: one_char(place.text, place.at),
        label: "the limit is passed here".to_owned(),
        help: None,
        mend: Mend::Stop,
    })
}

/// A tab in the indentation: of the line of the fault, or of the first one after it when the parser names tabs.
fn tab(place: &Place<'_>) -> Option<Fault> {
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
    let more = edits.len() - 1;
    let lines = if more == 1 { "line" } else { "lines" };
    Some(Fault {
        code: "flowrun::yaml_tab",
        message: "a tab is used for indentation".to_owned(),
        span,
        label: if more > 0 {
            format!("tab here, and on {more} more {lines} below")
        } else {
            "tab here".to_owned()
        },
        help: Some("YAML is indented with spaces only; set your editor to insert spaces".to_owned()),
        mend: Mend::Replace(edits),
    })
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

/// A quote that is not closed on its line, or text after one that is.
fn quote(place: &Place<'_>) -> Option<Fault> {
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
        return Some(Fault {
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
        Fault {
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
fn unclosed_quote(text: &str, place: &Place<'_>) -> Option<usize> {
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

/// A bracket whose end is missing when another line begins.
fn bracket(place: &Place<'_>) -> Option<Fault> {
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
    Some(Fault {
        code: "flowrun::unclosed_bracket",
        message: format!("a `{name}` is not closed"),
        span: Span::new(open, open + 1),
        label: format!("this `{name}` is never closed"),
        help: Some(format!("add a `{}` where it ends", if name == "[" { "]" } else { "}" })),
        mend: insert(end, &closing),
    })
}

/// A character that cannot start a text.
fn start(place: &Place<'_>) -> Option<Fault> {
    let character = match place.kind {
        ErrorKind::UnexpectedCharacter { character } => *character,
        ErrorKind::MissingAnchorOrAliasName => place.text[place.at..].chars().next()?,
        _ => return None,
    };
    let line = line_at(place.text, place.at);
    Some(Fault {
        code: "flowrun::yaml_syntax",
        message: format!("a text cannot start with `{}`", character.escape_debug()),
        span: one_char(place.text, place.at),
        label: "this character has a meaning of its own in YAML".to_owned(),
        help: Some("put quotes around the text".to_owned()),
        mend: quote_value(place.text, &line),
    })
}

/// A backslash in double quotes.
fn escape(place: &Place<'_>) -> Option<Fault> {
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
    Some(Fault {
        code: "flowrun::yaml_syntax",
        message: "this escape does not exist".to_owned(),
        span: Span::new(at, (at + 2).min(line.end).max(at)),
        label: "a backslash starts an escape in double quotes".to_owned(),
        help: Some("use single quotes, where a backslash stands for itself, or write `\\\\`".to_owned()),
        mend: Mend::Replace(vec![(at..line.end, doubled)]),
    })
}

/// A colon that is missing, or one too many.
fn colon(place: &Place<'_>) -> Option<Fault> {
    let text = place.text;
    let line = line_at(text, place.at);
    let content = text[line.clone()].trim();
    let fault = |message: &str, span, label: &str, help: &str, mend| Fault {
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
            let above = line_above(text, &line)?;
            let head = text[above.clone()].trim();
            if !head.contains(':') && !head.starts_with(['-', '#']) {
                return Some(missing(above));
            }
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
            let (message, label) = ("a key stands below a value", "the line above has a value already");
            let help = "indent it like the line above, or take that value away";
            let shifted = " ".repeat(indent(text, &above).len());
            let lead = line.start..line.start + indent(text, &line).len();
            Some(fault(message, word(&line), label, help, Mend::Replace(vec![(lead, shifted)])))
        }
        _ => None,
    }
}

/// A line whose indentation fits to no line above.
fn indentation(place: &Place<'_>) -> Option<Fault> {
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
    let near = levels.iter().copied().min_by_key(|level| level.abs_diff(own))?;
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
    Some(Fault {
        code: "flowrun::yaml_syntax",
        message: format!("a line is indented by {own}, which fits to no line above it"),
        span: Span::new(line.start + own, end),
        label: format!("the lines above are indented by {}", listed.join(", ")),
        help: Some("keys of one map start in one column".to_owned()),
        mend: Mend::Replace(edits),
    })
}

fn other(place: &Place<'_>) -> Fault {
    let text = place.text;
    let mut line = line_at(text, place.at);
    if is_blank(text, &line) {
        line = line_above(text, &line).unwrap_or(line);
    }
    let at = place.at.clamp(line.start, line.end);
    let in_brackets = !place.open.is_empty() && text[line.clone()].contains("${{");
    let help = in_brackets.then(|| "put quotes around a text with `${{ }}` inside of brackets".to_owned());
    Fault {
        code: "flowrun::yaml_syntax",
        message: format!("this is no YAML: {}", place.kind),
        span: one_char(text, at),
        label: "the reader stops here".to_owned(),
        help,
        mend: Mend::Drop(line),
    }
}

/// Puts single quotes around what follows the first `: ` of a line.
fn quote_value(text: &str, line: &Range<usize>) -> Mend {
    let content = &text[line.clone()];
    let Some(colon) = content.find(": ") else { return Mend::Drop(line.clone()) };
    let value = content[colon + 2..].trim();
    if value.is_empty() || value.starts_with('\'') && value.ends_with('\'') {
        return Mend::Drop(line.clone());
    }
    let start = line.start + colon + 2 + content[colon + 2..].len() - content[colon + 2..].trim_start().len();
    Mend::Replace(vec![(start..start + value.len(), format!("'{}'", value.replace('\'', "''")))])
}

fn insert(at: usize, text: &str) -> Mend {
    Mend::Replace(vec![(at..at, text.to_owned())])
}

fn one_char(text: &str, at: usize) -> Span {
    let width = text[at..].chars().next().filter(|c| !c.is_whitespace()).map_or(0, char::len_utf8);
    Span::new(at, at + width)
}

/// The content of the line that holds a byte, without its line end.
pub(super) fn line_at(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let end = if text[start..end].ends_with('\r') { end - 1 } else { end };
    start..end
}

/// The nearest line above that is not blank.
fn line_above(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
    let mut start = line.start;
    while start > 0 {
        let above = line_at(text, start - 1);
        if !is_blank(text, &above) {
            return Some(above);
        }
        start = above.start;
    }
    None
}

fn lines_from(text: &str, start: usize) -> impl Iterator<Item = Range<usize>> {
    let mut next = Some(start);
    std::iter::from_fn(move || {
        let start = next.filter(|start| *start <= text.len())?;
        next = text[start..].find('\n').map(|newline| start + newline + 1);
        Some(line_at(text, start))
    })
}

fn indent<'a>(text: &'a str, line: &Range<usize>) -> &'a str {
    let line = &text[line.clone()];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

fn is_blank(text: &str, line: &Range<usize>) -> bool {
    text[line.clone()].trim().is_empty()
}
