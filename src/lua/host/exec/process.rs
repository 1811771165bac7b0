//! This module runs a program once: it starts it, feeds it, reads it, and ends it when it takes or says too much, or when
//! only what it has started is left.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::WaitStatus;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe::{Receiver, Sender};

use super::program::Program;
use super::said::{Said, Stream, Trouble};
use crate::lua::host::outside::Account;
use crate::lua::host_error::HostError;
use crate::lua::process::{Child, Pipes, ProcessTree, end, until_ended};
use crate::runtime::clock;

/// How long what a program has written may take to arrive after its end, while others still hold its output.
pub(super) const GRACE: Duration = Duration::from_millis(250);

/// What a program left behind.
pub(super) struct ProgramOutput {
    pub(super) code: i32,
    pub(super) said: Arc<Said>,
    pub(super) taken: Duration,
    /// The program's name, when it has left processes behind that still held its output.
    pub(super) outlived: Option<String>,
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
pub(super) async fn within(
    program: Program,
    tree: &Arc<ProcessTree>,
    said: &Arc<Said>,
) -> Result<ProgramOutput, HostError> {
    let _over = said.until_over();
    let _ending = FinalKill(tree);
    let (limit, name) = (program.timeout, program.start.name.to_string_lossy().into_owned());
    let run = run(program, tree, said);
    let output = match limit {
        None => run.await,
        Some(limit) => clock::within(limit, run).await.unwrap_or_else(|| Err(overdue(&name, limit, said))),
    };
    if output.is_err() {
        end(tree).await;
    }
    output
}

/// The error of a program that took longer than its own limit.
fn overdue(name: &str, limit: Duration, said: &Said) -> HostError {
    let ends = said.ends();
    let last = ends.last_line().map_or(String::new(), |line| format!("; it said: {line}"));
    let message = format!("`exec.run` ended `{name}` after {limit:?}{last}");
    HostError { kind: "timeout", fields: Some(ends.json()), ..HostError::error(message) }
}

async fn run(
    program: Program,
    tree: &Arc<ProcessTree>,
    said: &Arc<Said>,
) -> Result<ProgramOutput, HostError> {
    let begun = Instant::now();
    let name = program.start.name.to_string_lossy().into_owned();
    let lost = |error: io::Error| HostError::error(format!("`exec.run` cannot run `{name}`: {error}"));
    let child = tree.start(|| Child::start(&program.start, program.stdin.is_some())).map_err(lost)?;
    let max = program.max_output;
    let talk = Talk { stdin: program.stdin.unwrap_or_default(), max, account: &program.account, said };
    let Child { pipes, notice, .. } = child;
    let is_outlived = talk.hold(pipes, notice.as_ref(), tree).await.map_err(|trouble| match trouble {
        Trouble::TooLong => HostError::refusal(format!(
            "`{name}` wrote more than {max} bytes to one stream; `max_output` allows more"
        )),
        Trouble::Memory(error) => error,
        Trouble::Io(error) => lost(error),
    })?;
    // Only now: a program that nobody has waited for keeps its number.
    until_ended(tree, notice.as_ref()).await;
    let status = tree.reap().map_err(lost)?;
    Ok(ProgramOutput {
        code: code(status),
        said: Arc::clone(said),
        taken: begun.elapsed(),
        outlived: is_outlived.then_some(name),
        _account: program.account,
    })
}

/// What passes between a program and us.
struct Talk<'a> {
    stdin: Vec<u8>,
    max: usize,
    account: &'a Account,
    said: &'a Said,
}

impl Talk<'_> {
    /// Feeds and reads a program until nobody writes any more, or until only what it has started could: then all of that is
    /// ended, and the answer is true.
    async fn hold(
        self,
        pipes: Pipes,
        notice: Option<&Receiver>,
        tree: &Arc<ProcessTree>,
    ) -> Result<bool, Trouble> {
        let Self { stdin, max, account, said } = self;
        let Pipes { stdin: feed_to, stdout, stderr } = pipes;
        let feed = feed(feed_to, stdin);
        let mut all = pin!(async {
            let stdout = said.read(Stream::Out, stdout, max, account);
            let stderr = said.read(Stream::Err, stderr, max, account);
            let feed = async { feed.await.map_err(Trouble::Io) };
            tokio::try_join!(stdout, stderr, feed)
        });
        tokio::select! {
            biased;
            talked = all.as_mut() => return talked.map(|_| false),
            () = after_grace(tree, notice) => {}
        }
        end(tree).await;
        // What cannot be ended, another user's process for one, is not waited for.
        tokio::time::timeout(GRACE, all).await.unwrap_or(Ok(((), (), ()))).map(|_| true)
    }
}

/// Waits for the program's end, and then a little longer.
async fn after_grace(tree: &ProcessTree, notice: Option<&Receiver>) {
    until_ended(tree, notice).await;
    tokio::time::sleep(GRACE).await;
}

async fn feed(stdin: Option<Sender>, text: Vec<u8>) -> io::Result<()> {
    let Some(mut stdin) = stdin else { return Ok(()) };
    match stdin.write_all(&text).await {
        // It did not want all of it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// As shells tell it.
fn code(status: WaitStatus) -> i32 {
    status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal)).unwrap_or(-1)
}
