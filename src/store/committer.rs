//! The committer is the one writer of a run's journal: it takes endings of items from all steps and puts them on the
//! disk in groups.
//!
//! It has two threads: one gathers and packs, one writes and waits for the disk, so that neither waits for the other.
//! They decide what is in a group and how it is written; the engine says when a step has ended.

mod attempt_ledger;
mod gatherer;
mod ledger;
mod message;
mod pack;
mod pending;
mod run_ledger;
mod writer;

use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use self::attempt_ledger::AttemptLedger;
use self::ledger::Ledger;
use self::message::{Message, PACKED_MAX};
use self::run_ledger::RunLedger;
use self::writer::CommitWriter;
use super::{
    AppendNote, AttemptFile, AttemptState, ChunkEndings, FailedItem, LogEntry, ReadShard, RetriedItem,
    RunDir, ShardCommit, StepSpec, StoreError, Whence,
};
use crate::event::{RunStatus, StepResult, Timing, Usage, Why};

/// Messages that wait for the packer. Endings of a chunk of quick items are some 256 KiB, so this is some megabytes.
const WAITING_MAX: usize = 32;

/// The committer of one run: it takes endings of items from all steps and writes them in groups. Shared by reference
/// between the threads of a run.
#[derive(Debug)]
pub struct Committer {
    sender: SyncSender<Message>,
    fault: Arc<OnceLock<StoreError>>,
    steps: std::sync::atomic::AtomicUsize,
    thread: Option<JoinHandle<Box<dyn Ledger>>>,
}

impl Committer {
    /// Starts to keep a run that was just made.
    ///
    /// # Errors
    /// Fails when the system gives no thread.
    pub fn start(run: RunDir) -> Result<Self, StoreError> {
        let path = run.path().to_path_buf();
        Self::start_with(Box::new(RunLedger::new(run)), &path)
    }

    /// Starts to keep an attempt at a shard: nothing but its file is written.
    ///
    /// # Errors
    /// Fails when the system gives no thread.
    pub fn of_attempt(attempt: AttemptFile) -> Result<Self, StoreError> {
        let path = attempt.path().to_path_buf();
        Self::start_with(Box::new(AttemptLedger(attempt)), &path)
    }

