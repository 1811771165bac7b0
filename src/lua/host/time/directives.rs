//! This module reads the directives of a `strftime` format, for what the formatter does not know: the C locale's dates when they are parsed, the
//! modifiers `E` and `O`, and zones that may be written in several ways.

/// `%c` and its like in the C locale, where texts are parsed.
const LOCALE: [(char, &str); 4] =
    [('c', "%a %b %e %H:%M:%S %Y"), ('r', "%I:%M:%S %p"), ('X', "%H:%M:%S"), ('x', "%m/%d/%y")];

/// How an offset may be written: `+0200`; `+02:00` and `+02`; `Z`.
const OFFSETS: [&str; 3] = ["%z", "%:::z", UTC_SIGN];

/// Names of zones that stand for one offset everywhere.
const NAMES: [&str; 5] = ["UTC", "GMT", UTC_SIGN, "utc", "gmt"];

const UTC_SIGN: &str = "Z";

/// A directive, or a text between two of them.
enum Piece<'a> {
    Text(&'a str),
    /// All that stands between the `%` and the letter, and that.
    Directive(&'a str, char),
}

fn pieces(format: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = format;
    while let Some((text, directive)) = rest.split_once('%') {
        pieces.push(Piece::Text(text));
        let is_option = |sign: char| matches!(sign, '_' | '-' | '^' | '#' | ':' | '.' | '0'..='9');
        let behind = directive.trim_start_matches(is_option);
        let options = &directive[..directive.len() - behind.len()];
        // C has these for other calendars and digits; in its own locale they say nothing.
        let bare = behind
            .strip_prefix(['E', 'O'])
            .filter(|bare| bare.starts_with(|c: char| c.is_ascii_alphabetic()));
        let mut letters = bare.unwrap_or(behind).chars();
        match letters.next() {
            Some(letter) => pieces.push(Piece::Directive(options, letter)),
            None => pieces.push(Piece::Text("%")),
        }
        rest = letters.as_str();
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// A format as it is for the formatter.
pub(super) fn for_format(format: &str) -> String {
    let written = pieces(format).into_iter().map(|piece| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Directive(options, letter) => format!("%{options}{letter}"),
    });
    written.collect()
}

/// A format by which a text is parsed.
pub(super) struct Pattern {
    pub(super) format: String,
    /// Whether it matches only times in UTC.
    pub(super) is_utc: bool,
}

/// The formats by which a text may be parsed, and whether the name of a zone is among them.
pub(super) fn for_parse(format: &str) -> (Vec<Pattern>, bool) {
    let pieces = pieces(format);
    let has = |wanted: char| {
        pieces.iter().any(|piece| matches!(piece, Piece::Directive("", letter) if *letter == wanted))
    };
    let (has_offset, has_name) = (has('z'), has('Z'));
    let offsets: &[&str] = if has_offset { &OFFSETS } else { &[""] };
    let names: &[&str] = if has_name { &NAMES } else { &[""] };
    let patterns = offsets.iter().flat_map(|offset| names.iter().map(move |name| (*offset, *name)));
    let patterns = patterns.map(|(offset, name)| {
        let written = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => (*text).to_owned(),
            Piece::Directive("", 'z') => offset.to_owned(),
            Piece::Directive("", 'Z') => name.to_owned(),
            Piece::Directive(options, letter) => match LOCALE.iter().find(|(known, _)| known == letter) {
                Some((_, meaning)) => (*meaning).to_owned(),
                None => format!("%{options}{letter}"),
            },
        });
        Pattern { format: written.collect(), is_utc: offset == UTC_SIGN || !has_offset && has_name }
    });
    (patterns.collect(), has_name)
}
