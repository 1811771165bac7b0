//! This module does SQLite's `LIKE`, `GLOB`, `instr`, `replace` and `trim` in time that is linear, or with looks at
//! the deadline: the results are SQLite's.

use std::borrow::Cow;
use std::collections::HashSet;

use memchr::memmem;

/// Steps of a search between two looks at the deadline: well below a millisecond.
const STEPS: usize = 1 << 16;

/// What a search came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match<T> {
    Is(T),
    /// It has to end.
    Interrupted,
}

/// A part of a pattern.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// Any characters, or none.
    Any,
    One,
    Is(char),
    /// One of these, or none of them.
    Set {
        is_negated: bool,
        ranges: Vec<(char, char)>,
    },
}

/// The character that a text consists of, if it is one.
pub(super) fn only_character(text: &str) -> Option<char> {
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}

/// `text LIKE pattern ESCAPE escape`: `%` is any characters, `_` one; letters of ASCII match without their case.
pub(super) fn like(
    pattern: &[u8],
    text: &[u8],
    escape: Option<char>,
    is_due: &mut dyn FnMut() -> bool,
) -> Match<bool> {
    let pattern = String::from_utf8_lossy(pattern);
    let mut parts = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        parts.push(match character {
            _ if Some(character) == escape => match characters.next() {
                Some(next) => Part::Is(next.to_ascii_lowercase()),
                // An escape of nothing matches nothing.
                None => return Match::Is(false),
            },
            '%' => Part::Any,
            '_' => Part::One,
            other => Part::Is(other.to_ascii_lowercase()),
        });
    }
    matches(&parts, &String::from_utf8_lossy(text), |character| character.to_ascii_lowercase(), is_due)
}

/// `text GLOB pattern`: `*`, `?`, `[…]` and `[^…]`; the case counts.
pub(super) fn glob(pattern: &[u8], text: &[u8], is_due: &mut dyn FnMut() -> bool) -> Match<bool> {
    let pattern = String::from_utf8_lossy(pattern);
    let mut parts = Vec::new();
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        parts.push(match character {
            '*' => Part::Any,
            '?' => Part::One,
            '[' => match set(&mut characters) {
                Some(set) => set,
                // A set that is not closed matches nothing.
                None => return Match::Is(false),
            },
            other => Part::Is(other),
        });
    }
    matches(&parts, &String::from_utf8_lossy(text), |character| character, is_due)
}

/// What stands behind a `[`. A `]` right at the beginning is one of the characters.
fn set(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Part> {
    let is_negated = characters.next_if_eq(&'^').is_some();
    let mut ranges: Vec<(char, char)> = Vec::new();
    ranges.extend(characters.next_if_eq(&']').map(|character| (character, character)));
    let mut before = ranges.first().map(|(character, _)| *character);
    loop {
        let character = characters.next()?;
        match (character, before) {
            (']', _) => return Some(Part::Set { is_negated, ranges }),
            ('-', Some(first)) if characters.peek().is_some_and(|next| *next != ']') => {
                ranges.push((first, characters.next()?));
                before = None;
            }
            (character, _) => {
                ranges.push((character, character));
                before = Some(character);
            }
        }
    }
}

impl Part {
    fn is(&self, character: char) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Is(own) => *own == character,
            Self::Set { is_negated, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&character)) != *is_negated
            }
        }
    }
}

/// Whether the parts match all of a text. What a `%` takes is found by trying less first; only the last one is ever tried anew.
fn matches(
    parts: &[Part],
    text: &str,
    fold: impl Fn(char) -> char,
    is_due: &mut dyn FnMut() -> bool,
) -> Match<bool> {
    let (mut at, mut rest) = (0, text);
    let mut again: Option<(usize, &str)> = None;
    let mut steps = 0_usize;
    while let Some(character) = rest.chars().next() {
        steps += 1;
        if steps.is_multiple_of(STEPS) && is_due() {
            return Match::Interrupted;
        }
        match parts.get(at) {
            Some(Part::Any) => {
                at += 1;
                again = Some((at, rest));
            }
            Some(part) if part.is(fold(character)) => {
                at += 1;
                rest = &rest[character.len_utf8()..];
            }
            _ => {
                let Some((from, taken)) = again else { return Match::Is(false) };
                let skipped = taken.chars().next().map_or(0, char::len_utf8);
                (at, rest) = (from, &taken[skipped..]);
                again = Some((from, rest));
            }
        }
    }
    Match::Is(parts[at..].iter().all(|part| *part == Part::Any))
}