    fn start_with(ledger: Box<dyn Ledger>, path: &Path) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::sync_channel(WAITING_MAX);
        let fault = Arc::new(OnceLock::new());
        let at_fault = Arc::clone(&fault);
        let no_thread = |error| StoreError::io("start a thread for", path, error);
        let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let (orders, waiting) = mpsc::sync_channel(PACKED_MAX);
        let mut writer = CommitWriter::new(ledger, Arc::clone(&fault));
        let write = move || {
            writer.work(&waiting);
            writer.into_ledger()
        };
        let writer = named("store").spawn(write).map_err(no_thread)?;
        let keep = move || gatherer::keep(writer, orders, &receiver, &at_fault);
        let thread = named("packer").spawn(keep).map_err(no_thread)?;
        Ok(Self { sender, fault, steps: 0.into(), thread: Some(thread) })
    }

    /// Begins a step whose items are to be kept.
    ///
    /// # Errors
    /// Fails when the run cannot be kept any more: see [`Committer::fault`].
    pub fn step(&self, spec: StepSpec) -> Result<StepJournal, StoreError> {
        let id = self.steps.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (spare_sender, spare) = mpsc::channel();
        let name = Arc::clone(&spec.name);
        let journal = StepJournal {
            id,
            name,
            sender: self.sender.clone(),
            fault: Arc::clone(&self.fault),
            spare: spare.into(),
        };
        journal.send(Message::Begin(id, Arc::new(spec), spare_sender))?;
        Ok(journal)
    }

    /// Books the end of a step that has no journal, and waits until it is on the disk.
    ///
    /// # Errors
    /// Fails when the run cannot be kept any more: see [`Committer::fault`].
    pub fn end_step(&self, name: &str, result: &StepResult) -> Result<(), StoreError> {
        let (answer, heard) = mpsc::sync_channel(1);
        let message = Message::End(None, name.into(), Box::new(result.clone()), answer);
        send(&self.sender, &self.fault, message)?;
        hear(&heard, &self.fault)
    }

    /// Keeps that a step is about to append to a file, and waits until that is on the disk.
    ///
    /// # Errors
    /// Fails when the run cannot be kept any more: see [`Committer::fault`].
    pub fn append(&self, note: AppendNote) -> Result<(), StoreError> {
        let (answer, heard) = mpsc::sync_channel(1);
        send(&self.sender, &self.fault, Message::Append(Box::new(note), answer))?;
        hear(&heard, &self.fault)
    }

    /// Puts everything that was told so far on the disk, and says what is in the file of an attempt then.
    ///
    /// # Errors
    /// Fails when the attempt cannot be kept any more: see [`Committer::fault`].
    pub fn checkpoint(&self) -> Result<AttemptState, StoreError> {
        let (answer, heard) = mpsc::sync_channel(1);
        send(&self.sender, &self.fault, Message::Checkpoint(answer))?;
        heard.recv().unwrap_or_else(|_| Err(closed(&self.fault)))
    }

    /// Puts everything that was told so far on the disk and commits it as the attempt's shard. `Why::Commit`: the attempt goes
    /// on with the rest. `carry`: what items of the rest have behind them.
    ///
    /// # Errors
    /// Fails when the attempt cannot be kept any more: see [`Committer::fault`].
    pub fn commit_shard(&self, why: Why, carry: Vec<Whence>) -> Result<ShardCommit, StoreError> {
        let (answer, heard) = mpsc::sync_channel(1);
        send(&self.sender, &self.fault, Message::Shard(why, carry, answer))?;
        heard.recv().unwrap_or_else(|_| Err(closed(&self.fault)))
    }

    /// Why nothing is kept any more, if so: the run must stop.
    pub fn fault(&self) -> Option<&StoreError> {
        self.fault.get()
    }

    /// Writes everything down, how the run ended and what it has taken too, and gives the folder back when all of it is on the disk; `None`: it was
    /// an attempt, which has a file alone.
    ///
    /// # Errors
    /// Fails when not everything could be written.
    pub fn finish(
        mut self,
        status: RunStatus,
        duration: Duration,
        usage: Option<Usage>,
    ) -> Result<Option<RunDir>, StoreError> {
        let (answer, heard) = mpsc::sync_channel(1);
        // After a fault too: the threads end by this message, also when a step still holds a journal.
        let _ = self.sender.send(Message::Finish(status, duration, usage, answer));
        let written = hear(&heard, &self.fault);
        let thread = self.thread.take().expect("taken only here and when dropped");
        let ledger = thread.join().map_err(|_| closed(&self.fault))?;
        written.map(|()| ledger.into_run())
    }
}

/// A run that is given up leaves what it has kept; its status stays `running`, which without a process at work on it
/// means that it was interrupted.
impl Drop for Committer {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        let _ = self.sender.send(Message::Close);
        let _ = thread.join();
    }
}

/// What one step tells the committer.
#[derive(Debug)]
pub struct StepJournal {
    id: usize,
    name: Arc<str>,
    sender: SyncSender<Message>,
    fault: Arc<OnceLock<StoreError>>,
    spare: std::sync::Mutex<Receiver<ChunkEndings>>,
}

impl StepJournal {
    /// Endings of nothing yet, in used buffers where there are any.
    pub fn spare(&self) -> ChunkEndings {
        let spare = self.spare.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        spare.try_recv().unwrap_or_default()
    }

    /// Takes endings. Waits when the disk does not keep up.
    ///
    /// # Errors
    /// Fails when the run cannot be kept any more: see [`Committer::fault`].
    pub fn push(&self, chunk: ChunkEndings) -> Result<(), StoreError> {
        self.send(Message::Endings(self.id, chunk))
    }

