//! Frames say where an error was raised: the stack at that moment, level by level.

use std::cell::RefCell;
use std::ffi::{CStr, c_int};

use mlua::ffi::{self, lua_State};

/// Frames kept of a deep stack, from its inner and its outer end.
const FRAMES_INNER: c_int = 12;
const FRAMES_OUTER: c_int = 8;

/// One level of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lua) struct Frame {
    /// Name of the chunk.
    pub(in crate::lua) chunk: String,
    /// Line in the chunk.
    pub(in crate::lua) line: usize,
    /// Name of the function, where it has one.
    pub(in crate::lua) function: Option<String>,
}

/// Keeps the stack of `l` in `frames`, innermost first, for the error that is on its way.
pub(super) unsafe fn remember(l: *mut lua_State, frames: &RefCell<Vec<Frame>>) {
    let Ok(mut frames) = frames.try_borrow_mut() else { return };
    frames.clear();
    // SAFETY: `lua_getinfo` fills what it is asked for, and says when there is no such level.
    unsafe {
        let depth = ffi::lua_stackdepth(l);
        for level in 0..depth {
            if level >= FRAMES_INNER && level < depth - FRAMES_OUTER {
                continue;
            }
            let mut info: ffi::lua_Debug = std::mem::zeroed();
            if ffi::lua_getinfo(l, level, c"sln".as_ptr(), &raw mut info) == 0 {
                break;
            }
            if info.currentline <= 0 || info.source.is_null() {
                continue;
            }
            let chunk = CStr::from_ptr(info.source).to_string_lossy();
            let function =
                (!info.name.is_null()).then(|| CStr::from_ptr(info.name).to_string_lossy().into_owned());
            frames.push(Frame {
                chunk: chunk.trim_start_matches(['@', '=']).to_owned(),
                line: info.currentline as usize,
                function,
            });
        }
    }
}
