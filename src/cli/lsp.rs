//! `flowrun lsp` starts the language server over standard input and output.

use super::console::Console;
use super::exit::{Exit, Fault};
use super::{load, stdout};
use crate::lsp;

/// Serves one editor until it says `exit`, or is gone.
pub(super) fn command(console: &Console) -> Result<Exit, Fault> {
    stdout::demand("what the server answers")?;
    let arrivals = lsp::arrivals().map_err(|error| Fault::lacking("read standard input", &error))?;
    // Nobody is left to be told that the stream is closed.
    let is_good = lsp::serve(load::no_inputs(console), &arrivals).unwrap_or(false);
    Ok(if is_good { Exit::Success } else { Exit::StepFailed })
}
