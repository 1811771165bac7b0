//! A program is started here without copying this process: its child borrows our memory until it becomes the program.
//!
//! `fork` copies the tables of all memory in use, and every page that either side touches next; for a run with a few VMs
//! that is half of what a short program takes. `posix_spawn` does without, but cannot make a program adopt what its children
//! leave behind, nor end it with its parent.
//!
//! What makes it sound, as in the C library's own `posix_spawn`:
//! - The thread that calls `clone` sleeps until the child has become the program or has ended (VFORK), so that what the child
//!   borrows outlives it, and nobody else uses the stack that it runs on or the thread's `errno`.
//! - The child makes system calls only: it neither allocates, nor takes a lock, nor panics, nor returns from a frame of ours.
//! - No handler of ours runs in the child, where it would change our memory in another process: all signals are blocked until
//!   all handlers are gone.
//! - The child has its own table of open files, its own folder, limits and handlers; memory is all that it shares.

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{
    Pid, Resource, Rlimit, Signal, WaitOptions, fchdir, getpid, getppid, set_child_subreaper,
    set_parent_process_death_signal, setpgid, setrlimit, waitpid,
};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};

use crate::runtime::files_given;

/// Bytes of the stack that a child runs on until it is the program; it needs a few hundred.
const STACK_BYTES: usize = 32 << 10;
/// What runs a file that names no interpreter.
const SHELL: &CStr = c"/bin/sh";
/// The highest number of a signal.
const SIGNAL_MAX: c_int = 64;

/// What a program is started with.
#[derive(Debug)]
pub(in crate::lua) struct Spawn<'a> {
    pub(in crate::lua) file: CString,
    /// Its name and its arguments.
    pub(in crate::lua) words: Vec<CString>,
    /// All variables that it gets, each with its value.
    pub(in crate::lua) variables: Vec<CString>,
    /// Where it starts.
    pub(in crate::lua) folder: BorrowedFd<'a>,
    /// A folder that stays open in it, under its number.
    pub(in crate::lua) through: Option<BorrowedFd<'a>>,
    /// Its standard input, output and error. They are not among the first three numbers, which are always taken.
    pub(in crate::lua) streams: [BorrowedFd<'a>; 3],
}

/// What the child reads of our memory, and the one word that it writes.
struct Borrowed<'a> {
    spawn: &'a Spawn<'a>,
    words: &'a [*const c_char],
    /// The words with which a shell runs the file.
    script: &'a [*const c_char],
    variables: &'a [*const c_char],
    files: Rlimit,
    parent: Pid,
    /// The number of the error that kept it from becoming the program; 0 while there is none.
    failure: Cell<c_int>,
}

impl Spawn<'_> {
    /// Starts the program in a group of its own, because keys pressed at the terminal are flowrun's to act on. It adopts what
    /// its descendants leave behind, so that they stay below it and can be found, it ends with the thread that started it, and
    /// it has the limits that flowrun was given. With its number comes what tells of its end, where the system has that.
    pub(in crate::lua) fn start(&self) -> io::Result<(Pid, Option<OwnedFd>)> {
        let words = pointers(self.words.iter().map(CString::as_c_str));
        let arguments = self.words.iter().skip(1).map(CString::as_c_str);
        let script = pointers([SHELL, &self.file].into_iter().chain(arguments));
        let variables = pointers(self.variables.iter().map(CString::as_c_str));
        let borrowed = Borrowed {
            spawn: self,
            words: &words,
            script: &script,
            variables: &variables,
            files: files_given(),
            parent: getpid(),
            failure: Cell::new(0),
        };
        let (child, notice) = clone(&borrowed)?;
        match borrowed.failure.get() {
            0 => Ok((child, notice)),
            failure => {
                let _ = waitpid(Some(child), WaitOptions::empty());
                Err(io::Error::from_raw_os_error(failure))
            }
        }
    }
}

/// The addresses of these texts, and the null that ends such a list.
fn pointers<'a>(texts: impl Iterator<Item = &'a CStr>) -> Vec<*const c_char> {
    texts.map(CStr::as_ptr).chain([ptr::null()]).collect()
}

