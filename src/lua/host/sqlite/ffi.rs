//! This module is the file layer of databases that Lua code opens: SQLite's own for Unix, with two answers replaced.
//! A full path name is what was given, so that links in it are not resolved to names that would be opened anew; and
//! temporary files go to the scratch folder of the run.
//!
//! Paths are `/proc/self/fd/N/name`, where N is a folder that is held open. Names of journals and logs are made of them by
//! SQLite, and lie in the same folder whatever becomes of its own name. All these files are opened by SQLite without following
//! a link in the last name.
//!
//! Why this is sound: the structure registered is a copy of one that SQLite made itself, and lives for ever. The functions here
//! get pointers that SQLite documents for them, keep none of them, own nothing that a panic could lose, and do not unwind.
#![expect(unsafe_code, reason = "SQLite takes its file layer as a structure of C functions")]

pub(super) mod functions;
pub(in crate::lua::host) mod memory;
pub(super) mod reading;

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int};
use std::os::fd::RawFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::ffi;

/// What the layer is called.
pub(super) const NAME: &CStr = c"flowrun";

/// The layer that it is made of.
const BASE: &CStr = c"unix";

/// How SQLite opens files; with what [`BASE`] opens them.
type OpenFile = unsafe extern "C" fn(
    *mut ffi::sqlite3_vfs,
    ffi::sqlite3_filename,
    *mut ffi::sqlite3_file,
    c_int,
    *mut c_int,
) -> c_int;

static BASE_OPEN: OnceLock<OpenFile> = OnceLock::new();

thread_local! {
    /// The scratch folder of what runs on this thread.
    static SCRATCH: Cell<Option<RawFd>> = const { Cell::new(None) };
}

/// Says which open folder temporary files of this thread's databases go to. It has to stay open while they are used.
pub(super) fn use_scratch(folder: Option<RawFd>) {
    SCRATCH.set(folder);
}

/// Makes the layer known to SQLite, once a process; otherwise the code of its error.
pub(super) fn register() -> Result<(), c_int> {
    static DONE: OnceLock<c_int> = OnceLock::new();
    match *DONE.get_or_init(make) {
        ffi::SQLITE_OK => Ok(()),
        code => Err(code),
    }
}

fn make() -> c_int {
    // SAFETY: the name ends with a zero byte; SQLite initialises itself where it has to.
    let base = unsafe { ffi::sqlite3_vfs_find(BASE.as_ptr()) };
    // SAFETY: what SQLite finds is null or one of its own structures, which are never freed.
    let Some(base) = (unsafe { base.as_ref() }) else { return ffi::SQLITE_ERROR };
    let Some(open) = base.xOpen else { return ffi::SQLITE_ERROR };
    let _ = BASE_OPEN.set(open);
    let layer = ffi::sqlite3_vfs {
        pNext: std::ptr::null_mut(),
        zName: NAME.as_ptr(),
        xOpen: Some(opened),
        xFullPathname: Some(same_path),
        ..*base
    };
    // SAFETY: the structure is leaked, so it outlives every connection, as SQLite asks for.
    unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(layer)), 0) }
}

/// Opens a file as [`BASE`] does; one without a name in the scratch folder.
unsafe extern "C" fn opened(
    layer: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let Some(open) = BASE_OPEN.get() else { return ffi::SQLITE_CANTOPEN };
    let temporary = if name.is_null() { SCRATCH.get().map(temporary) } else { None };
    let name = temporary.as_ref().map_or(name, |path| path.as_ptr().cast());
    // SAFETY: the arguments are those that SQLite gave. The name of a temporary file is only used within the call: such a file
    // has no name any more when it is open. Two zero bytes end it, as the layer expects of names.
    let code = unsafe { open(layer, name, file, flags, out_flags) };
    if code == ffi::SQLITE_OK {
        reading::watch(file);
    }
    code
}

/// A name for a temporary file that no other one has had in this process.
fn temporary(folder: RawFd) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("/proc/self/fd/{folder}/sqlite-{:x}-{count:x}\0\0", std::process::id())
}

/// Gives a path back as its own full name.
unsafe extern "C" fn same_path(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    size: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite gives a string that ends with a zero byte.
    let bytes = unsafe { CStr::from_ptr(path) }.to_bytes_with_nul();
    if usize::try_from(size).map_or(true, |size| size < bytes.len()) {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: SQLite gives a buffer of `size` bytes that the path does not overlap.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len()) };
    ffi::SQLITE_OK
}
