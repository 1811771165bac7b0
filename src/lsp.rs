//! This floor is the language server that editors talk to over standard input and output. It reports what
//! `flowrun check` finds in a file.
//!
//! One thread reads, another one does everything else in the order of arrival: answers are quick, and checks wait until
//! nothing else does.

mod answers;
mod columns;
mod complete;
mod cursor;
mod documents;
mod edits;
mod file;
mod findings;
mod functions;
mod hover;
mod ids;
mod kin;
mod layout;
mod lines;
mod names;
mod server;
mod wire;

use std::io;
use std::sync::mpsc::Receiver;

use self::server::Server;
pub use self::wire::{Arrived, arrivals};
use crate::plan::Inputs;

/// Reads all messages of a stream, for the fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub fn frames(bytes: &[u8]) {
    wire::read_all(bytes);
}

/// Serves one editor on standard output until it says `exit`, or is gone: whether it said `shutdown` before.
///
/// # Errors
/// Fails when standard output cannot be written to.
pub fn serve(inputs: Inputs, arrivals: &Receiver<Arrived>) -> io::Result<bool> {
    Server::new(inputs).serve(arrivals)
}
