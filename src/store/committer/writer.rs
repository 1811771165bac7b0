//! The writer hands packed groups to the ledger, all that wait together, and tells those who wait for the disk.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};

use super::ledger::{Ledger, WriterOrder};
use super::message::PACKED_MAX;
use crate::store::{StoreError, status};

/// The thread that writes.
pub(super) struct CommitWriter {
    ledger: Box<dyn Ledger>,
    fault: Arc<OnceLock<StoreError>>,
}

impl CommitWriter {
    pub(super) fn new(ledger: Box<dyn Ledger>, fault: Arc<OnceLock<StoreError>>) -> Self {
        Self { ledger, fault }
    }

    pub(super) fn into_ledger(self) -> Box<dyn Ledger> {
        self.ledger
    }

    /// Works orders off until no more can come. All that wait are committed together.
    pub(super) fn work(&mut self, orders: &Receiver<WriterOrder>) {
        loop {
            let first = match orders.recv_timeout(status::EVERY) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => {
                    self.ledger.tick();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let mut together = vec![first];
            while together.len() < PACKED_MAX * 2
                && let Ok(order) = orders.try_recv()
            {
                together.push(order);
            }
            let done = match self.fault.get() {
                Some(fault) => Err(fault.clone()),
                None => self.ledger.commit(&together),
            };
            if let Err(error) = &done {
                let _ = self.fault.set(error.clone());
            }
            for order in together {
                self.answer(order, &done);
            }
            self.ledger.tick();
        }
    }

    fn answer(&mut self, order: WriterOrder, done: &Result<(), StoreError>) {
        match order {
            WriterOrder::Append(_, answer)
            | WriterOrder::End(.., answer)
            | WriterOrder::Import(.., answer)
            | WriterOrder::Finish(.., answer) => {
                let _ = answer.send(done.clone());
            }
            WriterOrder::Checkpoint(answer) => {
                let state = done.clone().map(|()| self.ledger.state().unwrap_or_default());
                let _ = answer.send(state);
            }
            WriterOrder::Shard(why, carry, answer) => {
                let committed = done.clone().and_then(|()| self.ledger.commit_shard(why, carry));
                if let Err(error) = &committed {
                    let _ = self.fault.set(error.clone());
                }
                let _ = answer.send(committed);
            }
            WriterOrder::Begin(..) | WriterOrder::Group(..) => {}
        }
    }
}
