//! Advice stands behind messages of the VM about integers beyond 2^53, where it asks no metatable: it says what to write instead.

use mlua::ffi::{self, lua_State};

use super::stack;

/// The endings of such messages, and what is said behind them.
const ADVICE: [(&str, &str); 4] = [
    ("attempt to compare integer < number", COMPARE),
    ("attempt to compare integer <= number", COMPARE),
    ("attempt to compare number < integer", COMPARE),
    ("attempt to compare number <= integer", COMPARE),
];

const COMPARE: &str =
    ": one is an integer beyond 2^53; write `tbl.less(a, b)`, `tbl.equal(a, b)`, or compare `tonumber(a)`";
const COUNT: &str = ": it is an integer beyond 2^53; count with `while`, or from 1";

/// What is to be said behind a message of the VM.
pub(super) fn advice(message: &[u8]) -> Option<&'static str> {
    let found = ADVICE.iter().find(|(end, _)| message.ends_with(end.as_bytes()));
    found.map(|(_, advice)| *advice).or_else(|| {
        let counts = message.ends_with(b"(number expected, got integer)")
            && memchr::memmem::find(message, b"invalid 'for' ").is_some();
        counts.then_some(COUNT)
    })
}

/// Says it in the error value on top of the stack, if that is such a message. May raise a memory error.
pub(super) unsafe fn advise(l: *mut lua_State) {
    // SAFETY: the caller has a value on top, which the longer message replaces.
    unsafe {
        let Some(advice) = stack::bytes(l, -1).and_then(advice) else { return };
        stack::push(l, advice.as_bytes());
        ffi::lua_concat(l, 2);
    }
}
