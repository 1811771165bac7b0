//! This module counts what SQLite allocates on a thread, so that a step's `memory` holds for it too. A worker's
//! databases live and die on its thread; what the rest of the process does with SQLite is counted and never limited.
//!
//! Why this is sound: the functions pass SQLite's own allocator what they got, and touch two cells of the thread besides, which
//! need no destructor. They are set before anything else of SQLite runs, as it asks for.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::OnceLock;

use rusqlite::ffi;

/// SQLite's own allocator.
static BASE: OnceLock<Base> = OnceLock::new();

struct Base {
    allocate: unsafe extern "C" fn(c_int) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    reallocate: unsafe extern "C" fn(*mut c_void, c_int) -> *mut c_void,
    size: unsafe extern "C" fn(*mut c_void) -> c_int,
}

thread_local! {
    /// Bytes that SQLite holds, as far as they were allocated here.
    static HELD: Cell<i64> = const { Cell::new(0) };
    /// Bytes that it may hold.
    static LIMIT: Cell<i64> = const { Cell::new(i64::MAX) };
}

/// Bytes that SQLite holds on this thread.
pub(in crate::lua::host) fn held() -> usize {
    usize::try_from(HELD.get()).unwrap_or(0)
}

/// Runs `work`, in which SQLite may allocate so many bytes more than it holds.
pub(in crate::lua::host) fn within<R>(room: usize, work: impl FnOnce() -> R) -> R {
    let room = i64::try_from(room).unwrap_or(i64::MAX);
    let before = LIMIT.replace(HELD.get().saturating_add(room));
    let result = work();
    LIMIT.set(before);
    result
}

/// Has SQLite's memory counted. To be called when the process starts; later there is nothing to be done any more, and nothing is
/// counted.
pub(crate) fn count_memory() {
    let mut base = MaybeUninit::<ffi::sqlite3_mem_methods>::zeroed();
    // SAFETY: SQLite fills in the structure that the pointer leads to.
    let code = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_GETMALLOC, base.as_mut_ptr()) };
    if code != ffi::SQLITE_OK {
        return;
    }
    // SAFETY: zeroes are a value of it, no function in any place, and SQLite has written over them.
    let base = unsafe { base.assume_init() };
    let (Some(allocate), Some(free), Some(reallocate), Some(size)) =
        (base.xMalloc, base.xFree, base.xRealloc, base.xSize)
    else {
        return;
    };
    if BASE.set(Base { allocate, free, reallocate, size }).is_err() {
        return;
    }
    let counted = ffi::sqlite3_mem_methods {
        xMalloc: Some(allocated),
        xFree: Some(freed),
        xRealloc: Some(reallocated),
        ..base
    };
    // SAFETY: SQLite copies the structure. It refuses when it is at work already, which changes nothing.
    unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const counted) };
}

/// Books bytes that came or went.
fn book(bytes: i64) {
    HELD.set(HELD.get().saturating_add(bytes));
}

fn is_full(more: i64) -> bool {
    HELD.get().saturating_add(more) > LIMIT.get()
}

unsafe extern "C" fn allocated(bytes: c_int) -> *mut c_void {
    let Some(base) = BASE.get().filter(|_| !is_full(i64::from(bytes))) else { return std::ptr::null_mut() };
    // SAFETY: the arguments are those that SQLite gave for its own functions.
    unsafe {
        let made = (base.allocate)(bytes);
        if !made.is_null() {
            book(i64::from((base.size)(made)));
        }
        made
    }
}

unsafe extern "C" fn freed(memory: *mut c_void) {
    let Some(base) = BASE.get().filter(|_| !memory.is_null()) else { return };
    // SAFETY: as above; what is freed was allocated by the same functions.
    unsafe {
        book(-i64::from((base.size)(memory)));
        (base.free)(memory);
    }
}

unsafe extern "C" fn reallocated(memory: *mut c_void, bytes: c_int) -> *mut c_void {
    let Some(base) = BASE.get() else { return std::ptr::null_mut() };
    // SAFETY: as above. Where there is no room, the old memory stays as it is, as SQLite expects.
    unsafe {
        let before = i64::from((base.size)(memory));
        if is_full(i64::from(bytes) - before) {
            return std::ptr::null_mut();
        }
        let made = (base.reallocate)(memory, bytes);
        if !made.is_null() {
            book(i64::from((base.size)(made)) - before);
        }
        made
    }
}
