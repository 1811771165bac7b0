//! This module finds out whether the process was started without a standard output (`>&-`).
//!
//! Rust's runtime opens `/dev/null` in the place of a standard stream that is closed, so that all that is written
//! there is lost without an error. Afterwards nothing tells this from a `/dev/null` that was given: shells open that
//! for writing only, but others (Python's `DEVNULL`, Node's `ignore`, `daemon`) for reading and writing as the
//! runtime does. So it has to be asked before the runtime starts.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{Errno, fcntl_getfd};

static CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether there was no standard output when the process started.
pub fn stdout_is_closed() -> bool {
    CLOSED.load(Ordering::Relaxed)
}

/// The system calls what this section lists before `main`, and so before Rust's runtime.
#[used]
#[expect(unsafe_code, reason = "the attribute is; a function without arguments is what the section may hold")]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
static ASK: extern "C" fn() = ask;

/// Does one system call; nothing of the runtime may be used yet.
extern "C" fn ask() {
    if fcntl_getfd(rustix::stdio::stdout()) == Err(Errno::BADF) {
        CLOSED.store(true, Ordering::Relaxed);
    }
}
