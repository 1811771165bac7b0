//! This module writes a value on Lua's stack as JSON text. It refuses what cannot be written, with the path to it.

mod beside;
mod entry;
mod in_step;
mod known;
mod layouts;
mod list;
mod map;
mod nested;
mod parts;
mod site;
mod unread;

pub(super) use list::len as list_len;
pub(super) use parts::close_map;

use std::ffi::{CStr, c_int, c_void};

use mlua::ffi::{self, lua_State};

use self::beside::Beside;
use self::entry::MapEntry;
use self::layouts::Layouts;
use self::site::Site;
use super::decode::{KeptForms, KeyOrder, Shapes};
use super::{current::Current, raised::Raised, stack};
use crate::lua::guard::Reason;
use crate::runtime::clock;
use crate::value::ITEM_BYTES_MAX;
use crate::value::json::{self, DEPTH_MAX};

/// A value that has no place in JSON, or takes too much to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lua) struct Unwritable {
    pub(in crate::lua) reason: Why,
    /// From the whole value to it, `.a.b[3]`; empty for the whole value.
    pub(in crate::lua) path: String,
    /// What is wrong with it, to stand behind the path.
    pub(in crate::lua) what: String,
}

/// Why it cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) enum Why {
    Value,
    /// The text would be longer than what a step may hold.
    Memory,
    /// The attempt has to end.
    Due(Reason),
}

impl Unwritable {
    /// As a failure of the running item; `what` is what was written.
    pub(super) fn raised(&self, current: &Current, what: &str) -> Raised {
        match self.reason {
            Why::Value => Raised::result(self.to_string()),
            Why::Memory if room(current) == ITEM_BYTES_MAX => {
                Raised::result(format!("{what} is longer than {ITEM_BYTES_MAX} bytes"))
            }
            Why::Memory => Raised::too_large(current, what),
            Why::Due(reason) => {
                current.guard.fire(reason);
                Raised { interrupted: Some(reason), ..Raised::error("interrupted") }
            }
        }
    }

    /// The same seen from one level up.
    #[expect(clippy::unnecessary_box_returns, reason = "errors are boxed all the way, see `EncodedOrError`")]
    fn below(mut self: Box<Self>, segment: &str) -> Box<Self> {
        self.path.insert_str(0, segment);
        self
    }
}

impl std::fmt::Display for Unwritable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() {
            write!(f, "the value {}", self.what)
        } else {
            write!(f, "`{}` {}", self.path, self.what)
        }
    }
}

/// Boxed, so that the fast path returns one word.
type EncodedOrError = Result<(), Box<Unwritable>>;

fn refuse(what: impl Into<String>) -> EncodedOrError {
    fail(Why::Value, what)
}

#[cold]
fn fail(reason: Why, what: impl Into<String>) -> EncodedOrError {
    Err(Box::new(Unwritable { reason, path: String::new(), what: what.into() }))
}

/// Bytes of text between two looks at the clock: a few milliseconds.
const LOOK_BYTES: usize = 1 << 20;

/// Strings of this length are measured before they are written.
const MEASURED_BYTES: usize = 1 << 16;

/// Working space of the encoder, kept from value to value.
#[derive(Default)]
pub(in crate::lua) struct Encoder {
    /// The entries of the maps that are being written, the innermost last.
    entries: Vec<MapEntry>,
    /// The tables that are being written, to find those that contain themselves.
    open: Vec<*const c_void>,
    layouts: Layouts,
}

/// What the maps of one value are written by.
pub(super) struct Manner<'a> {
    pub(super) current: &'a Current,
    /// Index of the table that keeps what layouts need; 0 for values that are like no other.
    pub(super) keys: c_int,
    /// The keys that come first at the top level, and the shapes that they may be in.
    pub(super) order: Option<(&'a mut KeyOrder, &'a Shapes)>,
    /// The text of the item that the value is the result of; empty where there is none.
    pub(super) input: &'a [u8],
    /// What was read of it, where that need not be all that matters.
    pub(super) read: Option<&'a [String]>,
    /// Bytes that may be appended.
    pub(super) room: usize,
}

impl<'a> Manner<'a> {
    /// For a value that is like no other.
    pub(super) fn plain(current: &'a Current) -> Self {
        Self { current, keys: 0, order: None, input: b"", read: None, room: room(current) }
    }
}

/// Bytes that one text may have: as many as the VM may hold. A value that holds one string many times is longer as text.
pub(super) fn room(current: &Current) -> usize {
    match current.memory.bytes() {
        0 => ITEM_BYTES_MAX,
        bytes => bytes.min(ITEM_BYTES_MAX),
    }
}

