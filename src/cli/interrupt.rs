//! SIGINT, SIGTERM and SIGHUP become calls to [`Interrupt::raise`]; the third ends the process on the spot. A terminal that goes
//! away ends a run that sends steps at once: its workers go on without it. A run that nothing holds up but a pipe which nobody reads
//! ends when its grace is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use super::exit::{Exit, Fault};
use crate::engine::Interrupt;
use crate::{data, lua};

/// Signals after which the process no longer waits for the engine.
const PATIENCE: u8 = 3;

/// How long a write may take before nobody reads what is written, and how often that is looked at.
const UNREAD: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(100);

/// Milliseconds that items have to end after the first signal.
static GRACE: AtomicU64 = AtomicU64::new(0);

/// Whether this process is one that others can take the place of, at any time.
static LEAVES_WORKERS: AtomicBool = AtomicBool::new(false);

/// The run sends steps to workers, which outlive this process.
pub(super) fn leave_workers() {
    LEAVES_WORKERS.store(true, Ordering::SeqCst);
}

/// Items have this long to end after the first signal.
pub(super) fn allow(grace: Duration) {
    GRACE.store(u64::try_from(grace.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
}

/// What signals raise from now on, told by a thread of its own.
pub(super) fn listen() -> Result<Arc<Interrupt>, Fault> {
    let raised = Arc::new(Interrupt::default());
    let interrupt = Arc::clone(&raised);
    let refused = |error| Fault::lacking("listen for signals", &error);
    // A limit on the size of files (`ulimit -f`) is to be an error of the code that writes, which can be told, not a death.
    flag::register(SIGXFSZ, Arc::default()).map_err(refused)?;
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(refused)?;
    if !ignores_hangups() {
        signals.add_signal(SIGHUP).map_err(refused)?;
    }
    let listener = move || {
        for signal in signals.forever() {
            if signal == SIGHUP && LEAVES_WORKERS.load(Ordering::SeqCst) {
                lua::end_programs();
                signal_hook::low_level::exit(Exit::HungUp as i32);
            }
            interrupt.raise();
            if interrupt.count() == 1 {
                let interrupt = Arc::clone(&interrupt);
                // Without it a third signal is needed where a pipe holds up the run.
                let _ =
                    thread::Builder::new().name("unread".to_owned()).spawn(move || end_unread(&interrupt));
            }
            if interrupt.count() >= PATIENCE {
                end();
            }
        }
    };
    // The thread ends with the process.
    thread::Builder::new().name("signals".to_owned()).spawn(listener).map_err(refused)?;
    Ok(raised)
}

/// Ends the process on the spot.
fn end() {
    // Nothing else ends them after this.
    lua::end_programs();
    signal_hook::low_level::exit(Exit::Interrupted as i32);
}

/// Ends the process once an interrupted run has no time any more, and a write to a stream does not come back.
fn end_unread(interrupt: &Interrupt) {
    let begun = Instant::now();
    loop {
        let grace = Duration::from_millis(GRACE.load(Ordering::SeqCst));
        if (interrupt.count() > 1 || begun.elapsed() >= grace) && data::nobody_reads(UNREAD) {
            end();
        }
        thread::sleep(LOOK);
    }
}

/// Whether the process was started so that it outlives its terminal (`nohup`). Only Linux tells; elsewhere a terminal
/// that goes away ends the run in order.
fn ignores_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored(&status).is_some_and(|set| set >> (SIGHUP - 1) & 1 == 1)
}

/// The set of ignored signals, a bit for each.
fn ignored(status: &str) -> Option<u64> {
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(set.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_what_the_system_tells() {
        assert_eq!(ignored("Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0\n"), Some(0x1001));
        assert_eq!(ignored("Name:\tx\n"), None);
    }
}
