//! A value on Lua's stack as JSON text. What cannot be written is refused with the path to it.

use std::ffi::{CStr, c_int, c_void};
use std::slice;

use mlua::ffi::{self, lua_State};

use super::{current::Current, stack};
use crate::value::json::{self, DEPTH_MAX};

mod order;

pub(super) use order::KeyOrder;

/// A value that has no place in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lua) struct Unwritable {
    /// From the whole value to it, `.a.b[3]`; empty for the whole value.
    pub(in crate::lua) path: String,
    /// What is wrong with it, to stand behind the path.
    pub(in crate::lua) what: String,
}

impl Unwritable {
    /// The same seen from one level up.
    #[expect(clippy::unnecessary_box_returns, reason = "errors are boxed all the way, see `Written`")]
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
type Written = Result<(), Box<Unwritable>>;

/// Working space of the encoder, kept from value to value.
#[derive(Default)]
pub(in crate::lua) struct Encoder {
    /// The entries of the tables that are being written, the innermost last.
    entries: Vec<Entry>,
    /// The tables that are being written, to find those that contain themselves.
    open: Vec<*const c_void>,
}

/// One entry of a map.
#[derive(Clone, Copy)]
struct Entry {
    /// The key's bytes, which stay where they are while the table holds the key.
    key: *const u8,
    len: usize,
    /// Where `lua_rawiter` finds the entry.
    at: c_int,
    /// Its place among the item's own keys; new ones come last.
    rank: u32,
}

impl Entry {
    fn key(&self) -> &[u8] {
        // SAFETY: see `key`; nothing runs between the collecting of entries and their writing.
        unsafe { slice::from_raw_parts(self.key, self.len) }
    }
}

/// What the encoder has to know of the VM.
#[derive(Clone, Copy)]
struct Marks {
    array: *const c_void,
    object: *const c_void,
}

fn refuse(what: impl Into<String>) -> Written {
    Err(Box::new(Unwritable { path: String::new(), what: what.into() }))
}

impl Encoder {
    /// Appends the value at `index` to `out`. The keys in `order` come first at the top level; all others are sorted.
    /// Nothing useful is appended when the value is refused. Raises nothing but memory errors.
    pub(super) unsafe fn write(
        &mut self,
        l: *mut lua_State,
        index: c_int,
        current: &Current,
        order: &KeyOrder,
        out: &mut Vec<u8>,
    ) -> Written {
        self.entries.clear();
        self.open.clear();
        let marks = Marks { array: current.array.get(), object: current.object.get() };
        // SAFETY: the caller has a value at `index`.
        unsafe { self.value(l, ffi::lua_absindex(l, index), marks, Some(order), out) }
    }

    unsafe fn value(
        &mut self,
        l: *mut lua_State,
        index: c_int,
        marks: Marks,
        order: Option<&KeyOrder>,
        out: &mut Vec<u8>,
    ) -> Written {
        // SAFETY: the type of the value is checked before it is read as such.
        unsafe {
            match ffi::lua_type(l, index) {
                ffi::LUA_TSTRING => match stack::bytes(l, index) {
                    Some(bytes) if json::write_string(out, bytes) => Ok(()),
                    _ => refuse("is a string that is not valid UTF-8"),
                },
                ffi::LUA_TNUMBER => number(ffi::lua_tonumber(l, index), out),
                ffi::LUA_TTABLE => self.table(l, index, marks, order, out),
                ffi::LUA_TBOOLEAN => {
                    let word: &[u8] = if ffi::lua_toboolean(l, index) != 0 { b"true" } else { b"false" };
                    out.extend_from_slice(word);
                    Ok(())
                }
                ffi::LUA_TNIL => {
                    out.extend_from_slice(b"null");
                    Ok(())
                }
                ffi::LUA_TLIGHTUSERDATA if ffi::lua_tolightuserdata(l, index).is_null() => {
                    out.extend_from_slice(b"null");
                    Ok(())
                }
                ffi::LUA_TINTEGER => {
                    json::write_integer(out, ffi::lua_tointeger64(l, index, std::ptr::null_mut()));
                    Ok(())
                }
                other => {
                    let name = CStr::from_ptr(ffi::lua_typename(l, other)).to_string_lossy();
                    refuse(format!("is a {name}"))
                }
            }
        }
    }

