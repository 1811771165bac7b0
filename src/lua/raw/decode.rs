//! This module puts JSON text onto Lua's stack, through the one reader, which decides what is JSON.

mod item;
mod kept;
mod shapes;

pub(super) use item::{KeyOrder, Learned, push_item, push_part};
pub(super) use kept::KeptForms;
pub(super) use shapes::{Shapes, Site};

use std::ffi::c_int;
use std::ptr;

use mlua::ffi::{self, lua_State};

use super::{interrupt, stack, whole};
use crate::value::json::{self, JsonError, Sink};

/// Values of one container that gather on the stack before its table is made. With the whole container at hand, the
/// table is made at its exact size, which is cheaper than letting it grow; and the order of `pairs`, which depends on
/// the size, depends on nothing but the text.
const GATHERED_MAX: usize = 128;

/// Values and containers between two looks at the deadline.
const SAFEPOINT_VALUES: u32 = 1 << 14;

/// Pushes the value that `text` stands for. Raises memory errors, and the attempt's end at its deadline; `scratch` is the reader's. After a failure there may
/// be any number of values on the stack.
pub(super) unsafe fn push_json(
    l: *mut lua_State,
    array: c_int,
    text: &[u8],
    scratch: &mut String,
) -> Result<(), JsonError> {
    // SAFETY: the caller's state is live, and `array` is the index of the metatable of lists.
    let mut sink = unsafe { Plain(Stack::new(l, array), 0) };
    json::read(text, scratch, &mut sink)
}

/// Pushes JSON text of our own making; `array` anchors the metatable of lists.
pub(super) unsafe fn push_known(l: *mut lua_State, array: c_int, text: &str) {
    // SAFETY: as for `push_json`; one value more is on the stack at the end.
    unsafe {
        stack::anchored(l, array);
        let at = ffi::lua_gettop(l);
        if push_json(l, at, text.as_bytes(), &mut String::new()).is_err() {
            ffi::lua_settop(l, at);
            ffi::lua_pushnil(l);
        }
        ffi::lua_remove(l, at);
    }
}

/// Lua's stack, with its height kept here: asking for it would cost a call for every value.
struct Stack {
    l: *mut lua_State,
    top: c_int,
    /// Index of the metatable of lists.
    array: c_int,
}

// Every method below pushes and pops what it says; the stack grows by itself, or raises a memory error.
impl Stack {
    unsafe fn new(l: *mut lua_State, array: c_int) -> Self {
        // SAFETY: the caller's state is live.
        unsafe { Self { l, top: ffi::lua_gettop(l), array: ffi::lua_absindex(l, array) } }
    }

    #[inline]
    fn null(&mut self) {
        // SAFETY: see above; here and below.
        unsafe { ffi::lua_pushlightuserdata(self.l, ptr::null_mut()) }
        self.top += 1;
    }

    #[inline]
    fn boolean(&mut self, value: bool) {
        // SAFETY: see above.
        unsafe { ffi::lua_pushboolean(self.l, c_int::from(value)) }
        self.top += 1;
    }

    #[inline]
    fn integer(&mut self, value: i64) {
        // SAFETY: see above.
        unsafe { whole::push(self.l, value) }
        self.top += 1;
    }

    #[inline]
    fn float(&mut self, value: f64) {
        // SAFETY: see above.
        unsafe { ffi::lua_pushnumber(self.l, value) }
        self.top += 1;
    }

    #[inline]
    fn string(&mut self, value: &str) {
        // SAFETY: see above.
        unsafe { stack::push(self.l, value.as_bytes()) }
        self.top += 1;
    }

    /// A list at `mark` has got its `count`th element.
    #[inline]
    fn element(&mut self, mark: c_int, count: usize) {
        if count < GATHERED_MAX {
            return;
        }
        if count == GATHERED_MAX {
            self.gather_list(mark, count);
            return;
        }
        // SAFETY: there is a table at `mark` and one value above it.
        unsafe { ffi::lua_rawseti_(self.l, mark, count as c_int) }
        self.top = mark;
    }

