//! A layout is what the maps of a step's results look like: their keys in the order of the table, and the order to
//! write them in.
//!
//! Results of one function are mostly alike. Where a table gives the keys that were expected, they need no sorting, and
//! their text is copied whole. Keys are compared by address: Luau holds each string once, and the expected ones are
//! kept alive, so that no other string can have their address.

use std::ffi::{c_int, c_void};

use super::site::Site;

/// Layouts that are remembered.
pub(super) const LAYOUTS_MAX: usize = 128;
/// Fields of a layout.
pub(super) const FIELDS_MAX: usize = 96;
/// Wrong guesses at one place before the share of the right ones is looked at.
const MISSES_MAX: u32 = 16;

/// One field of a layout.
#[derive(Debug, Clone, Copy)]
pub(super) struct LayoutField {
    /// The address of the key.
    pub(super) key: *const c_void,
    /// The key in quotes with the colon: where it is in the layouts' bytes.
    pub(super) text: (u32, u32),
    /// The position, in the order of the table, of the field that is written in this place.
    pub(super) written: u32,
    /// The place under it.
    pub(super) site: Site,
}

/// What is expected at a place.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Guess {
    /// First field and number of fields; none when there is no guess.
    pub(super) fields: (u32, u32),
    /// The order of the item's keys that the layout holds for.
    pub(super) order: u32,
    pub(super) hits: u32,
    pub(super) misses: u32,
    /// Nothing is worth expecting here.
    pub(super) closed: bool,
}

/// All that was learned about the results of one worker.
#[derive(Default)]
pub(super) struct Layouts {
    pub(super) guesses: Vec<Guess>,
    pub(super) fields: Vec<LayoutField>,
    pub(super) bytes: Vec<u8>,
    /// How many there are.
    pub(super) count: usize,
    /// Length of the table that keeps keys alive.
    pub(super) kept: c_int,
}

impl Layouts {
    #[cfg(test)]
    pub(super) fn close(&mut self) {
        self.count = LAYOUTS_MAX;
    }

    /// Places of their own; says the first of `count`.
    pub(super) fn new_sites(&mut self, count: usize) -> u32 {
        let first = self.guesses.len().max(1);
        self.guesses.resize(first + count, Guess::default());
        first as u32
    }

    /// The place under the field that is written at `at` of the layout that `site` has.
    pub(super) fn below(&self, site: Site, at: usize) -> Option<Site> {
        let (first, count) = self.guesses.get(site.0 as usize)?.fields;
        let written = self.fields[first as usize..(first + count) as usize].get(at)?.written;
        Some(self.fields[(first + written) as usize].site)
    }

    /// The guess at a place was wrong. Where that is so mostly, there will be no more.
    pub(super) fn miss(&mut self, at: usize) {
        let guess = &mut self.guesses[at];
        guess.misses += 1;
        if guess.misses == MISSES_MAX {
            guess.closed = guess.hits < 4 * MISSES_MAX;
            (guess.hits, guess.misses) = (0, 0);
            if guess.closed {
                guess.fields = (0, 0);
            }
        }
    }
}
