//! The gatherer sorts what the steps tell into groups, one a step, and has a group packed when it is time. It runs on
//! a thread of its own; it decides neither what is in a group nor where the group goes.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::ledger::{Ledger, WriterOrder};
use super::message::Message;
use super::pack::Packer;
use super::pending::Pending;
use crate::store::StoreError;

/// A group is committed when its oldest ending is this old: what a crash may cost of slow items, and few enough
/// waits for the disk (some milliseconds each) that nobody notices them.
const GROUP_AGE_MAX: Duration = Duration::from_millis(200);
/// … or when it has this many items: what a crash may cost of quick ones.
const GROUP_ROWS_MAX: usize = 10_000;
/// … or results of this size: what a reader unpacks at once.
const GROUP_BYTES_MAX: usize = 4 << 20;

/// What the packing thread does, until no more messages can come or the run is finished.
pub(super) fn keep(
    writer: JoinHandle<Box<dyn Ledger>>,
    orders: SyncSender<WriterOrder>,
    messages: &Receiver<Message>,
    fault: &OnceLock<StoreError>,
) -> Box<dyn Ledger> {
    Gatherer { orders, pending: HashMap::new(), packer: Packer::default(), packed: HashMap::new(), fault }
        .work(messages);
    writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Sorts messages into the groups of their steps, and packs a group when it is time.
struct Gatherer<'a> {
    orders: SyncSender<WriterOrder>,
    pending: HashMap<usize, Pending>,
    packer: Packer,
    /// What packing has taken, by step.
    packed: HashMap<usize, Duration>,
    fault: &'a OnceLock<StoreError>,
}

impl Gatherer<'_> {
    fn work(&mut self, messages: &Receiver<Message>) {
        loop {
            let due =
                self.pending.values().filter_map(Pending::since).min().map(|since| since + GROUP_AGE_MAX);
            let heard = match due {
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => messages.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match heard {
                Ok(told) => {
                    if self.take(told) {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.pack_all(),
                Err(RecvTimeoutError::Disconnected) => return self.pack_all(),
            }
        }
    }

    /// `true`: that was the last one.
    fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Begin(id, spec, spare) => {
                self.order(WriterOrder::Begin(id, Arc::clone(&spec)));
                self.pending.insert(id, Pending::new(spec, spare));
            }
            Message::Endings(id, chunk) => self.with(id, |pending| pending.push(chunk)),
            Message::Failed(id, index, key, item) => {
                self.with(id, |pending| pending.failed(index, key, item));
            }
            Message::Retried(id, item) => self.with(id, |pending| pending.retried(item)),
            Message::Logs(id, lines) => self.with(id, |pending| pending.logs(lines)),
            Message::Timing(id, timing) => self.with(id, |pending| pending.timing(*timing)),
            Message::Cancelled(id, first, count) => self.with(id, |pending| pending.cancelled(first, count)),
            Message::Append(note, answer) => self.order(WriterOrder::Append(note, answer)),
            Message::Checkpoint(answer) => {
                self.pack_all();
                self.order(WriterOrder::Checkpoint(answer));
            }
            Message::Shard(why, carry, answer) => {
                self.pack_all();
                self.order(WriterOrder::Shard(why, carry, answer));
            }
            Message::Import(id, shard, answer) => self.order(WriterOrder::Import(id, shard, answer)),
            Message::End(id, name, mut result, answer) => {
                if let Some(id) = id {
                    self.pack(id);
                    self.pending.remove(&id);
                    if let (Some(timing), Some(packed)) = (&mut result.timing, self.packed.remove(&id)) {
                        Arc::make_mut(timing).beside.keeping += packed;
                    }
                }
                self.order(WriterOrder::End(id, name, result, answer));
            }
            Message::Finish(status, duration, usage, answer) => {
                self.pack_all();
                self.order(WriterOrder::Finish(status, duration, usage, answer));
                return true;
            }
            Message::Close => {
                self.pack_all();
                return true;
            }
        }
        false
    }

    fn with(&mut self, id: usize, change: impl FnOnce(&mut Pending)) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        change(pending);
        if pending.rows() >= GROUP_ROWS_MAX || pending.bytes() >= GROUP_BYTES_MAX {
            self.pack(id);
        }
    }

    fn pack_all(&mut self) {
        let mut ids: Vec<usize> = self.pending.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            self.pack(id);
        }
    }

    fn pack(&mut self, id: usize) {
        let Some(pending) = self.pending.get_mut(&id).filter(|pending| pending.since().is_some()) else {
            return;
        };
        // What cannot be written any more need not be packed.
        if self.fault.get().is_some() {
            return pending.forget();
        }
        let begun = Instant::now();
        let packed = self.packer.pack(pending);
        *self.packed.entry(id).or_default() += begun.elapsed();
        match packed {
            Ok(group) => self.order(WriterOrder::Group(id, Box::new(group))),
            Err(error) => {
                let _ = self.fault.set(error);
            }
        }
    }

    fn order(&self, order: WriterOrder) {
        // The writer listens until the last order; when it is gone there is a panic on its way.
        let _ = self.orders.send(order);
    }
}
