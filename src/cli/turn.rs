//! `--lock` says what becomes of a run while another one of the same pipeline is going on in the same state folder.

use std::path::Path;
use std::time::Duration;

use super::args::LockChoice;
use super::console::say;
use super::exit::{Complaint, Exit, Fault};
use crate::engine::Interrupt;
use crate::store::{self, Catalogue};

/// How often one that waits looks whether it is its turn.
const LOOK: Duration = Duration::from_millis(100);

/// Whether it is the turn of a run.
pub(super) enum Turn {
    /// It is, for as long as this is held.
    Ours { _held: Option<store::Turn> },
    /// It is not, and the process ends so.
    Over(Exit),
}

impl Turn {
    /// The turn of one that waits for nobody.
    pub(super) fn free() -> Self {
        Self::Ours { _held: None }
    }

    /// Waits for the turn of a pipeline file, or does what else `--lock` says. Without it, any time is the right one.
    pub(super) fn take(
        choice: Option<LockChoice>,
        file: &Path,
        state: Option<&Path>,
        interrupt: &Interrupt,
    ) -> Result<Self, Fault> {
        let Some(choice) = choice else { return Ok(Self::free()) };
        let state = state.ok_or_else(|| {
            Complaint::new("`--lock` looks for runs that are kept, and `--no-state` keeps none")
                .help("leave one of them out")
        })?;
        let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        let (mut held, mut waited) = (None, false);
        loop {
            if held.is_none() {
                held = store::Turn::take(state, &file)?;
            }
            let Some(obstacle) = obstacle(held.as_ref(), &file, state)? else {
                return Ok(Self::Ours { _held: held });
            };
            match choice {
                LockChoice::Skip => {
                    say(&format!("skipped: {obstacle}"));
                    return Ok(Self::Over(Exit::Success));
                }
                LockChoice::Fail => {
                    return Err(Complaint::new(obstacle)
                        .help("`--lock wait` waits for its end, `--lock skip` ends with 0")
                        .into());
                }
                LockChoice::Wait if !waited => say(&format!("  waiting: {obstacle}")),
                LockChoice::Wait => {}
            }
            waited = true;
            if interrupt.count() > 0 {
                return Ok(Self::Over(Exit::Interrupted));
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// What is going on of the pipeline; `None`: nothing.
fn obstacle(held: Option<&store::Turn>, file: &Path, state: &Path) -> Result<Option<String>, Fault> {
    let live = Catalogue::new(state).live()?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if let Some(run) = live.into_iter().find(|run| Path::new(&run.file) == file) {
        let holder = run.holder.unwrap_or_default();
        return Ok(Some(format!("run {} of `{name}` is going on ({holder})", run.id)));
    }
    Ok(held.is_none().then(|| format!("another run of `{name}` is about to begin")))
}
