//! `string.pack` and `string.unpack` are exact for integers of eight bytes.
//!
//! The VM's own functions pass every number through a float. But they move floats of eight bytes as they are: so an integer
//! beyond 2^53 goes through them as the float with its bits, and its option as that of floats, `d`.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use super::super::{stack, whole};
use super::argument::{place, round, spell, takes_integers};
use super::refusal::fail;
use super::wrapped::{ORIGINAL, original};

/// Whole numbers beyond this may have been rounded.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// What an option of a format takes or gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An integer of so many bytes; with a sign or without.
    Integer(usize, bool),
    Float,
    Text,
    /// Nothing.
    Nothing,
}

/// One option with its size, as the format has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PackOption<'f> {
    text: &'f [u8],
    kind: Kind,
}

/// The options of a format. What is no option is one that takes nothing: the VM complains of it.
fn options(format: &[u8]) -> impl Iterator<Item = PackOption<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at;
        let aligns = *format.get(at)? == b'X';
        at += usize::from(aligns && at + 1 < format.len());
        let letter = format[at];
        at += 1;
        let sized = matches!(letter, b'i' | b'I' | b's' | b'c' | b'!');
        let is_part = |byte: &&u8| sized && byte.is_ascii_digit();
        let digits = format[at..].iter().take_while(is_part).count();
        let size = std::str::from_utf8(&format[at..at + digits]).ok().and_then(|digits| digits.parse().ok());
        at += digits;
        let kind = if aligns { Kind::Nothing } else { kind(letter, size.unwrap_or(4)) };
        Some(PackOption { text: &format[start..at], kind })
    })
}

/// What the option of this letter takes; `size` is that of those that may have one.
fn kind(letter: u8, size: usize) -> Kind {
    match letter {
        b'b' => Kind::Integer(1, true),
        b'B' => Kind::Integer(1, false),
        b'h' => Kind::Integer(2, true),
        b'H' => Kind::Integer(2, false),
        b'l' => Kind::Integer(8, true),
        b'L' => Kind::Integer(8, false),
        b'j' => Kind::Integer(4, true),
        b'J' | b'T' => Kind::Integer(4, false),
        b'i' => Kind::Integer(size, true),
        b'I' => Kind::Integer(size, false),
        b'f' | b'd' | b'n' => Kind::Float,
        b's' | b'z' | b'c' => Kind::Text,
        _ => Kind::Nothing,
    }
}

/// `string.pack`
pub(super) unsafe extern "C-unwind" fn pack(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; made by `library::wrap`.
    unsafe {
        let top = ffi::lua_gettop(l);
        if takes_integers(l, top) {
            spell(l, 1);
            if let Some(format) = stack::bytes(l, 1) {
                let format = readied(l, top, format);
                stack::push(l, &format);
                ffi::lua_replace(l, 1);
            }
        }
        original(l)
    }
}

/// Puts in the place of each integer beyond 2^53 what its option takes; the format for that.
unsafe fn readied(l: *mut lua_State, top: c_int, given: &[u8]) -> Vec<u8> {
    let mut format = Vec::new();
    let mut at = 1;
    for option in options(given) {
        at += c_int::from(option.kind != Kind::Nothing);
        // SAFETY: the arguments lie at 1 to `top`; each takes the place of one.
        unsafe {
            match (option.kind, if at <= top { whole::integer(l, at) } else { None }) {
                (Kind::Integer(8, _), Some(integer)) => {
                    ffi::lua_pushnumber(l, f64::from_bits(integer as u64));
                    ffi::lua_replace(l, at);
                    format.push(b'd');
                    continue;
                }
                (Kind::Integer(size, _), Some(integer)) if size > 8 => {
                    fail(l, &format!("`string.pack` takes {integer} in eight bytes, not in {size}"))
                }
                // Too large for fewer bytes, which the VM says.
                (Kind::Integer(..) | Kind::Float, Some(_)) => round(l, at),
                (Kind::Text, Some(_)) => spell(l, at),
                _ => {}
            }
        }
        format.extend_from_slice(option.text);
    }
    format
}

/// `string.unpack`
pub(super) unsafe extern "C-unwind" fn unpack(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; made by `library::wrap`.
    unsafe {
        let top = ffi::lua_gettop(l);
        if takes_integers(l, top) {
            spell(l, 1);
            spell(l, 2);
            place(l, 3);
        }
        let count = original(l);
        let first = ffi::lua_gettop(l) - count + 1;
        if (first..first + count).any(|at| may_be_rounded(l, at)) {
            unpack_exact(l, top, first);
        }
        count
    }
}

unsafe fn may_be_rounded(l: *mut lua_State, index: c_int) -> bool {
    // SAFETY: asks only.
    unsafe { ffi::lua_type(l, index) == ffi::LUA_TNUMBER && ffi::lua_tonumber(l, index).abs() >= EXACT_MAX }
}

/// With the arguments at 1 to `top` and the results from `first` on: unpacks once more, integers of eight bytes as the floats
/// with their bits.
unsafe fn unpack_exact(l: *mut lua_State, top: c_int, first: c_int) {
    // SAFETY: the format was good, since there are results; those of the second time lie above those of the first.
    unsafe {
        let Some(format) = stack::bytes(l, 1) else { return };
        ffi::luaL_checkstack(l, top + 2, c"too many results".as_ptr());
        let mut bits = Vec::new();
        for option in options(format) {
            match option.kind {
                Kind::Integer(8, _) => bits.push(b'd'),
                _ => bits.extend_from_slice(option.text),
            }
        }
        ffi::lua_pushvalue(l, ORIGINAL);
        stack::push(l, &bits);
        for at in 2..=top {
            ffi::lua_pushvalue(l, at);
        }
        let before = ffi::lua_gettop(l) - top;
        ffi::lua_call(l, top, ffi::LUA_MULTRET);
        let given = options(format).filter(|option| option.kind != Kind::Nothing);
        for (at, option) in (0..).zip(given) {
            let Kind::Integer(8, signed) = option.kind else { continue };
            let value = ffi::lua_tonumber(l, before + at).to_bits() as i64;
            // What has 64 bits without a sign stays a float.
            if signed || value >= 0 {
                whole::push(l, value);
                ffi::lua_replace(l, first + at);
            }
        }
        ffi::lua_settop(l, before - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, options};

    #[test]
    fn a_format_falls_into_its_options() {
        let found = |format: &'static str| -> Vec<(&str, Kind)> {
            let text = |bytes| std::str::from_utf8(bytes).expect("ascii");
            options(format.as_bytes()).map(|option| (text(option.text), option.kind)).collect()
        };
        assert_eq!(
            found("<i8 !16Xi8c12 jz"),
            [
                ("<", Kind::Nothing),
                ("i8", Kind::Integer(8, true)),
                (" ", Kind::Nothing),
                ("!16", Kind::Nothing),
                ("Xi8", Kind::Nothing),
                ("c12", Kind::Text),
                (" ", Kind::Nothing),
                ("j", Kind::Integer(4, true)),
                ("z", Kind::Text),
            ]
        );
        assert_eq!(found("X"), [("X", Kind::Nothing)]);
        assert_eq!(found("I99999999999999999999"), [("I99999999999999999999", Kind::Integer(4, false))]);
    }
}