/// One value being written.
struct Encoding<'e> {
    encoder: &'e mut Encoder,
    l: *mut lua_State,
    array: *const c_void,
    object: *const c_void,
    keys: c_int,
    out: &'e mut Vec<u8>,
    current: &'e Current,
    /// How long `out` may become.
    end: usize,
    /// At what length the clock is looked at again.
    look: usize,
    /// The text of the item, and what is to be kept of it.
    input: &'e [u8],
    forms: KeptForms,
    /// How far the walk through that text has come, where the writing of values did it.
    passed: usize,
}

impl Encoder {
    /// Learns nothing from here on, for comparison.
    #[cfg(test)]
    pub(super) fn close(&mut self) {
        self.layouts.close();
    }

    /// Appends the value at `index` to `out`. Keys of the manner's order come first, and those of the item at the
    /// same place in maps within; all others are sorted. Nothing useful is appended when the value is refused. Raises nothing but memory errors.
    pub(super) unsafe fn write(
        &mut self,
        l: *mut lua_State,
        index: c_int,
        manner: Manner<'_>,
        out: &mut Vec<u8>,
    ) -> EncodedOrError {
        self.entries.clear();
        self.open.clear();
        let Manner { current, keys, order, input, read, room } = manner;
        let mut forms = order.as_ref().map(|(order, _)| order.forms).unwrap_or_default();
        if let Some(read) = read
            // SAFETY: the caller has a value at `index`; the stack is as before.
            && unsafe {
                let index = ffi::lua_absindex(l, index);
                ffi::lua_type(l, index) == ffi::LUA_TTABLE
                    && unread::may_meet(l, index, current.object.get(), (read, input))
            }
        {
            forms = unread::forms_of(input);
        }
        let repeats = forms.any() && forms.may_repeat_keys;
        let settled = if repeats { json::without_equal_keys(input) } else { None };
        let input = settled.as_deref().unwrap_or(input);
        let manner = Manner { current, keys, order: None, input, read: None, room };
        let mut run = Encoding { forms, ..Encoding::new(self, l, &manner, out) };
        // SAFETY: the caller has a value at `index`.
        unsafe {
            let index = ffi::lua_absindex(l, index);
            let site = Some(Site::ROOT);
            // Two copies of the code: most items have nothing to be beside of, and shall not ask for it.
            match (ffi::lua_type(l, index), order) {
                (ffi::LUA_TTABLE, Some(order)) if forms.any() => {
                    run.table::<true>(index, site, Some(order), Beside::ROOT)
                }
                (ffi::LUA_TTABLE, Some(order)) => {
                    run.table::<false>(index, site, Some(order), Beside::NOTHING)
                }
                _ if forms.any() => run.value::<true>(index, site, Beside::ROOT),
                _ => run.value::<false>(index, site, Beside::NOTHING),
            }
        }
    }
}

impl<'e> Encoding<'e> {
    /// A value that has nothing beside it.
    fn new(encoder: &'e mut Encoder, l: *mut lua_State, manner: &Manner<'e>, out: &'e mut Vec<u8>) -> Self {
        let &Manner { current, keys, input, room, .. } = manner;
        let end = out.len().saturating_add(room);
        Encoding {
            encoder,
            l,
            array: current.array.get(),
            object: current.object.get(),
            keys,
            current,
            end,
            look: end.min(out.len().saturating_add(LOOK_BYTES)),
            out,
            input,
            forms: KeptForms::default(),
            passed: 0,
        }
    }
}