    unsafe fn table(
        &mut self,
        l: *mut lua_State,
        index: c_int,
        marks: Marks,
        order: Option<&KeyOrder>,
        out: &mut Vec<u8>,
    ) -> Written {
        // SAFETY: there is a table at `index`, and nothing below changes it.
        unsafe {
            let pointer = ffi::lua_topointer(l, index);
            if self.open.contains(&pointer) {
                return refuse("contains itself");
            }
            if self.open.len() == DEPTH_MAX {
                return refuse(format!("is nested deeper than {DEPTH_MAX} levels"));
            }
            if ffi::lua_checkstack(l, 4) == 0 {
                return refuse("is nested too deeply");
            }
            self.open.push(pointer);
            let meta = ffi::lua_getmetatablepointer(l, index);
            let first = ffi::lua_rawiter(l, index, 0);
            if first < 0 {
                out.extend_from_slice(if meta == marks.array && !meta.is_null() { b"[]" } else { b"{}" });
            } else {
                let listed = ffi::lua_type(l, -2) == ffi::LUA_TNUMBER;
                ffi::lua_pop(l, 2);
                if meta == marks.array || (listed && meta != marks.object) {
                    self.list(l, index, marks, out)?;
                } else {
                    self.map(l, index, marks, order, meta == marks.object, out)?;
                }
            }
            self.open.pop();
            Ok(())
        }
    }

    /// A table whose keys have to be 1, 2, … without holes.
    unsafe fn list(&mut self, l: *mut lua_State, index: c_int, marks: Marks, out: &mut Vec<u8>) -> Written {
        // SAFETY: there is a table at `index`; elements are pushed, written and popped.
        unsafe {
            let len = ffi::lua_objlen(l, index);
            check_list(l, index, len)?;
            out.push(b'[');
            for at in 1..=len {
                if at > 1 {
                    out.push(b',');
                }
                ffi::lua_rawgeti_(l, index, at as c_int);
                let top = ffi::lua_gettop(l);
                self.value(l, top, marks, None, out).map_err(|error| error.below(&format!("[{at}]")))?;
                ffi::lua_settop(l, top - 1);
            }
            out.push(b']');
            Ok(())
        }
    }

    /// A table whose keys have to be strings; with `numbered`, whole numbers will do.
    unsafe fn map(
        &mut self,
        l: *mut lua_State,
        index: c_int,
        marks: Marks,
        order: Option<&KeyOrder>,
        numbered: bool,
        out: &mut Vec<u8>,
    ) -> Written {
        // SAFETY: there is a table at `index`; entries are pushed and popped in pairs.
        unsafe {
            if numbered && has_numbers(l, index) {
                return self.renamed(l, index, marks, order, out);
            }
            let from = self.entries.len();
            self.collect(l, index, order)?;
            let entries = &mut self.entries[from..];
            if entries.len() > 1 {
                entries.sort_unstable_by(|a, b| a.rank.cmp(&b.rank).then_with(|| a.key().cmp(b.key())));
            }
            out.push(b'{');
            for at in from..self.entries.len() {
                let entry = self.entries[at];
                if at > from {
                    out.push(b',');
                }
                if !json::write_string(out, entry.key()) {
                    return refuse("has a key that is not valid UTF-8");
                }
                out.push(b':');
                ffi::lua_rawiter(l, index, entry.at);
                let top = ffi::lua_gettop(l);
                self.value(l, top, marks, None, out).map_err(|error| error.below(&segment(entry.key())))?;
                ffi::lua_settop(l, top - 2);
            }
            out.push(b'}');
            self.entries.truncate(from);
            Ok(())
        }
    }

    unsafe fn collect(&mut self, l: *mut lua_State, index: c_int, order: Option<&KeyOrder>) -> Written {
        // SAFETY: as for `map`.
        unsafe {
            let mut at = 0;
            loop {
                let next = ffi::lua_rawiter(l, index, at);
                if next < 0 {
                    return Ok(());
                }
                let Some(key) = stack::bytes(l, -2) else {
                    let kind = CStr::from_ptr(ffi::lua_typename(l, ffi::lua_type(l, -2))).to_string_lossy();
                    return refuse(if kind == "number" {
                        "has both list and map keys".to_owned()
                    } else {
                        format!("has a key of type {kind}")
                    });
                };
                let rank = order.map_or(u32::MAX, |order| order.rank(key));
                self.entries.push(Entry { key: key.as_ptr(), len: key.len(), at: next - 1, rank });
                ffi::lua_pop(l, 2);
                at = next;
            }
        }
    }