    #[inline]
    fn end_array(&mut self, mark: c_int, count: usize) {
        if count < GATHERED_MAX {
            self.gather_list(mark, count);
        }
    }

    /// A map at `mark` has got its `count`th pair.
    #[inline]
    fn entry(&mut self, mark: c_int, count: usize) {
        if count < GATHERED_MAX {
            return;
        }
        if count == GATHERED_MAX {
            self.gather_map(mark, count);
            return;
        }
        // SAFETY: there is a table at `mark` and one pair above it.
        unsafe { ffi::lua_rawset(self.l, mark) }
        self.top = mark;
    }

    #[inline]
    fn end_object(&mut self, mark: c_int, count: usize) {
        if count < GATHERED_MAX {
            self.gather_map(mark, count);
        }
    }

    /// Moves `count` values from the top of the stack into a new list at `mark`.
    fn gather_list(&mut self, mark: c_int, count: usize) {
        // SAFETY: the values lie at `mark` and above.
        unsafe {
            ffi::lua_createtable(self.l, count as c_int, 0);
            ffi::lua_pushvalue(self.l, self.array);
            ffi::lua_setmetatable(self.l, -2);
            if count > 0 {
                ffi::lua_insert(self.l, mark);
                for at in (1..=count).rev() {
                    ffi::lua_rawseti_(self.l, mark, at as c_int);
                }
            }
        }
        self.top = mark;
    }

    /// Moves `count` pairs from the top of the stack into a new table at `mark`, in order, so that the last of equal
    /// keys counts.
    fn gather_map(&mut self, mark: c_int, count: usize) {
        // SAFETY: as above; the first key's slot becomes the table's.
        unsafe {
            ffi::lua_createtable(self.l, 0, count as c_int);
            if count > 0 {
                let table = self.top + 1;
                for at in 0..count as c_int {
                    ffi::lua_pushvalue(self.l, mark + 2 * at);
                    ffi::lua_pushvalue(self.l, mark + 2 * at + 1);
                    ffi::lua_rawset(self.l, table);
                }
                ffi::lua_replace(self.l, mark);
                ffi::lua_settop(self.l, mark);
            }
        }
        self.top = mark;
    }
}

/// Takes values as they come, and learns nothing.
struct Plain(Stack, u32);

impl Plain {
    /// Counts a value; the deadline is looked at now and then.
    #[inline]
    fn count(&mut self) {
        self.1 += 1;
        if self.1 == SAFEPOINT_VALUES {
            self.1 = 0;
            // SAFETY: the state runs; what the error leaves on the stack goes with the call.
            unsafe { interrupt::safepoint(self.0.l) }
        }
    }
}

impl Sink for Plain {
    /// Where the container's first value, and in the end the container, lies.
    type Mark = c_int;

    fn null(&mut self) {
        self.0.null();
    }
    fn boolean(&mut self, value: bool) {
        self.0.boolean(value);
    }
    fn integer(&mut self, value: i64) {
        self.0.integer(value);
    }
    fn float(&mut self, value: f64, _text: Option<&[u8]>) {
        self.0.float(value);
    }
    fn string(&mut self, value: &str) {
        self.0.string(value);
    }
    fn begin_array(&mut self) -> c_int {
        self.0.top + 1
    }
    fn element(&mut self, mark: c_int, count: usize) {
        self.count();
        self.0.element(mark, count);
    }
    fn end_array(&mut self, mark: c_int, count: usize) {
        self.0.end_array(mark, count);
    }
    fn begin_object(&mut self) -> c_int {
        self.0.top + 1
    }
    fn key(&mut self, key: &str) -> bool {
        self.0.string(key);
        true
    }
    fn entry(&mut self, mark: c_int, count: usize) {
        self.count();
        self.0.entry(mark, count);
    }
    fn end_object(&mut self, mark: c_int, count: usize) {
        self.0.end_object(mark, count);
    }
}
