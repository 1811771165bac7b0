//! This module searches: by the `regex` crate where a text is short, in slices where it could keep a worker too long.

use std::cell::RefCell;
use std::ops::Range;

use regex::bytes::CaptureLocations;

use super::pattern::Pattern;
use super::sliced::Slices;
use crate::lua::host::call::Call;

/// Bytes of text times places of a pattern that one search may look at without a checkpoint. The slowest way to match
/// takes some ten nanoseconds for each; most patterns take a hundredth of that.
#[cfg(not(test))]
const UNSLICED_MAX: usize = 20_000_000;
/// Tests slice all but the shortest texts.
#[cfg(test)]
const UNSLICED_MAX: usize = 2_000;

/// One pattern and one text.
pub(super) struct Search<'a> {
    pattern: &'a Pattern,
    bytes: &'a [u8],
    slices: Option<RefCell<Slices<'a>>>,
}

impl Drop for Search<'_> {
    fn drop(&mut self) {
        if let Some(slices) = self.slices.take() {
            slices.into_inner().finish();
        }
    }
}

/// What the groups of a match hold.
pub(super) enum Groups {
    Plain(CaptureLocations),
    Sliced(Vec<Option<Range<usize>>>),
}

impl Groups {
    /// Where the group of this number lies, if it took part; number 0 is the whole match.
    pub(super) fn get(&self, number: usize) -> Option<Range<usize>> {
        match self {
            Self::Plain(places) => places.get(number).map(|(start, end)| start..end),
            Self::Sliced(groups) => groups.get(number).cloned().flatten(),
        }
    }

    pub(super) fn whole(&self) -> Range<usize> {
        self.get(0).unwrap_or_default()
    }
}

impl<'a> Search<'a> {
    pub(super) fn new(call: &'a Call<'a>, pattern: &'a Pattern, bytes: &'a [u8]) -> Self {
        let is_short = bytes.len().saturating_mul(pattern.places) <= UNSLICED_MAX;
        let sliced = if is_short { None } else { pattern.sliced() };
        Self { pattern, bytes, slices: sliced.map(|sliced| RefCell::new(Slices::new(call, sliced, bytes))) }
    }

    /// Number of groups, the whole match included.
    pub(super) fn groups_len(&self) -> usize {
        self.pattern.regex.captures_len()
    }

    /// The first match from byte `at` on.
    pub(super) fn find_at(&self, at: usize) -> mlua::Result<Option<Range<usize>>> {
        match &self.slices {
            None => Ok(self.pattern.regex.find_at(self.bytes, at).map(|found| found.range())),
            Some(slices) => slices.borrow_mut().find_at(at),
        }
    }

    /// The first match from byte `at` on with its groups.
    pub(super) fn captures_at(&self, at: usize) -> mlua::Result<Option<Groups>> {
        match &self.slices {
            None => {
                let mut places = self.pattern.regex.capture_locations();
                let found = self.pattern.regex.captures_read_at(&mut places, self.bytes, at);
                Ok(found.map(|_| Groups::Plain(places)))
            }
            Some(slices) => Ok(slices.borrow_mut().captures_at(at)?.map(Groups::Sliced)),
        }
    }

    /// All matches that do not overlap.
    pub(super) fn matches(&self) -> Box<dyn Iterator<Item = mlua::Result<Range<usize>>> + '_> {
        match &self.slices {
            None => Box::new(self.pattern.regex.find_iter(self.bytes).map(|found| Ok(found.range()))),
            Some(_) => Box::new(self.one_by_one(|at| self.find_at(at), Range::clone)),
        }
    }

    /// Shows the groups of all matches that do not overlap, at most `max` of them, and says how many there were.
    pub(super) fn each_captures(
        &self,
        max: usize,
        show: &mut dyn FnMut(&Groups) -> mlua::Result<()>,
    ) -> mlua::Result<usize> {
        let mut count = 0;
        if self.slices.is_some() {
            for groups in self.one_by_one(|at| self.captures_at(at), Groups::whole).take(max) {
                show(&groups?)?;
                count += 1;
            }
            return Ok(count);
        }
        // The places of one match make room for those of the next.
        let regex = &self.pattern.regex;
        let mut groups = Groups::Plain(regex.capture_locations());
        let mut ended = None;
        while count < max {
            let mut find = |at| match &mut groups {
                Groups::Plain(places) => Ok(regex.captures_read_at(places, self.bytes, at)),
                Groups::Sliced(_) => Ok(None),
            };
            let found = self.next(ended.unwrap_or(0), ended, &mut find, regex::bytes::Match::range)?;
            let Some(found) = found else { break };
            ended = Some(found.end());
            show(&groups)?;
            count += 1;
        }
        Ok(count)
    }

    /// The match after one that ended at `ended`, if there was one. An empty match directly behind it does not count.
    pub(super) fn next<T>(
        &self,
        from: usize,
        ended: Option<usize>,
        mut find: impl FnMut(usize) -> mlua::Result<Option<T>>,
        place: impl Fn(&T) -> Range<usize>,
    ) -> mlua::Result<Option<T>> {
        if from > self.bytes.len() {
            return Ok(None);
        }
        let found = find(from)?;
        match found.as_ref().map(place) {
            Some(place) if place.is_empty() && Some(place.end) == ended => {
                if from < self.bytes.len() {
                    find(from + 1)
                } else {
                    Ok(None)
                }
            }
            _ => Ok(found),
        }
    }

    fn one_by_one<T>(
        &self,
        find: impl Fn(usize) -> mlua::Result<Option<T>>,
        place: impl Fn(&T) -> Range<usize>,
    ) -> impl Iterator<Item = mlua::Result<T>> {
        let mut ended = None;
        std::iter::from_fn(move || {
            let found = self.next(ended.unwrap_or(0), ended, &find, &place).transpose()?;
            if let Ok(found) = &found {
                ended = Some(place(found).end);
            }
            Some(found)
        })
    }

    /// The names of the groups by number.
    pub(super) fn names(&self) -> impl Iterator<Item = Option<&'a str>> {
        self.pattern.regex.capture_names()
    }

    /// The bytes in a range of the text.
    pub(super) fn text(&self, range: Range<usize>) -> &'a [u8] {
        &self.bytes[range]
    }
}
