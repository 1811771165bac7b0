//! A tree is a program with everything that it has started: found by their parents, ended together.
//!
//! The program adopts what its own children leave behind (see `raw::Spawn`), so that while it lives, stopped or not,
//! every process that came of it is below it, whatever sessions or groups they have made for themselves.

use std::fs;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus, getpid, kill_process, kill_process_group,
    waitid, waitpid,
};

use super::child::Child;
use crate::runtime::unconfined;

/// How often to look for what is left. Each look sees what was started since the one before.
const LOOKS_MAX: u32 = 100;
/// Between two looks.
const PAUSE: Duration = Duration::from_micros(500);

/// A running program with everything that it has started.
#[derive(Debug)]
pub(crate) struct ProcessTree(Mutex<ProcessState>);

#[derive(Debug)]
enum ProcessState {
    Planned,
    /// The program has not been waited for: as long as that is so, no other process gets its number.
    Running {
        root: Pid,
        pipes: [u64; 2],
    },
    /// How it ended, if anybody learned that.
    Over(Option<WaitStatus>),
}

/// The trees of the process.
static ALL: Mutex<Vec<Weak<ProcessTree>>> = Mutex::new(Vec::new());

/// Ends all programs, because the process is about to end without tidying up.
pub(crate) fn end_all() {
    let all = std::mem::take(&mut *ALL.lock().unwrap_or_else(PoisonError::into_inner));
    for tree in all.iter().filter_map(Weak::upgrade) {
        tree.end();
    }
}

impl ProcessTree {
    pub(crate) fn new() -> Arc<Self> {
        let tree = Arc::new(Self(Mutex::new(ProcessState::Planned)));
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == all.capacity() {
            all.retain(|tree| tree.strong_count() > 0);
        }
        all.push(Arc::downgrade(&tree));
        tree
    }

    fn state(&self) -> MutexGuard<'_, ProcessState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the program, unless it was given up before.
    pub(crate) fn start(&self, spawn: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
        let mut state = self.state();
        if matches!(*state, ProcessState::Over(_)) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let child = spawn()?;
        *state = ProcessState::Running { root: child.id, pipes: child.written };
        Ok(child)
    }

    /// Whether the program has ended, which it may be asked for before and after it is waited for.
    pub(crate) fn has_ended(&self) -> bool {
        let looking = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match *self.state() {
            ProcessState::Running { root, .. } => !matches!(waitid(WaitId::Pid(root), looking), Ok(None)),
            ProcessState::Planned | ProcessState::Over(_) => true,
        }
    }

    /// How the program has ended. What is left in its group ends too, what has made itself independent stays.
    pub(crate) fn reap(&self) -> io::Result<WaitStatus> {
        let mut state = self.state();
        if let ProcessState::Running { root, .. } = *state {
            // Until it is waited for, no other group gets its number.
            let _ = kill_process_group(root, Signal::KILL);
            let status = waitpid(Some(root), WaitOptions::empty())?.map(|(_, status)| status);
            *state = ProcessState::Over(status);
        }
        match *state {
            ProcessState::Over(Some(status)) => Ok(status),
            _ => Err(io::ErrorKind::Interrupted.into()),
        }
    }

    /// Ends all of it from a worker's thread, which is kept from looking for what the program has started.
    pub(crate) fn halt(self: Arc<Self>) {
        if matches!(*self.state(), ProcessState::Running { .. }) {
            unconfined(move || self.end());
        } else {
            self.end();
        }
    }

    /// Ends all of it, for good. When this returns, nothing of it runs any more.
    pub(crate) fn end(&self) {
        // Whoever else wants it ended waits until it is.
        let mut state = self.state();
        let ProcessState::Running { root, pipes } = *state else {
            if matches!(*state, ProcessState::Planned) {
                *state = ProcessState::Over(None);
            }
            return;
        };
        // Then what it has left behind is below it no more.
        let was_dead = state_of(root).is_none_or(|state| matches!(state, 'Z' | 'X'));
        end_below(root);
        if was_dead {
            end_holders(&pipes);
        }
        *state = ProcessState::Over(status_of(root));
    }
}

