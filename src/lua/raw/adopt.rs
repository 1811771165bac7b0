//! A child process sets itself up here before it becomes another program.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{
    Resource, Signal, fchdir, getpid, set_child_subreaper, set_parent_process_death_signal, setrlimit,
};
use tokio::process::Command;

use crate::runtime::files_given;

/// Makes the program adopt what its descendants leave behind, so that they stay below it and can be found, makes it end
/// with flowrun, however that ends, gives it the limits that flowrun was given, and starts it in `folder`. The folder
/// `through` stays open in it, under its number.
pub(in crate::lua) fn adopting(command: &mut Command, folder: Arc<OwnedFd>, through: Option<Arc<OwnedFd>>) {
    let files = files_given();
    // SAFETY: between fork and exec only system calls are made, without allocation and without a lock.
    unsafe {
        command.pre_exec(move || {
            fchdir(&*folder).map_err(io::Error::from)?;
            if let Some(through) = &through {
                fcntl_setfd(&**through, FdFlags::empty()).map_err(io::Error::from)?;
            }
            setrlimit(Resource::Nofile, files).map_err(io::Error::from)?;
            set_child_subreaper(Some(getpid())).map_err(io::Error::from)?;
            set_parent_process_death_signal(Some(Signal::KILL)).map_err(io::Error::from)
        });
    }
}
