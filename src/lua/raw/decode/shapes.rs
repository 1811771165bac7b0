//! A shape is what the objects of a step's items look like: the keys in their order, once they have come more than
//! once.
//!
//! Items of one source are mostly alike. Where an object has the keys that were expected, in the expected order, its
//! keys need no parsing and no hashing, and its table starts as a copy of one that has the keys already. The table is
//! the same as without all this, down to the order of `pairs`: the copied one was made in the same way.

use std::collections::HashMap;
use std::ffi::c_int;
use std::hash::{BuildHasherDefault, Hasher};

use mlua::ffi::{self, lua_State};

use super::super::keys::Keys;
use super::super::stack;

/// Shapes that are remembered. Data with more of them than this has no shape.
const SHAPES_MAX: usize = 64;
/// Key sequences that are told apart, before all learning ends.
const SEEN_MAX: usize = 512;
/// Fields of a shape.
const FIELDS_MAX: usize = 96;
/// Wrong guesses at one place before the share of the right ones is looked at.
const MISSES_MAX: u32 = 16;

/// Number of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua::raw) struct ShapeId(u32);

/// A place in an item where an object may stand: the item itself, or under a field of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::lua::raw) struct Site(u32);

impl Site {
    /// The item itself.
    pub(super) const ROOT: Self = Self(0);
}

/// One field of a shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShapeField {
    /// The key in quotes with the colon: where it is in the shapes' bytes.
    text: (u32, u32),
    /// Where the key lies in the table of keys; 0 for fields that the function does not use.
    pub(super) key: c_int,
    /// The place under it.
    pub(super) site: Site,
}

#[derive(Debug)]
struct ObjectShape {
    /// The first of its fields, and how many there are.
    fields: (u32, u32),
    /// Where its empty table lies in the table of keys.
    template: c_int,
}

/// What is expected at a place, and how good the guesses were.
#[derive(Debug, Clone, Copy, Default)]
struct Guess {
    shape: Option<ShapeId>,
    hits: u32,
    misses: u32,
    /// Nothing is worth expecting here.
    closed: bool,
}

/// All that was learned about the items of one worker.
#[derive(Default)]
pub(in crate::lua::raw) struct Shapes {
    known: Vec<ObjectShape>,
    fields: Vec<ShapeField>,
    bytes: Vec<u8>,
    guesses: Vec<Guess>,
    /// By the hash of the keys: seen once, or known.
    seen: HashMap<u64, Option<ShapeId>, BuildHasherDefault<Same>>,
    /// Length of the table of keys.
    kept: c_int,
    full: bool,
}

impl ShapeId {
    /// Different for every shape, and never 0.
    pub(in crate::lua::raw) fn number(self) -> u32 {
        self.0 + 1
    }
}

impl Shapes {
    /// Learns nothing from here on, for comparison.
    #[cfg(test)]
    pub(in crate::lua::raw) fn close(&mut self) {
        self.full = true;
    }

    /// How many shapes there are.
    #[cfg(test)]
    pub(in crate::lua::raw) fn count(&self) -> usize {
        self.known.len()
    }

    /// A place of its own, for what is read by itself.
    pub(in crate::lua::raw) fn new_site(&mut self) -> Site {
        if self.guesses.is_empty() {
            self.guesses.push(Guess::default());
        }
        self.guesses.push(Guess::default());
        Site(self.guesses.len() as u32 - 1)
    }

    /// What to expect at `site`.
    #[inline]
    pub(super) fn guess(&mut self, site: Site) -> Option<ShapeId> {
        if self.guesses.is_empty() {
            self.guesses.push(Guess::default());
        }
        self.guesses[site.0 as usize].shape
    }

    /// The table of a shape, to be copied.
    #[inline]
    pub(super) fn template(&self, id: ShapeId) -> c_int {
        self.known[id.0 as usize].template
    }

    /// The field at `at`, if the shape has so many.
    #[inline]
    pub(super) fn field(&self, id: ShapeId, at: usize) -> Option<ShapeField> {
        let (first, count) = self.known[id.0 as usize].fields;
        (at < count as usize).then(|| self.fields[first as usize + at])
    }

    /// How many fields the shape has.
    #[inline]
    pub(super) fn len(&self, id: ShapeId) -> usize {
        self.known[id.0 as usize].fields.1 as usize
    }

    /// The text that a key has, quotes and colon included.
    #[inline]
    pub(super) fn text(&self, field: &ShapeField) -> &[u8] {
        &self.bytes[field.text.0 as usize..field.text.1 as usize]
    }

