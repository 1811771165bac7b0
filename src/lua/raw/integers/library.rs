//! This table says what the functions of the standard library do with an integer beyond 2^53 in each of their places, and
//! the wrapper does it.
//!
//! A wrapper calls the VM's own function as if it were that: on the same stack, without a call of Lua's between.

use std::ffi::{CStr, c_int};
use std::ptr;

use mlua::ffi::{self, lua_State};

use super::super::current::Current;
use super::super::{stack, whole};
use super::argument::{place, round, spell, takes_integers};
use super::math::{self, Exact};
use super::wrapped::original;
use super::{packing, pieces, text};

/// What becomes of the integer before the VM's own function sees it.
#[derive(Debug, Clone, Copy)]
enum As {
    Itself,
    /// Its digits.
    Text,
    /// The nearest float.
    Float,
    /// The nearest number that the VM takes for a place, a count or a shift.
    Place,
    /// Its lowest 32 bits.
    Word,
}

use As::{Float, Itself, Place, Text, Word};

/// One function, and how it takes its arguments; the last entry holds for all further ones.
struct Row {
    name: &'static CStr,
    takes: &'static [As],
    /// Does the work itself where an argument is such an integer.
    exact: Option<Exact>,
}

const fn row(name: &'static CStr, takes: &'static [As]) -> Row {
    Row { name, takes, exact: None }
}

const fn exact(name: &'static CStr, takes: &'static [As], exact: Exact) -> Row {
    Row { name, takes, exact: Some(exact) }
}

/// Tables of functions; an empty name is that of the globals.
static LIBRARY: &[(&CStr, &[Row])] = &[
    (
        c"",
        &[
            row(c"select", &[Place, Itself]),
            exact(c"tonumber", &[Text, Place], math::tonumber),
            row(c"unpack", &[Itself, Place]),
        ],
    ),
    (
        c"math",
        &[
            exact(c"abs", &[Float], math::abs),
            exact(c"ceil", &[Float], math::itself),
            exact(c"clamp", &[Float], math::clamp),
            exact(c"floor", &[Float], math::itself),
            exact(c"fmod", &[Float], math::fmod),
            exact(c"max", &[Float], math::max),
            exact(c"min", &[Float], math::min),
            exact(c"modf", &[Float], math::parts),
            exact(c"round", &[Float], math::itself),
            exact(c"sign", &[Float], math::sign),
            row(c"acos", &[Float]),
            row(c"asin", &[Float]),
            row(c"atan", &[Float]),
            row(c"atan2", &[Float]),
            row(c"cos", &[Float]),
            row(c"cosh", &[Float]),
            row(c"deg", &[Float]),
            row(c"exp", &[Float]),
            row(c"frexp", &[Float]),
            row(c"isfinite", &[Float]),
            row(c"isinf", &[Float]),
            row(c"isnan", &[Float]),
            row(c"ldexp", &[Float, Place]),
            row(c"lerp", &[Float]),
            row(c"log", &[Float]),
            row(c"log10", &[Float]),
            row(c"map", &[Float]),
            row(c"noise", &[Float]),
            row(c"pow", &[Float]),
            row(c"rad", &[Float]),
            row(c"sin", &[Float]),
            row(c"sinh", &[Float]),
            row(c"sqrt", &[Float]),
            row(c"tan", &[Float]),
            row(c"tanh", &[Float]),
        ],
    ),
    (
        c"string",
        &[
            row(c"byte", &[Text, Place]),
            row(c"char", &[Place]),
            row(c"find", &[Text, Text, Place, Itself]),
            row(c"gmatch", &[Text]),
            row(c"len", &[Text]),
            row(c"lower", &[Text]),
            row(c"match", &[Text, Text, Place]),
            row(c"packsize", &[Text]),
            row(c"rep", &[Text, Place]),
            row(c"reverse", &[Text]),
            row(c"split", &[Text]),
            row(c"sub", &[Text, Place]),
            row(c"upper", &[Text]),
        ],
    ),
    (
        c"table",
        &[
            row(c"create", &[Place, Itself]),
            row(c"find", &[Itself, Itself, Place]),
            exact(c"insert", &[Itself], pieces::insert),
            row(c"move", &[Itself, Place, Place, Place, Itself]),
            row(c"remove", &[Itself, Place]),
            row(c"unpack", &[Itself, Place]),
        ],
    ),
    (
        c"utf8",
        &[
            row(c"char", &[Place]),
            row(c"codepoint", &[Text, Place]),
            row(c"codes", &[Text]),
            row(c"len", &[Text, Place]),
            row(c"offset", &[Text, Place]),
        ],
    ),
    (
        c"bit32",
        &[
            row(c"arshift", &[Word, Place]),
            row(c"band", &[Word]),
            row(c"bnot", &[Word]),
            row(c"bor", &[Word]),
            row(c"btest", &[Word]),
            row(c"bxor", &[Word]),
            row(c"byteswap", &[Word]),
            row(c"countlz", &[Word]),
            row(c"countrz", &[Word]),
            row(c"extract", &[Word, Place]),
            row(c"lrotate", &[Word, Place]),
            row(c"lshift", &[Word, Place]),
            row(c"replace", &[Word, Word, Place]),
            row(c"rrotate", &[Word, Place]),
            row(c"rshift", &[Word, Place]),
        ],
    ),
    (
        c"buffer",
        &[
            row(c"copy", &[Itself, Place, Itself, Place]),
            row(c"create", &[Place]),
            row(c"fill", &[Itself, Place, Word, Place]),
            row(c"fromstring", &[Text]),
            row(c"readbits", &[Itself, Place]),
            row(c"readf32", &[Itself, Place]),
            row(c"readf64", &[Itself, Place]),
            row(c"readi16", &[Itself, Place]),
            row(c"readi32", &[Itself, Place]),
            row(c"readi8", &[Itself, Place]),
            row(c"readstring", &[Itself, Place]),
            row(c"readu16", &[Itself, Place]),
            row(c"readu32", &[Itself, Place]),
            row(c"readu8", &[Itself, Place]),
            row(c"writebits", &[Itself, Place, Place, Word]),
            row(c"writef32", &[Itself, Place, Float]),
            row(c"writef64", &[Itself, Place, Float]),
            row(c"writei16", &[Itself, Place, Word]),
            row(c"writei32", &[Itself, Place, Word]),
            row(c"writei8", &[Itself, Place, Word]),
            row(c"writestring", &[Itself, Place, Text, Place]),
            row(c"writeu16", &[Itself, Place, Word]),
            row(c"writeu32", &[Itself, Place, Word]),
            row(c"writeu8", &[Itself, Place, Word]),
        ],
    ),
    (c"os", &[row(c"date", &[Text, Float])]),
];