/// Makes the child, and sleeps until it is the program or has ended.
fn clone(borrowed: &Borrowed<'_>) -> io::Result<(Pid, Option<OwnedFd>)> {
    let mut stack = Box::<[u8]>::new_uninit_slice(STACK_BYTES);
    let top = stack.as_mut_ptr_range().end;
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    let argument = ptr::from_ref(borrowed).cast_mut().cast::<c_void>();
    // A kernel that is too old leaves it as it is.
    let mut notice: c_int = -1;
    let blocked = Blocked::all()?;
    // SAFETY: the stack and what is borrowed outlive the child's use of them, because this thread sleeps meanwhile; `top` is
    // one past the end of the stack, which grows downwards and is aligned by `clone`; the rest is said above.
    let child =
        unsafe { libc::clone(become_program, top.cast(), flags, argument, ptr::from_mut(&mut notice)) };
    let error = io::Error::last_os_error();
    drop(blocked);
    drop(stack);
    // A negative number is none to `Pid`, which does not even look at it.
    let child = (child > 0).then(|| Pid::from_raw(child)).flatten().ok_or(error)?;
    // SAFETY: the kernel has just made it for us.
    let notice = (notice >= 0).then(|| unsafe { OwnedFd::from_raw_fd(notice) });
    Ok((child, notice))
}

/// What the child does.
extern "C" fn become_program(argument: *mut c_void) -> c_int {
    // SAFETY: `clone` above passes this, and it outlives the child's use of it.
    let borrowed = unsafe { &*argument.cast::<Borrowed<'_>>() };
    let failure = match set_up(borrowed) {
        Ok(()) => borrowed.replace_itself(),
        Err(error) => error.raw_os_error(),
    };
    borrowed.failure.set(failure);
    127
}

/// Makes of the child what the program shall find itself to be.
fn set_up(borrowed: &Borrowed<'_>) -> Result<(), Errno> {
    let Spawn { folder, through, streams: [input, output, errors], .. } = borrowed.spawn;
    setpgid(None, None)?;
    dup2_stdin(input)?;
    dup2_stdout(output)?;
    dup2_stderr(errors)?;
    fchdir(folder)?;
    if let Some(through) = through {
        fcntl_setfd(through, FdFlags::empty())?;
    }
    setrlimit(Resource::Nofile, borrowed.files)?;
    set_child_subreaper(Some(getpid()))?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid() != Some(borrowed.parent) {
        // We have ended before it could be told to end with us.
        return Err(Errno::INTR);
    }
    drop_handlers();
    Ok(())
}

/// Takes away the handlers, and then lets signals come. What is ignored stays so, except writing to a closed pipe.
fn drop_handlers() {
    for signal in 1..=SIGNAL_MAX {
        // SAFETY: plain structures of C, of which zeros are a value; a signal that has no handler is refused.
        unsafe {
            let mut action = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
            let is_known = libc::sigaction(signal, ptr::null(), &raw mut action) == 0;
            let is_ignored = action.sa_sigaction == libc::SIG_IGN && signal != libc::SIGPIPE;
            if is_known && action.sa_sigaction != libc::SIG_DFL && !is_ignored {
                action = MaybeUninit::zeroed().assume_init();
                libc::sigaction(signal, &raw const action, ptr::null_mut());
            }
        }
    }
    set_mask(&signals(false));
}

impl Borrowed<'_> {
    /// Becomes the program, or says why not.
    fn replace_itself(&self) -> c_int {
        let file = self.spawn.file.as_ptr();
        let (words, script) = (self.words.as_ptr(), self.script.as_ptr());
        // SAFETY: texts and lists of texts that end with a null.
        unsafe {
            libc::execve(file, words, self.variables.as_ptr());
            if last_error() == libc::ENOEXEC {
                libc::execve(SHELL.as_ptr(), script, self.variables.as_ptr());
            }
        }
        last_error()
    }
}

fn last_error() -> c_int {
    io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

/// No signal comes while this lives.
struct Blocked(libc::sigset_t);

impl Blocked {
    fn all() -> io::Result<Self> {
        let mut before = signals(false);
        // SAFETY: both are whole sets.
        let failure = unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &signals(true), &raw mut before) };
        if failure == 0 { Ok(Self(before)) } else { Err(io::Error::from_raw_os_error(failure)) }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        set_mask(&self.0);
    }
}

/// All signals, or none.
fn signals(are_all: bool) -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: either call fills the set.
    unsafe {
        if are_all {
            libc::sigfillset(set.as_mut_ptr());
        } else {
            libc::sigemptyset(set.as_mut_ptr());
        }
        set.assume_init()
    }
}

fn set_mask(set: &libc::sigset_t) {
    // SAFETY: the set is whole; it cannot fail with a mask that was there before, or an empty one.
    unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, set, ptr::null_mut());
    }
}
