//! The runtime is what operations run on. It is left alone when the process ends.

use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Handle};

/// Host names are looked up on threads of their own, because the system's resolver blocks.
const RESOLVERS_MAX: usize = 4;

/// Files that may be open at once, where the system lets us choose: each request has a connection.
const FILES_WANTED: u64 = 65_536;

/// The runtime's handle, or why there is none. Starts it with the first call.
pub(super) fn handle() -> Result<&'static Handle, &'static str> {
    static RUNTIME: OnceLock<Result<Handle, String>> = OnceLock::new();
    RUNTIME.get_or_init(try_start).as_ref().map_err(String::as_str)
}

/// Starts the runtime, unless it runs. A thread that is about to restrict itself calls this before: threads inherit that.
pub fn start_runtime() {
    // An operation will say why there is none.
    let _ = handle();
}

/// Does work on a thread that the runtime starts, and waits for it: what the thread of a worker is kept from, such as looking
/// through `/proc`, such a thread may do.
pub(in crate::lua) fn unconfined(work: impl FnOnce() + Send + 'static) {
    let handle = match handle() {
        // On the runtime itself nothing is in the way, and it cannot wait for itself.
        Ok(handle) if Handle::try_current().is_err() => handle,
        _ => return work(),
    };
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let work: Arc<Work> = Arc::new(Mutex::new(Some(Box::new(work))));
    handle.spawn(async move {
        let own = Arc::clone(&work);
        let body = move || {
            take(&own);
            drop(done);
        };
        if std::thread::Builder::new().spawn(body).is_err() {
            // No thread is to be had: others wait a moment.
            take(&work);
        }
    });
    // An error says that it is done.
    let _ = wait.recv();
}

/// Work that the first thread to take it does.
type Work = Mutex<Option<Box<dyn FnOnce() + Send>>>;

fn take(work: &Work) {
    let work = work.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(work) = work {
        work();
    }
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

fn try_start() -> Result<Handle, String> {
    // Without room for its own files, the runtime does not say so but panics.
    let started =
        catch_unwind(start).unwrap_or_else(|_| Err(std::io::Error::other("its own files cannot be opened")));
    started.map_err(|error| error.to_string())
}

fn start() -> std::io::Result<Handle> {
    want_files();
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(RESOLVERS_MAX).build()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name("async".to_owned())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(handle)
}
