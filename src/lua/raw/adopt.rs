//! What a child process does of itself before it becomes another program.

use std::io;

use rustix::process::{
    Resource, Signal, getpid, set_child_subreaper, set_parent_process_death_signal, setrlimit,
};
use tokio::process::Command;

use crate::lua::errand::files_given;

/// Makes the program adopt what its descendants leave behind, so that they stay below it and can be found, makes it end
/// with flowrun, however that ends, and gives it the limits that flowrun was given.
pub(in crate::lua) fn adopting(command: &mut Command) {
    let files = files_given();
    // SAFETY: between fork and exec only system calls are made, without allocation and without a lock.
    unsafe {
        command.pre_exec(move || {
            setrlimit(Resource::Nofile, files).map_err(io::Error::from)?;
            set_child_subreaper(Some(getpid())).map_err(io::Error::from)?;
            set_parent_process_death_signal(Some(Signal::KILL)).map_err(io::Error::from)
        });
    }
}
