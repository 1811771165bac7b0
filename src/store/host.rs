//! A folder of runs may be seen by several machines, which are told apart by their names.

/// Name of this machine, as it calls itself.
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
