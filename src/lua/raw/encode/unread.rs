//! Fields of the item that nobody has read may stand at the places of results, where the keys of those are not known before.
//! That is looked for with little, and the whole text is read where it may be so.

use std::ffi::{c_int, c_void};

use mlua::ffi::{self, lua_State};

use crate::lua::raw::decode::{KeptForms, KeyOrder};
use crate::lua::raw::stack;

/// What the whole of an item's text has that its values do not tell.
#[cold]
pub(super) fn forms_of(input: &[u8]) -> KeptForms {
    let mut order = KeyOrder::default();
    order.read(input, &mut String::new());
    order.forms
}

/// Whether a number or a table in the table at `index` may stand at the place of a field that is not in `read`. `object` is the
/// metatable of maps whose keys may be numbers.
pub(super) unsafe fn may_meet(
    l: *mut lua_State,
    index: c_int,
    object: *const c_void,
    (read, input): (&[String], &[u8]),
) -> bool {
    // SAFETY: the caller has a table at `index`; pairs are pushed and popped.
    unsafe {
        let mut at = 0;
        loop {
            at = ffi::lua_rawiter(l, index, at);
            if at < 0 {
                return false;
            }
            let matters = matches!(ffi::lua_type(l, -1), ffi::LUA_TNUMBER | ffi::LUA_TTABLE);
            let key = stack::bytes(l, -2);
            ffi::lua_pop(l, 2);
            let Some(key) = key else {
                let meta = ffi::lua_getmetatablepointer(l, index);
                return !meta.is_null() && meta == object;
            };
            // The key lives as long as its table.
            if matters && !read.iter().any(|name| name.as_bytes() == key) && may_hold(input, key) {
                return true;
            }
        }
    }
}

/// Whether a text may have a key. With escapes it may have any.
fn may_hold(input: &[u8], key: &[u8]) -> bool {
    memchr::memmem::find(input, key).is_some() || memchr::memchr(b'\\', input).is_some()
}