/// Waits for a program that was killed, so that nothing remains of it, and says how it ended.
fn status_of(root: Pid) -> Option<WaitStatus> {
    for _ in 0..LOOKS_MAX {
        match waitpid(Some(root), WaitOptions::NOHANG) {
            Ok(None) => std::thread::sleep(PAUSE),
            ended => return ended.ok().flatten().map(|(_, status)| status),
        }
    }
    // It hangs in a call of the system, which alone can end that.
    let _ = std::thread::Builder::new().spawn(move || waitpid(Some(root), WaitOptions::empty()));
    None
}

/// Ends a program and everything below it. It is stopped first, so that it neither starts anything nor goes away
/// while there may be more below it.
fn end_below(root: Pid) {
    let _ = kill_process(root, Signal::STOP);
    for look in 0..LOOKS_MAX {
        let below = descendants(root);
        for process in &below {
            let _ = kill_process(*process, Signal::KILL);
        }
        if below.is_empty() && state_of(root).is_none_or(|state| matches!(state, 'T' | 't' | 'Z' | 'X')) {
            break;
        }
        if look > 0 {
            std::thread::sleep(PAUSE);
        }
    }
    let _ = kill_process_group(root, Signal::KILL);
    let _ = kill_process(root, Signal::KILL);
}

/// The living processes below one.
fn descendants(root: Pid) -> Vec<Pid> {
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(parent) = open.pop() {
        for child in children(parent) {
            // What is dead and waits for its parent has no children any more.
            if !found.contains(&child) && state_of(child).is_some_and(|state| !matches!(state, 'Z' | 'X')) {
                found.push(child);
                open.push(child);
            }
        }
    }
    found
}

/// The children of a process, of all its threads.
fn children(parent: Pid) -> Vec<Pid> {
    let folder = format!("/proc/{}/task", parent.as_raw_nonzero());
    let Ok(threads) = fs::read_dir(folder) else { return Vec::new() };
    let mut lists = threads.flatten().map(|thread| fs::read_to_string(thread.path().join("children")));
    let listed: io::Result<Vec<String>> = lists.by_ref().collect();
    match listed {
        Ok(lists) => lists.iter().flat_map(|list| list.split_whitespace().filter_map(pid)).collect(),
        // A kernel without these lists, or a thread that has just ended.
        Err(_) => processes().filter(|process| parent_of(*process) == Some(parent)).collect(),
    }
}

fn processes() -> impl Iterator<Item = Pid> {
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
    folders.filter_map(|folder| pid(folder.file_name().to_str()?))
}

fn pid(text: &str) -> Option<Pid> {
    text.parse().ok().and_then(Pid::from_raw)
}

/// What follows the name in a line of `stat`; the name may contain anything.
fn stat(process: Pid) -> Option<String> {
    let line = fs::read(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    let line = String::from_utf8_lossy(&line).into_owned();
    line.rsplit_once(") ").map(|(_, rest)| rest.to_owned())
}

fn state_of(process: Pid) -> Option<char> {
    stat(process)?.chars().next()
}

fn parent_of(process: Pid) -> Option<Pid> {
    pid(stat(process)?.split(' ').nth(1)?)
}

/// Ends the processes that hold one of these pipes: what an ended program left behind, and what keeps its run from ending.
fn end_holders(pipes: &[u64]) {
    let names: Vec<String> = pipes.iter().map(|inode| format!("pipe:[{inode}]")).collect();
    let holds = |process: &Pid| {
        let files =
            fs::read_dir(format!("/proc/{}/fd", process.as_raw_nonzero())).into_iter().flatten().flatten();
        let mut targets = files.filter_map(|file| fs::read_link(file.path()).ok());
        targets.any(|target| names.iter().any(|name| target.as_os_str() == name.as_str()))
    };
    for process in processes().filter(|process| *process != getpid()).filter(holds) {
        let _ = kill_process(process, Signal::KILL);
    }
}