    /// Writes a copy of the table in which whole numbers among the keys have become strings.
    unsafe fn renamed(
        &mut self,
        l: *mut lua_State,
        index: c_int,
        marks: Marks,
        order: Option<&KeyOrder>,
        out: &mut Vec<u8>,
    ) -> Written {
        // SAFETY: builds one table on the stack and pops it again.
        unsafe {
            ffi::lua_createtable(l, 0, 8);
            let copy = ffi::lua_gettop(l);
            let mut at = 0;
            loop {
                at = ffi::lua_rawiter(l, index, at);
                if at < 0 {
                    break;
                }
                if ffi::lua_type(l, -2) == ffi::LUA_TNUMBER {
                    let mut name = Vec::new();
                    number(ffi::lua_tonumber(l, -2), &mut name)?;
                    stack::push(l, &name);
                    ffi::lua_replace(l, -3);
                }
                ffi::lua_rawset(l, copy);
            }
            self.map(l, copy, marks, order, false, out)?;
            ffi::lua_settop(l, copy - 1);
            Ok(())
        }
    }
}

unsafe fn has_numbers(l: *mut lua_State, index: c_int) -> bool {
    // SAFETY: the caller has a table at `index`.
    unsafe {
        let mut at = 0;
        loop {
            at = ffi::lua_rawiter(l, index, at);
            if at < 0 {
                return false;
            }
            let number = ffi::lua_type(l, -2) == ffi::LUA_TNUMBER;
            ffi::lua_pop(l, 2);
            if number {
                return true;
            }
        }
    }
}

/// How many elements the list at `index` has, or why it is none.
pub(super) unsafe fn list_len(l: *mut lua_State, index: c_int) -> Result<usize, String> {
    // SAFETY: the caller has a table at `index`.
    unsafe {
        if ffi::lua_rawiter(l, index, 0) < 0 {
            return Ok(0);
        }
        let listed = ffi::lua_type(l, -2) == ffi::LUA_TNUMBER;
        ffi::lua_pop(l, 2);
        if !listed {
            return Err("is a map, not a list".to_owned());
        }
        let len = ffi::lua_objlen(l, index);
        check_list(l, index, len).map(|()| len).map_err(|error| error.what)
    }
}

/// Whether the keys of the table at `index` are 1 to `len` and nothing else.
unsafe fn check_list(l: *mut lua_State, index: c_int, len: usize) -> Written {
    // SAFETY: the caller has a table at `index`.
    unsafe {
        let mut at = 0;
        let mut count = 0;
        loop {
            at = ffi::lua_rawiter(l, index, at);
            if at < 0 {
                break;
            }
            count += 1;
            if ffi::lua_type(l, -2) != ffi::LUA_TNUMBER {
                return refuse("has both list and map keys");
            }
            let key = ffi::lua_tonumber(l, -2);
            ffi::lua_pop(l, 2);
            if key.fract() != 0.0 || key < 1.0 || key > len as f64 {
                return refuse(if key >= 1.0 && key.fract() == 0.0 {
                    format!("is a list with holes (there is no element {})", len + 1)
                } else {
                    format!("has the number {key} as a key")
                });
            }
        }
        if count < len { refuse("is a list with holes") } else { Ok(()) }
    }
}

#[inline]
fn number(value: f64, out: &mut Vec<u8>) -> Written {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let whole = value as i64;
    if (whole as f64).to_bits() == value.to_bits() && value.abs() <= EXACT_MAX {
        json::write_integer(out, whole);
        Ok(())
    } else if value.is_finite() {
        json::write_float(out, value);
        Ok(())
    } else {
        refuse(if value.is_nan() { "is NaN" } else { "is infinite" })
    }
}

/// A key as part of a path.
fn segment(key: &[u8]) -> String {
    let name = String::from_utf8_lossy(key);
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { format!(".{name}") } else { format!("[{name:?}]") }
}
