//! `flowrun lsp` is a language server over standard input and output. It reports what `flowrun check` finds in a
//! file.
//!
//! One thread reads, another one does everything else in the order of arrival: answers are quick, and checks wait until
//! nothing else does.

mod answers;
mod complete;
mod cursor;
mod documents;
mod edits;
mod file;
mod findings;
mod hover;
mod ids;
mod layout;
mod lines;
mod schema;
mod server;
mod wire;

use super::console::Console;
use super::exit::{Exit, Fault};
use super::{load, stdout};
use server::Server;

/// Reads all messages of a stream, for the fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn frames(bytes: &[u8]) {
    wire::read_all(bytes);
}

/// Serves one editor until it says `exit`, or is gone.
pub(super) fn command(console: &Console) -> Result<Exit, Fault> {
    stdout::demand("what the server answers")?;
    let arrivals = wire::arrivals().map_err(|error| Fault::lacking("read standard input", &error))?;
    let server = Server::new(load::no_inputs(console));
    // Nobody is left to be told that the stream is closed.
    Ok(server.serve(&arrivals).unwrap_or(Exit::StepFailed))
}
