//! A child is a program that was started, with our ends of its pipes.

use std::collections::BTreeMap;
use std::ffi::{CString, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustix::fs::{OFlags, fcntl_setfl, fstat};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Pid;
use tokio::net::unix::pipe::{Receiver, Sender};

use crate::lua::raw::Spawn;

/// A program that can be started.
#[derive(Debug)]
pub(crate) struct Start {
    /// As it was written, which is what it finds as its own name.
    pub(crate) name: OsString,
    pub(crate) file: StartFile,
    pub(crate) arguments: Vec<OsString>,
    /// Where it runs, held open.
    pub(crate) folder: Arc<OwnedFd>,
    /// All variables that it gets.
    pub(crate) env: BTreeMap<OsString, OsString>,
}

/// The file that is started.
#[derive(Debug)]
pub(crate) struct StartFile {
    pub(crate) path: PathBuf,
    /// The folder that the path goes through by its number, to stay open in the program: a script is opened anew, by the same
    /// path, by what its first line names.
    pub(crate) through: Option<Arc<OwnedFd>>,
}

/// A program that was started. Whoever has its number waits for it and ends it.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) id: Pid,
    /// The numbers of the pipes that it writes, by which others that hold them are found.
    pub(crate) written: [u64; 2],
    pub(crate) pipes: Pipes,
    /// What becomes readable at its end, where the system has that. Nothing is read from it.
    pub(crate) notice: Option<Receiver>,
}

/// Our ends of a program's pipes.
#[derive(Debug)]
pub(crate) struct Pipes {
    /// None where it is given nothing to read.
    pub(crate) stdin: Option<Sender>,
    pub(crate) stdout: Receiver,
    pub(crate) stderr: Receiver,
}

impl Child {
    /// Starts a program; `is_fed`: it is given something to read. Our ends are ready before it is: from its start on, nothing here can fail.
    pub(crate) fn start(program: &Start, is_fed: bool) -> io::Result<Self> {
        let (input, stdin) = if is_fed {
            let (input, ours) = pipe_with(PipeFlags::CLOEXEC)?;
            (Some(input), Some(Sender::from_owned_fd_unchecked(unblocked(ours)?)?))
        } else {
            (None, None)
        };
        let ((ours, output), (ours_too, errors)) =
            (pipe_with(PipeFlags::CLOEXEC)?, pipe_with(PipeFlags::CLOEXEC)?);
        let written = [fstat(&ours)?.st_ino, fstat(&ours_too)?.st_ino];
        let stdout = Receiver::from_owned_fd_unchecked(unblocked(ours)?)?;
        let stderr = Receiver::from_owned_fd_unchecked(unblocked(ours_too)?)?;
        let input = match &input {
            Some(input) => input.as_fd(),
            None => nothing()?,
        };
        let (id, notice) = spawn(program, [input, output.as_fd(), errors.as_fd()])?;
        let notice = notice.and_then(|notice| Receiver::from_owned_fd_unchecked(notice).ok());
        Ok(Self { id, written, pipes: Pipes { stdin, stdout, stderr }, notice })
    }
}

fn spawn(program: &Start, streams: [BorrowedFd<'_>; 3]) -> io::Result<(Pid, Option<OwnedFd>)> {
    let words = [&program.name].into_iter().chain(&program.arguments);
    let variable =
        |(name, value): (&OsString, &OsString)| text(&[name.as_bytes(), b"=", value.as_bytes()].concat());
    Spawn {
        file: text(program.file.path.as_os_str().as_bytes())?,
        words: words.map(|word| text(word.as_bytes())).collect::<io::Result<_>>()?,
        variables: program.env.iter().map(variable).collect::<io::Result<_>>()?,
        folder: program.folder.as_fd(),
        through: program.file.through.as_ref().map(|folder| folder.as_fd()),
        streams,
    }
    .start()
}

fn text(bytes: &[u8]) -> io::Result<CString> {
    Ok(CString::new(bytes)?)
}

/// Our end of a pipe does not wait.
fn unblocked(ours: OwnedFd) -> io::Result<OwnedFd> {
    fcntl_setfl(&ours, OFlags::NONBLOCK)?;
    Ok(ours)
}

/// What a program reads that is given nothing.
fn nothing() -> io::Result<BorrowedFd<'static>> {
    static NOTHING: OnceLock<File> = OnceLock::new();
    if let Some(open) = NOTHING.get() {
        return Ok(open.as_fd());
    }
    let open = File::open("/dev/null")?;
    Ok(NOTHING.get_or_init(|| open).as_fd())
}
