//! What a child process does of itself before it becomes another program.

use std::io;

use rustix::process::{Signal, getpid, set_child_subreaper, set_parent_process_death_signal};
use tokio::process::Command;

/// Makes the program adopt what its descendants leave behind, so that they stay below it and can be found, and makes it
/// end with flowrun, however that ends.
pub(in crate::lua) fn adopting(command: &mut Command) {
    // SAFETY: between fork and exec only system calls are made, without allocation and without a lock.
    unsafe {
        command.pre_exec(|| {
            set_child_subreaper(Some(getpid())).map_err(io::Error::from)?;
            set_parent_process_death_signal(Some(Signal::KILL)).map_err(io::Error::from)
        });
    }
}
