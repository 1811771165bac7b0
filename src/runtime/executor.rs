//! The executor is the one thread of the process on which asynchronous work runs. It is left alone when the process ends.

use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Handle};
use tokio::task::AbortHandle;

/// Host names are looked up on threads of their own, because the system's resolver blocks.
const RESOLVERS_MAX: usize = 4;

/// Files that may be open at once, where the system lets us choose: each request has a connection.
const FILES_WANTED: u64 = 65_536;

/// What takes asynchronous work.
#[derive(Debug)]
pub struct Executor(Handle);

/// Work that the executor was given. Dropping this ends it.
#[derive(Debug)]
pub struct Task(AbortHandle);

impl Executor {
    /// Begins with a piece of work.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> Task {
        Task(self.0.spawn(work).abort_handle())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The executor, which starts with the first call.
///
/// # Errors
/// Fails when the system has no thread or no files for it.
pub fn executor() -> Result<&'static Executor, &'static str> {
    static EXECUTOR: OnceLock<Result<Executor, String>> = OnceLock::new();
    EXECUTOR.get_or_init(try_start).as_ref().map_err(String::as_str)
}

/// Starts the executor, unless it runs. A thread that is about to restrict itself calls this before: threads inherit that.
pub fn start() {
    // Whoever gives it work is told why there is none.
    let _ = executor();
}

/// Does work on a thread that the executor starts, and waits for it: what the thread of a worker is kept from, such as looking
/// through `/proc`, such a thread may do.
pub fn unconfined(work: impl FnOnce() + Send + 'static) {
    let executor = match executor() {
        // On the executor itself nothing is in the way, and it cannot wait for itself.
        Ok(executor) if Handle::try_current().is_err() => executor,
        _ => return work(),
    };
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let work: Arc<Work> = Arc::new(Mutex::new(Some(Box::new(work))));
    executor.0.spawn(async move {
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

/// How many files could be open before the executor wanted more: what programs that are started shall get.
pub fn files_given() -> Rlimit {
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

fn try_start() -> Result<Executor, String> {
    // Without room for its own files, `tokio` does not say so but panics.
    let started =
        catch_unwind(build).unwrap_or_else(|_| Err(std::io::Error::other("its own files cannot be opened")));
    started.map_err(|error| error.to_string())
}

fn build() -> std::io::Result<Executor> {
    want_files();
    let runtime = Builder::new_current_thread().enable_all().max_blocking_threads(RESOLVERS_MAX).build()?;
    let executor = Executor(runtime.handle().clone());
    std::thread::Builder::new()
        .name("async".to_owned())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(executor)
}
