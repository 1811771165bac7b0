//! This module runs a program once: it starts it, feeds it, reads it, and ends it when it takes or says too much.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, Command};

use super::program::Program;
use super::tree::ProcessTree;
use crate::lua::host::outside::Account;
use crate::lua::host_error::HostError;
use crate::lua::raw::adopting;
use crate::runtime::clock;

/// Bytes of a stream that are read at a time, as many as a pipe holds.
const PIECE_BYTES: usize = 64 << 10;

/// What a program left behind.
pub(super) struct ProgramOutput {
    pub(super) code: i32,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    pub(super) taken: Duration,
    /// The output counts until Lua code has it.
    pub(super) _account: Account,
}

/// Ends what is left of the program when the run ends in any way. The tree alone does so: a program that was killed before
/// it was stopped would leave descendants that nothing finds any more.
struct FinalKill<'a>(&'a Arc<ProcessTree>);

impl Drop for FinalKill<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Runs a program under its own limit, when it has one.
pub(super) async fn within(program: Program, tree: &Arc<ProcessTree>) -> Result<ProgramOutput, HostError> {
    let _ending = FinalKill(tree);
    let (limit, name) = (program.timeout, program.name.to_string_lossy().into_owned());
    let run = run(program, tree);
    let output = match limit {
        None => run.await,
        Some(limit) => clock::within(limit, run).await.unwrap_or_else(|| {
            let message = format!("`exec.run` ended `{name}` after {limit:?}");
            Err(HostError { kind: "timeout", ..HostError::error(message) })
        }),
    };
    if output.is_err() {
        // It may take a few milliseconds, which others need not wait for.
        let own = Arc::clone(tree);
        let aside = AssertUnwindSafe(|| tokio::task::spawn_blocking(move || own.end()));
        match catch_unwind(aside) {
            Ok(ended) => drop(ended.await),
            // No thread is to be had: others wait a moment.
            Err(_) => tree.end(),
        }
    }
    output
}

async fn run(program: Program, tree: &Arc<ProcessTree>) -> Result<ProgramOutput, HostError> {
    let begun = Instant::now();
    let name = program.name.to_string_lossy().into_owned();
    let lost = |error: io::Error| HostError::error(format!("`exec.run` cannot run `{name}`: {error}"));
    let mut command = Command::new(&program.file.path);
    command
        .arg0(&program.name)
        .args(&program.arguments)
        .env_clear()
        .envs(program.env)
        .stdin(if program.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Keys pressed at the terminal are flowrun's to act on.
        .process_group(0);
    adopting(&mut command, program.folder, program.file.through);
    let mut child = tree.start(|| command.spawn()).map_err(lost)?;
    let max = program.max_output;
    let feed = feed(child.stdin.take(), program.stdin.unwrap_or_default());
    let account = program.account;
    let stdout = read(child.stdout.take(), max, &account);
    let stderr = read(child.stderr.take(), max, &account);
    let feed = async { feed.await.map_err(Trouble::Io) };
    let (stdout, stderr, ()) = tokio::try_join!(stdout, stderr, feed).map_err(|trouble| match trouble {
        Trouble::TooLong => HostError::refusal(format!(
            "`{name}` wrote more than {max} bytes to one stream; `max_output` allows more"
        )),
        Trouble::Memory(error) => error,
        Trouble::Io(error) => lost(error),
    })?;
    // Only now: a program that nobody has waited for keeps its number.
    let status = child.wait().await.map_err(lost)?;
    tree.finish();
    Ok(ProgramOutput { code: code(status), stdout, stderr, taken: begun.elapsed(), _account: account })
}

async fn feed(stdin: Option<ChildStdin>, text: Vec<u8>) -> io::Result<()> {
    let Some(mut stdin) = stdin else { return Ok(()) };
    match stdin.write_all(&text).await {
        // It did not want all of it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Why what a program writes is read no further.
enum Trouble {
    /// It passed `max_output`.
    TooLong,
    /// It passed the memory of the step.
    Memory(HostError),
    Io(io::Error),
}

async fn read(
    stream: Option<impl AsyncRead + Unpin>,
    max: usize,
    account: &Account,
) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    let Some(mut stream) = stream else { return Ok(bytes) };
    loop {
        bytes.reserve(PIECE_BYTES);
        let read = stream.read_buf(&mut bytes).await.map_err(Trouble::Io)?;
        if read == 0 {
            return Ok(bytes);
        }
        if bytes.len() > max {
            return Err(Trouble::TooLong);
        }
        account.take(read).map_err(Trouble::Memory)?;
    }
}

/// As shells tell it.
fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}
