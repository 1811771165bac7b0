//! This module writes a map whose entries are known one by one: its keys as text, its values on Lua's stack or as text.

use mlua::ffi::lua_State;

use super::site::{Site, segment};
use super::{Beside, EncodedOrError, Encoder, Encoding, Manner, refuse};
use crate::lua::raw::direct::Part;
use crate::value::json::unquoted;

impl Encoder {
    /// Places of their own in results; says the first of `count`.
    pub(in crate::lua::raw) fn new_sites(&mut self, count: usize) -> u32 {
        self.layouts.new_sites(count)
    }

    /// Appends a map of these entries, without those that are nil. Raises nothing but memory errors.
    pub(in crate::lua::raw) unsafe fn parts<'p>(
        &mut self,
        l: *mut lua_State,
        manner: &Manner<'_>,
        entries: impl Iterator<Item = (&'p [u8], Part<'p>)>,
        out: &mut Vec<u8>,
    ) -> EncodedOrError {
        self.entries.clear();
        self.open.clear();
        let mut run = Encoding::new(self, l, manner, out);
        run.out.push(b'{');
        for (key, part) in entries {
            // SAFETY: the caller has a value there.
            let written = unsafe { run.part(key, part) };
            written.map_err(|error| error.below(&segment(&unquoted(&key[..key.len() - 1]))))?;
        }
        close_map(run.out);
        run.checked()
    }
}

impl Encoding<'_> {
    #[inline]
    unsafe fn part(&mut self, key: &[u8], part: Part<'_>) -> EncodedOrError {
        let Part::Returned(index, site) = part else {
            return if part.write_entry(key, self.out) { Ok(()) } else { refuse("cannot be copied") };
        };
        // SAFETY: as for the caller.
        unsafe {
            if mlua::ffi::lua_type(self.l, index) <= mlua::ffi::LUA_TNIL {
                return Ok(());
            }
            self.out.extend_from_slice(key);
            self.value::<false>(index, Some(Site(site)), Beside::NOTHING)?;
        }
        self.out.push(b',');
        Ok(())
    }
}

/// Ends a map behind whose entries commas stand.
#[inline]
pub(in crate::lua::raw) fn close_map(out: &mut Vec<u8>) {
    match out.last_mut() {
        Some(last) if *last == b',' => *last = b'}',
        _ => out.push(b'}'),
    }
}
