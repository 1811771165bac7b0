//! A stream is a source whose rows may take their time (standard input, a pipe). A thread of its own reads it, so
//! that a step that waits for rows still hears of deadlines, interrupts and its workers. The input gives the rows
//! their meaning.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Select, Sender, bounded};

use crate::data::{BadRow, DataError, Reader};
use crate::engine::pool::Wake;
use crate::value::Chunk;

/// Rows and text that travel together, at most.
const ROWS: usize = 4096;
const BYTES: usize = 256 * 1024;
/// Chunks read ahead: enough to keep both sides busy, few enough to keep memory small.
const AHEAD: usize = 4;

/// What one look at the input gave.
pub(in crate::engine) struct Arrival {
    pub(super) chunk: Chunk,
    pub(super) bad: Vec<BadRow>,
    /// Rows seen so far, bad ones included.
    pub(super) rows: u64,
    /// Time it took.
    pub(super) reading: Duration,
    /// Whether there may be more.
    pub(super) more: bool,
}

/// The receiving end of a source that is read by a thread of its own. The thread is never waited for: it may be
/// blocked for ever and ends with the process.
pub(super) struct Stream {
    arrivals: Receiver<Result<Arrival, DataError>>,
}

impl Stream {
    /// Opens the input on a new thread, since that may wait as well.
    pub(super) fn start(
        open: impl FnOnce() -> Result<Box<dyn Reader>, DataError> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, arrivals) = bounded(AHEAD);
        std::thread::Builder::new().name("input".to_owned()).spawn(move || {
            let read = open().and_then(|reader| forward(reader, &sender));
            if let Err(error) = read {
                let _ = sender.send(Err(error));
            }
        })?;
        Ok(Self { arrivals })
    }

    /// What arrives within `wait`; `None` when nothing does.
    pub(super) fn next(&self, wait: Duration) -> Option<Result<Arrival, DataError>> {
        match self.arrivals.recv_timeout(wait) {
            Ok(arrival) => Some(arrival),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                Some(Err(DataError::Usage("the thread that reads the input is gone".to_owned())))
            }
        }
    }
}

impl Wake for Stream {
    fn register<'a>(&'a self, select: &mut Select<'a>) {
        select.recv(&self.arrivals);
    }
}

/// Reads to the end, or until nobody wants more.
fn forward(
    mut reader: Box<dyn Reader>,
    sender: &Sender<Result<Arrival, DataError>>,
) -> Result<(), DataError> {
    let mut more = true;
    while more {
        let (mut chunk, mut bad, begun) = (Chunk::default(), Vec::new(), Instant::now());
        more = reader.read(ROWS, BYTES, &mut chunk, &mut bad)?;
        let arrival = Arrival { chunk, bad, rows: reader.rows(), reading: begun.elapsed(), more };
        if sender.send(Ok(arrival)).is_err() {
            return Ok(());
        }
    }
    Ok(())
}
