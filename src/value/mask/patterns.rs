//! The patterns are what to look for: each secret as it is and in the encodings that are no mere escapes, all in one
//! search.

use std::collections::HashSet;
use std::ops::Range;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Shorter secrets are found only where they stand alone: as a part of words they are everywhere.
pub const WHOLE_BELOW: usize = 4;
/// Lines of a secret with several lines, a key file say, are secrets too from this length on.
const LINE_MIN: usize = 8;

/// How a match is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Rule {
    /// As it is.
    Plain,
    /// Only between bytes that belong to no word.
    Alone,
    /// Base64, of which the characters before and behind may hold bits of it too.
    Base64 { before: bool, after: bool },
}

/// The search for all secrets in all their encodings.
pub(super) struct Patterns {
    search: AhoCorasick,
    rules: Vec<Rule>,
    has_space: bool,
}

impl Patterns {
    /// `None`: there is nothing to look for.
    pub(super) fn of<'a>(values: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut list = PatternList::default();
        for value in values.filter(|value| !value.is_empty()) {
            list.value(value);
            if value.contains('\n') {
                let lines = value.lines().map(str::trim);
                lines.filter(|line| line.chars().count() >= LINE_MIN).for_each(|line| list.value(line));
            }
        }
        if list.texts.is_empty() {
            return None;
        }
        // It fails for patterns of gigabytes only, and then nothing could be printed safely.
        let search = AhoCorasick::new(&list.texts).expect("secrets fit into a search");
        Some(Self { search, rules: list.rules, has_space: list.has_space })
    }

    /// Whether a secret holds a space, which some encodings write as `+`.
    pub(super) fn has_space(&self) -> bool {
        self.has_space
    }

    /// Tells of every place in `bytes`, overlapping ones too.
    pub(super) fn find(&self, bytes: &[u8], found: &mut impl FnMut(Range<usize>)) {
        for hit in self.search.find_overlapping_iter(bytes) {
            let Range { mut start, mut end } = hit.range();
            let before = start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
            let after = bytes.get(end).copied();
            match self.rules[hit.pattern().as_usize()] {
                Rule::Alone if before.is_some_and(is_word) || after.is_some_and(is_word) => continue,
                Rule::Plain | Rule::Alone => {}
                Rule::Base64 { before: widen_start, after: widen_end } => {
                    start -= usize::from(widen_start && before.is_some_and(is_base64));
                    end += usize::from(widen_end && after.is_some_and(is_base64));
                    end += bytes[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
                }
            }
            found(start..end);
        }
    }
}

#[derive(Default)]
struct PatternList {
    texts: Vec<Vec<u8>>,
    rules: Vec<Rule>,
    seen: HashSet<(Vec<u8>, Rule)>,
    has_space: bool,
}

impl PatternList {
    fn value(&mut self, value: &str) {
        self.has_space |= value.contains(' ');
        let bytes = value.as_bytes();
        if value.chars().count() < WHOLE_BELOW {
            return self.add(bytes.to_vec(), Rule::Alone);
        }
        self.add(bytes.to_vec(), Rule::Plain);
        let hex = |digits: &[u8; 16]| {
            let digit = |nibble: u8| digits[usize::from(nibble)];
            bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
        };
        self.add(hex(b"0123456789abcdef"), Rule::Plain);
        self.add(hex(b"0123456789ABCDEF"), Rule::Plain);
        for shift in 0..3 {
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                // Bytes of something else in front of it shift it against the groups of three.
                let text = engine.encode([vec![0; shift], bytes.to_vec()].concat()).into_bytes();
                // Of these characters every bit is known; their neighbours share some with what is around.
                let (start, end) = ((8 * shift).div_ceil(6), 8 * (shift + bytes.len()) / 6);
                let after = !(shift + bytes.len()).is_multiple_of(3);
                self.add(text[start..end].to_vec(), Rule::Base64 { before: shift > 0, after });
            }
        }
    }

    fn add(&mut self, text: Vec<u8>, rule: Rule) {
        if self.seen.insert((text.clone(), rule)) {
            self.texts.push(text);
            self.rules.push(rule);
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}