    /// The first `count` keys of a shape.
    pub(in crate::lua::raw) fn keys(&self, id: ShapeId, count: usize, keys: &mut Keys) {
        keys.clear();
        for at in 0..count {
            if let Some(field) = self.field(id, at) {
                let text = self.text(&field);
                keys.push(std::str::from_utf8(&text[1..text.len() - 2]).unwrap_or_default());
            }
        }
    }

    /// The guess at `site` was right.
    #[inline]
    pub(super) fn hit(&mut self, site: Site) {
        let guess = &mut self.guesses[site.0 as usize];
        guess.hits = guess.hits.saturating_add(1);
    }

    /// The guess at `site` was wrong. Where that is so mostly, there will be no more.
    pub(super) fn miss(&mut self, site: Site) {
        let guess = &mut self.guesses[site.0 as usize];
        guess.misses += 1;
        if guess.misses == MISSES_MAX {
            *guess = if guess.hits < 4 * MISSES_MAX {
                Guess { closed: true, ..Guess::default() }
            } else {
                Guess { shape: guess.shape, ..Guess::default() }
            };
        }
    }

    /// Whether it is worth telling what object stood at `site`.
    #[inline]
    pub(super) fn learns(&self, site: Site) -> bool {
        !self.full && !self.guesses[site.0 as usize].closed
    }

    /// An object with these keys stood at `site`. `used` says which of them the function uses, where that is not all. Makes a
    /// shape of it when it comes for the second time. Raises memory errors.
    pub(super) unsafe fn learn(
        &mut self,
        l: *mut lua_State,
        table: c_int,
        site: Site,
        keys: &Keys,
        used: Option<&[String]>,
    ) {
        if keys.is_empty() || keys.len() > FIELDS_MAX {
            return;
        }
        // The item itself may have the keys of an object within it, and other fields of it are used.
        let hash = keys.hash().wrapping_add(u64::from(used.is_some()));
        let known = match self.seen.get(&hash) {
            Some(known) => *known,
            None if self.seen.len() < SEEN_MAX => {
                self.seen.insert(hash, None);
                return;
            }
            None => {
                self.full = true;
                return;
            }
        };
        let shape = match known {
            // Two sequences of keys may have one hash; a shape that is not theirs would only cost time.
            Some(shape) => Some(shape),
            // SAFETY: as for the caller.
            None if self.known.len() < SHAPES_MAX => unsafe { self.make(l, table, keys, used) },
            None => None,
        };
        self.seen.insert(hash, shape);
        self.guesses[site.0 as usize].shape = shape;
    }

    unsafe fn make(
        &mut self,
        l: *mut lua_State,
        table: c_int,
        keys: &Keys,
        used: Option<&[String]>,
    ) -> Option<ShapeId> {
        let wanted = |key: &str| used.is_none_or(|used| used.iter().any(|other| other == key));
        if keys.repeats() {
            return None;
        }
        let first = self.fields.len() as u32;
        let before = (self.fields.len(), self.bytes.len(), self.guesses.len());
        let used = keys.iter().filter(|key| wanted(key)).count();
        let mut kept = self.kept;
        // SAFETY: one table and its keys are pushed and popped; `table` is the index of the table of keys.
        unsafe {
            ffi::lua_createtable(l, 0, used as c_int);
            for key in keys.iter() {
                let start = self.bytes.len() as u32;
                if !json_key(&mut self.bytes, key) {
                    // The text may be written in more than one way.
                    self.fields.truncate(before.0);
                    self.bytes.truncate(before.1);
                    self.guesses.truncate(before.2);
                    ffi::lua_pop(l, 1);
                    return None;
                }
                let text = (start, self.bytes.len() as u32);
                let site = Site(self.guesses.len() as u32);
                self.guesses.push(Guess::default());
                let mut field = ShapeField { text, key: 0, site };
                if wanted(key) {
                    kept += 1;
                    field.key = kept;
                    stack::push(l, key.as_bytes());
                    ffi::lua_pushvalue(l, -1);
                    ffi::lua_rawseti_(l, table, kept);
                    ffi::lua_pushboolean(l, 1);
                    ffi::lua_rawset(l, -3);
                }
                self.fields.push(field);
            }
            kept += 1;
            ffi::lua_rawseti_(l, table, kept);
        }
        self.kept = kept;
        let id = ShapeId(self.known.len() as u32);
        self.known.push(ObjectShape { fields: (first, keys.len() as u32), template: kept });
        Some(id)
    }
}

/// Appends the key in quotes with its colon; `false` when it needs escapes.
fn json_key(bytes: &mut Vec<u8>, key: &str) -> bool {
    let start = bytes.len();
    let written = crate::value::json::write_string(bytes, key.as_bytes());
    let plain = written && bytes.len() - start == key.len() + 2;
    bytes.push(b':');
    plain
}

/// The keys of the map are hashes already.
#[derive(Default)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, _: &[u8]) {}
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}