/// Functions that look at more than their own arguments, by table.
static WRAPPERS: &[(&CStr, &CStr, ffi::lua_CFunction)] = &[
    (c"string", c"format", text_format),
    (c"string", c"gsub", text_gsub),
    (c"string", c"pack", packing::pack),
    (c"string", c"unpack", packing::unpack),
    (c"table", c"concat", pieces::concat),
    (c"table", c"sort", pieces::sort),
];

/// The names of all functions with a row, as code writes them.
#[cfg(test)]
pub(super) fn names() -> Vec<String> {
    let of = |module: &CStr, name: &CStr| match module.to_string_lossy() {
        module if module.is_empty() => name.to_string_lossy().into_owned(),
        module => format!("{module}.{}", name.to_string_lossy()),
    };
    LIBRARY.iter().flat_map(|(module, rows)| rows.iter().map(|row| of(module, row.name))).collect()
}

/// Wraps all of them.
pub(super) unsafe fn install(l: *mut lua_State, current: &Current) {
    // SAFETY: every value that is pushed is popped into a field.
    unsafe {
        for (module, rows) in LIBRARY {
            open(l, module);
            for row in *rows {
                wrap(l, current, row.name, converting, ptr::from_ref(row));
            }
            ffi::lua_pop(l, 1);
        }
        for (module, name, function) in WRAPPERS {
            open(l, module);
            wrap(l, current, name, *function, ptr::null());
            ffi::lua_pop(l, 1);
        }
    }
}

unsafe fn open(l: *mut lua_State, module: &CStr) {
    // SAFETY: pushes one table: all of these libraries are opened with the VM.
    unsafe {
        if module.is_empty() {
            ffi::lua_pushvalue(l, ffi::LUA_GLOBALSINDEX);
        } else {
            ffi::lua_getglobal(l, module.as_ptr());
        }
    }
}

/// Puts `function` in the place of the field `name` of the table on top. Its upvalues are `current`, the function that it
/// replaces, and the row.
unsafe fn wrap(
    l: *mut lua_State,
    current: &Current,
    name: &'static CStr,
    function: ffi::lua_CFunction,
    row: *const Row,
) {
    // SAFETY: as for `functions::push`; rows are static.
    unsafe {
        ffi::lua_pushlightuserdata(l, ptr::from_ref(current).cast_mut().cast());
        stack::field(l, -2, name);
        ffi::lua_pushlightuserdata(l, row.cast_mut().cast());
        ffi::lua_pushcclosurek(l, function, name.as_ptr(), 3, None);
        stack::set_field(l, -2, name);
    }
}

unsafe extern "C-unwind" fn converting(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; made by `wrap` with a row.
    unsafe {
        let top = ffi::lua_gettop(l);
        let row = &*ffi::lua_tolightuserdata(l, ffi::lua_upvalueindex(3)).cast::<Row>();
        if matches!(row.takes.first(), Some(Text)) {
            text::speak(l, 1);
        }
        if takes_integers(l, top) {
            if let Some(count) = row.exact.and_then(|exact| exact(l, top)) {
                return count;
            }
            convert(l, top, row.takes);
        }
        original(l)
    }
}

/// Converts the arguments as the row says.
unsafe fn convert(l: *mut lua_State, top: c_int, takes: &[As]) {
    let last = takes.last().copied().unwrap_or(Itself);
    // SAFETY: the arguments lie at 1 to `top`.
    unsafe {
        for at in 1..=top {
            match takes.get(at as usize - 1).copied().unwrap_or(last) {
                Itself => {}
                Text => spell(l, at),
                Float => round(l, at),
                Place => place(l, at),
                Word => {
                    if let Some(integer) = whole::integer(l, at) {
                        ffi::lua_pushnumber(l, f64::from(integer as u32));
                        ffi::lua_replace(l, at);
                    }
                }
            }
        }
    }
}

/// `string.format`
unsafe extern "C-unwind" fn text_format(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; made by `wrap`.
    unsafe {
        let top = ffi::lua_gettop(l);
        if takes_integers(l, top) {
            text::ready_format(l, top);
        }
        text::ready_tables(l, top, Current::upvalue(l));
        original(l)
    }
}

/// `string.gsub`
unsafe extern "C-unwind" fn text_gsub(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; made by `wrap`.
    unsafe {
        let top = ffi::lua_gettop(l);
        text::speak(l, 1);
        if takes_integers(l, top) {
            convert(l, top, &[Text, Text, Text, Place]);
        }
        text::ready_replacement(l, top);
        original(l)
    }
}
