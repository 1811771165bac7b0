//! A process is one running copy of an item program: bytes go in, and bytes and its end come out. Nothing here knows what they
//! mean.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::WaitStatus;
use tokio::io;
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, sleep_until};

use super::definition::ItemProgram;
use crate::lua::process::{Child, Pipes, ProcessTree, end, until_ended};
use crate::value::Secrets;

/// Bytes that are read at a time at most, as many as a pipe holds.
const PIECE_BYTES: usize = 64 << 10;
/// How long a process may take to end when its input does.
pub const PATIENCE: Duration = Duration::from_secs(5);
/// How long what a program has written may take to arrive after its end, while others still hold its output.
const GRACE: Duration = Duration::from_millis(250);

/// What a process has done.
#[derive(Debug)]
pub enum ProcessEvent {
    /// It has written this to its standard output.
    Wrote(Vec<u8>),
    /// It has written this to its standard error. Comes before what it wrote to its standard output later.
    Said(Vec<u8>),
    /// It is no more, and nothing that it has started is.
    Ended(Leaving),
}

/// How a process has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaving {
    /// By itself, with this code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// It was ended after it had closed this.
    Closed(&'static str),
    /// It was ended because it was told to go and did not.
    Lingered,
    /// It was ended on demand, or nobody knows how.
    Ended,
}

impl fmt::Display for Leaving {
    /// What the process did, as it follows its name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(code) => write!(f, "ended with exit code {code}"),
            Self::Signal(signal) => write!(f, "was ended by signal {signal}"),
            Self::Closed(what) => write!(f, "closed its {what} and was ended"),
            Self::Lingered => write!(f, "did not end within {PATIENCE:?} of the end of its input"),
            Self::Ended => f.write_str("was ended"),
        }
    }
}

/// An event of one of several processes: its place, which process at that place, and what it has done.
pub type Pulse = (usize, u64, ProcessEvent);

/// A process that was started. Dropping it lets it end by itself; [`Process::end`] ends it at once.
#[derive(Debug)]
pub struct Process {
    input: Option<UnboundedSender<Vec<u8>>>,
    end: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Process {
    /// Starts the program within a runtime of its caller's thread.
    ///
    /// # Errors
    /// Fails when it cannot be started, and says why.
    pub fn start(
        program: &ItemProgram,
        secrets: &Secrets,
        (place, number): (usize, u64),
        events: mpsc::Sender<Pulse>,
    ) -> Result<Self, String> {
        let start = program.start(secrets)?;
        let tree = ProcessTree::new();
        let child = tree.start(|| Child::start(&start, true)).map_err(|error| error.to_string())?;
        let (input, feed) = mpsc::unbounded_channel();
        let (end, ended) = tokio::sync::oneshot::channel();
        let held = Held {
            stdin: None,
            feed: Some(feed),
            pending: Vec::new(),
            written: 0,
            until: None,
            tell: Tell { place, number, events },
        };
        tokio::task::spawn_local(held.attend(child, tree, ended));
        Ok(Self { input: Some(input), end: Some(end) })
    }

    /// Gives it more to read.
    pub fn feed(&self, bytes: Vec<u8>) {
        if let Some(input) = &self.input {
            let _ = input.send(bytes);
        }
    }

    /// There will be no more to read.
    pub fn close(&mut self) {
        self.input = None;
    }

    /// Ends it with all that it has started.
    pub fn end(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
    }
}

/// Tells what a process does.
struct Tell {
    place: usize,
    number: u64,
    events: mpsc::Sender<Pulse>,
}

impl Tell {
    async fn say(&self, event: ProcessEvent) {
        let _ = self.events.send((self.place, self.number, event)).await;
    }
}

/// What is held of a process while it lives.
struct Held {
    stdin: Option<Sender>,
    /// `None`: no more will come.
    feed: Option<UnboundedReceiver<Vec<u8>>>,
    /// What is to be written, from `written` on.
    pending: Vec<u8>,
    written: usize,
    /// When it is ended, because it is only waited for, and what is then said of it.
    until: Option<(Instant, Leaving)>,
    tell: Tell,
}

impl Held {
    /// Feeds and reads it until it is no more.
    async fn attend(
        mut self,
        child: Child,
        tree: Arc<ProcessTree>,
        mut ended: tokio::sync::oneshot::Receiver<()>,
    ) {
        let Child { pipes: Pipes { stdin, stdout, stderr }, notice, .. } = child;
        self.stdin = stdin;
        let (mut stdout, mut stderr) = (Some(stdout), Some(stderr));
        let (mut is_dead, mut leaving) = (false, None);
        while leaving.is_none() && !(is_dead && stdout.is_none() && stderr.is_none()) {
            let until = self.until.as_ref().map(|(at, _)| *at);
            tokio::select! {
                () = readable(stderr.as_ref()), if stderr.is_some() => {
                    if let Some(bytes) = read(&mut stderr) {
                        self.tell.say(ProcessEvent::Said(bytes)).await;
                    }
                }
                () = readable(stdout.as_ref()), if stdout.is_some() => {
                    // What it said before it wrote comes before it.
                    self.hear(&mut stderr).await;
                    self.read(&mut stdout).await;
                    if stdout.is_none() && !is_dead {
                        self.wait_no_longer_than(GRACE, Leaving::Closed("standard output"));
                    }
                }
                more = more(self.feed.as_mut()), if self.feed.is_some() && self.pending.is_empty() => self.take(more),
                () = writable(self.stdin.as_ref()), if self.stdin.is_some() && !self.pending.is_empty() => self.write(),
                () = until_ended(&tree, notice.as_ref()), if !is_dead => {
                    is_dead = true;
                    self.until = Some((Instant::now() + GRACE, Leaving::Ended));
                }
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {
                    leaving = self.until.take().map(|(_, leaving)| leaving);
                }
                _ = &mut ended => leaving = Some(Leaving::Ended),
            }
        }
        end(&tree).await;
        let leaving = match leaving {
            Some(leaving) if !is_dead => leaving,
            _ => tree.reap().map_or(Leaving::Ended, status),
        };
        self.tell.say(ProcessEvent::Ended(leaving)).await;
    }

