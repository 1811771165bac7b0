//! This module replaces matches by text. It checks the result against the VM's memory while it grows.

use std::cell::Cell;
use std::ops::Range;

use memchr::memchr_iter;
use mlua::Value;
use regex_automata::util::interpolate;

use super::matching::Pace;
use super::pattern::pattern;
use super::search::{Groups, Search};
use crate::lua::host::call::Call;

/// Growth of the result between two looks at the memory.
const GROWTH_BYTES: usize = 1 << 20;

/// Characters of a group's name that an error shows.
const NAME_CHARACTERS: usize = 60;

/// `re.gsub` with a string as replacement: the new text and the number of matches.
pub(in crate::lua::host) fn expand(
    call: &Call<'_>,
    (s, p, replacement, max): &(Value, Value, Value, Value),
) -> mlua::Result<(Value, usize)> {
    let bytes = call.bytes(1, s)?;
    let pattern = pattern(call, 2, p)?;
    let search = Search::new(call, &pattern, &bytes);
    let replacement = call.bytes(3, replacement)?;
    let max = call.optional_integer(4, max)?.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(0));
    let mut count = 0;
    let text = call.build(|out| {
        let output =
            Replaced { call, bytes: &bytes, out, kept: 0, checked: 0, pace: Pace::new(call, bytes.len()) };
        count = output.replace(&search, &replacement, max)?;
        Ok(())
    })?;
    Ok((if count == 0 { s.clone() } else { text }, count))
}

/// A replacement with the groups that it asks for.
struct Template {
    /// All of it but these.
    text: Vec<u8>,
    /// Up to where the text comes before each group, and the number of that.
    groups: Vec<(usize, usize)>,
}

impl Template {
    /// Fails with the group that it asks for and that the pattern does not have.
    fn new(search: &Search<'_>, replacement: &[u8]) -> Result<Self, String> {
        let (mut text, mut groups) = (Vec::new(), Vec::new());
        let unknown = Cell::new(None);
        interpolate::bytes(
            replacement,
            |number, text| groups.push((text.len(), number)),
            |name| {
                let known = search.names().position(|known| known == Some(name));
                if known.is_none() {
                    unknown.set(unknown.take().or_else(|| Some(name.to_owned())));
                }
                known
            },
            &mut text,
        );
        if let Some(name) = unknown.into_inner() {
            return Err(unknown_name(&name));
        }
        let known = search.names().count();
        match groups.iter().find(|(_, number)| *number >= known) {
            Some((_, number)) => Err(unknown_number(*number, known)),
            None => Ok(Self { text, groups }),
        }
    }

    /// Appends it with what the groups of a match hold.
    fn expand(&self, search: &Search<'_>, groups: &Groups, out: &mut Vec<u8>) {
        let mut written = 0;
        for (end, number) in &self.groups {
            out.extend_from_slice(&self.text[written..*end]);
            written = *end;
            if let Some(group) = groups.get(*number) {
                out.extend_from_slice(search.text(group));
            }
        }
        out.extend_from_slice(&self.text[written..]);
    }
}

/// What to write for a dollar that is one.
const DOLLAR: &str = "`$$` is a dollar";

fn unknown_name(name: &str) -> String {
    let shown: String = name.chars().take(NAME_CHARACTERS).collect();
    let digits = shown.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(0);
    let (start, rest) = shown.split_at(digits);
    let meant = if start.is_empty() {
        DOLLAR.to_owned()
    } else {
        format!("`${{{start}}}{rest}` is group {start} and `{rest}`")
    };
    format!("the pattern has no group `{shown}`: {meant}")
}

/// `known` groups are there, with the whole match.
fn unknown_number(number: usize, known: usize) -> String {
    match known {
        1 => format!("the pattern has no group {number}, and no other: {DOLLAR}"),
        _ => format!("the pattern has no group {number}, only {} of them: {DOLLAR}", known - 1),
    }
}

struct Replaced<'a> {
    call: &'a Call<'a>,
    bytes: &'a [u8],
    out: &'a mut Vec<u8>,
    /// Up to here the text is already in `out`.
    kept: usize,
    /// Length of `out` at the last look at the memory.
    checked: usize,
    pace: Pace<'a>,
}

impl Replaced<'_> {
    fn replace(mut self, search: &Search<'_>, replacement: &[u8], max: usize) -> mlua::Result<usize> {
        let mut count = 0;
        let dollars = memchr_iter(b'$', replacement).count();
        if dollars == 0 {
            for found in search.matches().take(max) {
                let found = found?;
                self.before(&found, replacement.len())?;
                self.out.extend_from_slice(replacement);
                count += 1;
            }
        } else {
            let groups = dollars.saturating_mul(size_of::<(usize, usize)>());
            self.call.room_for(replacement.len().saturating_add(groups))?;
            let template =
                Template::new(search, replacement).map_err(|why| self.call.bad_because(3, &why))?;
            count = search.each_captures(max, &mut |groups| {
                let found = groups.whole();
                // No capture is longer than the match.
                self.before(&found, replacement.len().saturating_add(dollars.saturating_mul(found.len())))?;
                template.expand(search, groups, self.out);
                Ok(())
            })?;
        }
        if count > 0 {
            self.out.extend_from_slice(&self.bytes[self.kept..]);
        }
        Ok(count)
    }

    /// Keeps the text before a match, and makes sure that there is room for `len` bytes in its place.
    fn before(&mut self, found: &Range<usize>, len: usize) -> mlua::Result<()> {
        self.pace.after(found)?;
        self.out.extend_from_slice(&self.bytes[self.kept..found.start]);
        self.kept = found.end;
        let grown = self.out.len().saturating_add(len);
        if grown - self.checked > GROWTH_BYTES {
            self.checked = self.out.len();
            self.call.room_for(grown)?;
        }
        Ok(())
    }
}
