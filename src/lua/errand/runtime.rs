//! The runtime that errands run on. It is left alone when the process ends.

use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Handle};

/// Host names are looked up on threads of their own, because the system's resolver blocks.
const RESOLVERS_MAX: usize = 4;

/// Files that may be open at once, where the system lets us choose: each request has a connection.
const FILES_WANTED: u64 = 65_536;

/// The runtime's handle, or why there is none. Starts it with the first call.
pub(super) fn handle() -> Result<&'static Handle, &'static str> {
    static RUNTIME: OnceLock<Result<Handle, String>> = OnceLock::new();
    RUNTIME.get_or_init(|| start().map_err(|error| error.to_string())).as_ref().map_err(String::as_str)
}

/// How many files could be open before the runtime wanted more: what programs that are started shall get.
pub(in crate::lua) fn files_given() -> Rlimit {
    static GIVEN: OnceLock<Rlimit> = OnceLock::new();
    *GIVEN.get_or_init(|| getrlimit(Resource::Nofile))
}

/// Many systems allow 1024 files, of programs that would not cope with more, up to a far higher limit.
fn want_files() {
    let Rlimit { current: Some(current), maximum } = files_given() else { return };
    let wanted = maximum.map_or(FILES_WANTED, |maximum| maximum.min(FILES_WANTED)).max(current);
    // Without more, requests fail once there are too many, and say why.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
}

fn start() -> std::io::Result<Handle> {
    want_files();
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(RESOLVERS_MAX).build()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("errands".to_owned())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(handle)
}