impl Encoding<'_> {
    #[inline]
    unsafe fn value<const BESIDE: bool>(
        &mut self,
        index: c_int,
        site: Option<Site>,
        beside: Beside,
    ) -> EncodedOrError {
        let l = self.l;
        // SAFETY: the type of the value is checked before it is read as such.
        unsafe {
            match ffi::lua_type(l, index) {
                ffi::LUA_TSTRING => match stack::bytes_of_string(l, index) {
                    bytes if bytes.len() >= MEASURED_BYTES => self.long(bytes),
                    bytes if json::write_string(self.out, bytes) => self.checked(),
                    _ => refuse("is a string that is not valid UTF-8"),
                },
                ffi::LUA_TNUMBER if !BESIDE || beside == Beside::NOTHING => {
                    number(ffi::lua_tonumber(l, index), self.out)
                }
                ffi::LUA_TNUMBER => self.number_beside(ffi::lua_tonumber(l, index), beside),
                ffi::LUA_TTABLE => self.table::<BESIDE>(index, site, None, beside),
                ffi::LUA_TBOOLEAN => {
                    let word: &[u8] = if ffi::lua_toboolean(l, index) != 0 { b"true" } else { b"false" };
                    self.out.extend_from_slice(word);
                    Ok(())
                }
                other => self.rare(index, other),
            }
        }
    }

    /// Looks at limits where much has been written since the last time.
    #[inline]
    fn checked(&mut self) -> EncodedOrError {
        if self.out.len() < self.look { Ok(()) } else { self.looked() }
    }

    #[cold]
    fn looked(&mut self) -> EncodedOrError {
        if self.out.len() > self.end {
            return fail(Why::Memory, "is too long as text");
        }
        self.look = self.end.min(self.out.len() + LOOK_BYTES);
        match self.current.guard.due(clock::now()) {
            Some(reason) => fail(Why::Due(reason), "took too long"),
            None => Ok(()),
        }
    }

    /// A string that may not fit.
    #[cold]
    fn long(&mut self, bytes: &[u8]) -> EncodedOrError {
        if self.out.len().saturating_add(json::written_len(bytes)) > self.end {
            return fail(Why::Memory, "is too long as text");
        }
        if !json::write_string(self.out, bytes) {
            return refuse("is a string that is not valid UTF-8");
        }
        self.checked()
    }

    unsafe fn rare(&mut self, index: c_int, kind: c_int) -> EncodedOrError {
        let l = self.l;
        // SAFETY: as for `value`.
        unsafe {
            match kind {
                ffi::LUA_TNIL => self.out.extend_from_slice(b"null"),
                ffi::LUA_TLIGHTUSERDATA if ffi::lua_tolightuserdata(l, index).is_null() => {
                    self.out.extend_from_slice(b"null");
                }
                ffi::LUA_TINTEGER => {
                    json::write_integer(self.out, ffi::lua_tointeger64(l, index, std::ptr::null_mut()));
                }
                other => {
                    let name = CStr::from_ptr(ffi::lua_typename(l, other)).to_string_lossy();
                    return refuse(format!("is a {name}"));
                }
            }
        }
        Ok(())
    }

    unsafe fn table<const BESIDE: bool>(
        &mut self,
        index: c_int,
        site: Option<Site>,
        order: Option<(&mut KeyOrder, &Shapes)>,
        beside: Beside,
    ) -> EncodedOrError {
        let l = self.l;
        // SAFETY: there is a table at `index`, and nothing below changes it.
        unsafe {
            let pointer = ffi::lua_topointer(l, index);
            let open = &mut self.encoder.open;
            if open.contains(&pointer) {
                return refuse("contains itself");
            }
            if open.len() == DEPTH_MAX {
                return refuse(format!("is nested deeper than {DEPTH_MAX} levels"));
            }
            open.push(pointer);
            self.checked()?;
            let meta = ffi::lua_getmetatablepointer(l, index);
            if !meta.is_null() && meta == self.array {
                self.list::<BESIDE>(index, site, beside)?;
            } else if !meta.is_null() && meta == self.object {
                self.object::<BESIDE>(index, site, order, beside)?;
            } else {
                let number = order.as_ref().map(|(order, _)| order.number());
                let in_step = BESIDE && beside != Beside::NOTHING && order.is_none();
                if in_step
                    || number == Some(0)
                    || !self.known_map::<BESIDE>(index, site, number.unwrap_or(0), beside)?
                {
                    self.unknown::<BESIDE>(index, site, order, beside)?;
                }
            }
            self.encoder.open.pop();
            Ok(())
        }
    }

    /// A table without a mark: a list if its first key is a number.
    unsafe fn unknown<const BESIDE: bool>(
        &mut self,
        index: c_int,
        site: Option<Site>,
        order: Option<(&mut KeyOrder, &Shapes)>,
        beside: Beside,
    ) -> EncodedOrError {
        // SAFETY: as for `table`.
        unsafe {
            if ffi::lua_rawiter(self.l, index, 0) < 0 {
                self.out.extend_from_slice(b"{}");
                return Ok(());
            }
            let listed = ffi::lua_type(self.l, -2) == ffi::LUA_TNUMBER;
            ffi::lua_pop(self.l, 2);
            if listed {
                self.list::<BESIDE>(index, site, beside)
            } else {
                self.map::<BESIDE>(index, site, order, beside)
            }
        }
    }
}

#[inline]
fn number(value: f64, out: &mut Vec<u8>) -> EncodedOrError {
    if value.is_finite() {
        json::write_number(out, value);
        Ok(())
    } else {
        refuse(if value.is_nan() { "is NaN" } else { "is infinite" })
    }
}