    async fn hear(&mut self, stderr: &mut Option<Receiver>) {
        if let Some(bytes) = read_now(stderr) {
            self.tell.say(ProcessEvent::Said(bytes)).await;
        }
    }

    async fn read(&mut self, stdout: &mut Option<Receiver>) {
        if let Some(bytes) = read(stdout) {
            self.tell.say(ProcessEvent::Wrote(bytes)).await;
        }
    }

    fn take(&mut self, more: Option<Vec<u8>>) {
        if let Some(bytes) = more {
            (self.pending, self.written) = (bytes, 0);
            return;
        }
        (self.feed, self.stdin) = (None, None);
        self.wait_no_longer_than(PATIENCE, Leaving::Lingered);
    }

    fn write(&mut self) {
        let Some(stdin) = &self.stdin else { return };
        match stdin.try_write(&self.pending[self.written..]) {
            Ok(count) => self.written += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => {
                // It reads no more, so what it was to get can reach it no more.
                (self.feed, self.stdin) = (None, None);
                self.wait_no_longer_than(GRACE, Leaving::Closed("standard input"));
            }
        }
        if self.written == self.pending.len() || self.stdin.is_none() {
            self.pending.clear();
        }
    }

    fn wait_no_longer_than(&mut self, patience: Duration, then: Leaving) {
        let at = Instant::now() + patience;
        if self.until.as_ref().is_none_or(|(until, _)| at < *until) {
            self.until = Some((at, then));
        }
    }
}

/// What is there to be read; nothing, and the pipe is closed, at its end.
fn read(pipe: &mut Option<Receiver>) -> Option<Vec<u8>> {
    let open = pipe.as_ref()?;
    let mut bytes = Vec::with_capacity(PIECE_BYTES);
    match open.try_read_buf(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
        Ok(count) if count > 0 => Some(bytes),
        Ok(_) | Err(_) => {
            *pipe = None;
            None
        }
    }
}

/// The same, whether or not the runtime has heard yet that something is there: it hears of two pipes in any order.
fn read_now(pipe: &mut Option<Receiver>) -> Option<Vec<u8>> {
    let open = pipe.as_ref()?;
    let mut bytes = Vec::with_capacity(PIECE_BYTES);
    match rustix::io::read(open, rustix::buffer::spare_capacity(&mut bytes)) {
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => None,
        Ok(count) if count > 0 => Some(bytes),
        Ok(_) | Err(_) => {
            *pipe = None;
            None
        }
    }
}

async fn readable(pipe: Option<&Receiver>) {
    if let Some(pipe) = pipe {
        let _ = pipe.readable().await;
    }
}

async fn writable(pipe: Option<&Sender>) {
    if let Some(pipe) = pipe {
        let _ = pipe.writable().await;
    }
}

async fn more(feed: Option<&mut UnboundedReceiver<Vec<u8>>>) -> Option<Vec<u8>> {
    match feed {
        Some(feed) => feed.recv().await,
        None => None,
    }
}

fn status(status: WaitStatus) -> Leaving {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Leaving::Exit(code),
        (_, Some(signal)) => Leaving::Signal(signal),
        _ => Leaving::Ended,
    }
}