/// Where `part` begins, from 1, counted in bytes or in characters; 0 when it is not there.
pub(super) fn position(text: &[u8], part: &[u8], counts_bytes: bool) -> i64 {
    let Some(at) = memmem::find(text, part) else { return 0 };
    if counts_bytes {
        return at as i64 + 1;
    }
    // All bytes of a character but its first have these two bits.
    text[..at].iter().filter(|byte| **byte & 0xc0 != 0x80).count() as i64 + 1
}

/// The text with another part in the place of each `old`; `None` if that is longer than it may be.
pub(super) fn replaced<'a>(text: &'a [u8], old: &[u8], new: &[u8], longest: usize) -> Option<Cow<'a, [u8]>> {
    if old.is_empty() {
        return Some(Cow::Borrowed(text));
    }
    let count = memmem::find_iter(text, old).count();
    let len = (text.len() - count * old.len()).saturating_add(count.saturating_mul(new.len()));
    if len > longest {
        return None;
    }
    let mut out = Vec::with_capacity(len);
    let mut from = 0;
    for at in memmem::find_iter(text, old) {
        out.extend_from_slice(&text[from..at]);
        out.extend_from_slice(new);
        from = at + old.len();
    }
    out.extend_from_slice(&text[from..]);
    Some(Cow::Owned(out))
}

/// The text without these characters at its beginning and its end.
pub(super) fn trimmed<'a>(text: &'a [u8], characters: &[u8], (left, right): (bool, bool)) -> &'a [u8] {
    let Ok(whole) = std::str::from_utf8(text) else { return text };
    let characters: HashSet<char> = String::from_utf8_lossy(characters).chars().collect();
    let is_one = |character: char| characters.contains(&character);
    let trimmed = if left { whole.trim_start_matches(is_one) } else { whole };
    if right { trimmed.trim_end_matches(is_one).as_bytes() } else { trimmed.as_bytes() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    /// What SQLite's own functions say.
    fn sqlite<T: rusqlite::types::FromSql>(sql: &str, values: &[&str]) -> T {
        let connection = Connection::open_in_memory().unwrap();
        connection.query_row(sql, rusqlite::params_from_iter(values), |row| row.get(0)).unwrap()
    }

    proptest! {
        #[test]
        fn for_every_pattern_and_text_the_answer_is_sqlites(
            pattern in "[%_*?aAbÄ\\]\\[^\\-\\\\]{0,8}",
            text in "[aAbBÄä%\\]\\-]{0,10}",
            new in "[ab]{0,3}",
        ) {
            let (p, t) = (pattern.as_bytes(), text.as_bytes());
            let is = |found: Match<bool>| found == Match::Is(true);
            let mut never = || false;
            prop_assert_eq!(is(like(p, t, None, &mut never)), sqlite::<bool>("SELECT ?2 LIKE ?1", &[&pattern, &text]));
            prop_assert_eq!(
                is(like(p, t, Some('\\'), &mut never)),
                sqlite::<bool>("SELECT ?2 LIKE ?1 ESCAPE '\\'", &[&pattern, &text])
            );
            prop_assert_eq!(is(glob(p, t, &mut never)), sqlite::<bool>("SELECT ?2 GLOB ?1", &[&pattern, &text]));
            prop_assert_eq!(position(t, p, false), sqlite::<i64>("SELECT instr(?2, ?1)", &[&pattern, &text]));
            let replaced = replaced(t, p, new.as_bytes(), usize::MAX).unwrap();
            prop_assert_eq!(
                String::from_utf8_lossy(&replaced),
                sqlite::<String>("SELECT replace(?2, ?1, ?3)", &[&pattern, &text, &new])
            );
            for (name, ends) in [("trim", (true, true)), ("ltrim", (true, false)), ("rtrim", (false, true))] {
                let got = String::from_utf8_lossy(trimmed(t, p, ends));
                prop_assert_eq!(got, sqlite::<String>(&format!("SELECT {name}(?2, ?1)"), &[&pattern, &text]));
            }
        }
    }

    #[test]
    fn a_long_search_looks_at_the_deadline_and_a_long_result_is_none() {
        let text = "a".repeat(STEPS * 2);
        let mut looks = 0;
        let mut is_due = || {
            looks += 1;
            looks == 1
        };
        assert_eq!(like(b"%b", text.as_bytes(), None, &mut is_due), Match::Interrupted);
        assert_eq!(replaced(b"aaaa", b"a", b"bb", 7), None);
        assert!(replaced(b"aaaa", b"a", b"bb", 8).is_some());
    }
}
