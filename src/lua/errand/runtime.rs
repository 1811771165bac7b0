//! The runtime that errands run on. It is left alone when the process ends.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle};

/// Host names are looked up on threads of their own, because the system's resolver blocks.
const RESOLVERS_MAX: usize = 4;

/// The runtime's handle, or why there is none. Starts it with the first call.
pub(super) fn handle() -> Result<&'static Handle, &'static str> {
    static RUNTIME: OnceLock<Result<Handle, String>> = OnceLock::new();
    RUNTIME.get_or_init(|| start().map_err(|error| error.to_string())).as_ref().map_err(String::as_str)
}

fn start() -> std::io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(RESOLVERS_MAX).build()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("errands".to_owned())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(handle)
}