    /// Takes the failure of an item without an ending of its own: a row that a source cannot read. `key` is what
    /// `ID.failed` shows as its key.
    ///
    /// # Errors
    /// Fails when the run cannot be kept any more: see [`Committer::fault`].
    pub fn failed(&self, index: u64, key: String, item: FailedItem) -> Result<(), StoreError> {
        self.send(Message::Failed(self.id, index, key, Box::new(item)))
    }

    /// An attempt failed and the item will be tried again.
    ///
    /// # Errors
    /// Fails when the run cannot be kept any more: see [`Committer::fault`].
    pub fn retried(&self, item: RetriedItem) -> Result<(), StoreError> {
        self.send(Message::Retried(self.id, item))
    }

    /// Lines of items' logs. Of a step that logs without end, the first lines are kept and those of failures.
    ///
    /// # Errors
    /// Fails when the run cannot be kept any more: see [`Committer::fault`].
    pub fn logs(&self, lines: Vec<LogEntry>) -> Result<(), StoreError> {
        self.send(Message::Logs(self.id, lines))
    }

    /// Items that were never started, or cut off.
    ///
    /// # Errors
    /// Fails when the run cannot be kept any more: see [`Committer::fault`].
    pub fn cancelled(&self, first: u64, count: u64) -> Result<(), StoreError> {
        self.send(Message::Cancelled(self.id, first, count))
    }

    /// How long the items of the step took so far; the last word comes with its end.
    ///
    /// # Errors
    /// Fails when the run cannot be kept any more: see [`Committer::fault`].
    pub fn timing(&self, timing: Timing) -> Result<(), StoreError> {
        self.send(Message::Timing(self.id, Box::new(timing)))
    }

    /// Takes over a shard that a worker has committed. What the receiver hears says that it is in the books.
    ///
    /// # Errors
    /// Fails when the run cannot be kept any more: see [`Committer::fault`].
    pub fn import(&self, shard: ReadShard) -> Result<ImportAnswer, StoreError> {
        let (answer, heard) = mpsc::sync_channel(1);
        self.send(Message::Import(self.id, Box::new(shard), answer))?;
        Ok(ImportAnswer { heard, fault: Arc::clone(&self.fault) })
    }

    /// Books the end of the step and waits until everything about it is on the disk. It may be reported only then.
    ///
    /// # Errors
    /// Fails when the run cannot be kept any more: see [`Committer::fault`].
    pub fn finish(self, result: &StepResult) -> Result<(), StoreError> {
        let (answer, heard) = mpsc::sync_channel(1);
        let result = Box::new(result.clone());
        self.send(Message::End(Some(self.id), Arc::clone(&self.name), result, answer))?;
        hear(&heard, &self.fault)
    }

    fn send(&self, message: Message) -> Result<(), StoreError> {
        send(&self.sender, &self.fault, message)
    }
}

/// Where it is heard that a shard is in the books.
#[derive(Debug)]
pub struct ImportAnswer {
    heard: Receiver<Result<(), StoreError>>,
    fault: Arc<OnceLock<StoreError>>,
}

impl ImportAnswer {
    /// Waits until it is.
    ///
    /// # Errors
    /// Fails when the run cannot be kept any more: see [`Committer::fault`].
    pub fn wait(&self) -> Result<(), StoreError> {
        hear(&self.heard, &self.fault)
    }
}

fn send(
    sender: &SyncSender<Message>,
    fault: &OnceLock<StoreError>,
    message: Message,
) -> Result<(), StoreError> {
    match fault.get() {
        Some(fault) => Err(fault.clone()),
        None => sender.send(message).map_err(|_| closed(fault)),
    }
}

fn hear(heard: &Receiver<Result<(), StoreError>>, fault: &OnceLock<StoreError>) -> Result<(), StoreError> {
    heard.recv().unwrap_or_else(|_| Err(closed(fault)))
}

/// Why the threads take no more messages.
fn closed(fault: &OnceLock<StoreError>) -> StoreError {
    fault.get().cloned().unwrap_or_else(|| {
        let gone = std::io::Error::other("the thread that writes it has ended");
        StoreError::io("write", Path::new("run.db"), gone)
    })
}

#[cfg(test)]
mod tests;
