//! SIGINT and SIGTERM become calls to [`Interrupt::raise`]; the third ends the process on the spot.

use std::sync::Arc;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use super::exit::{Exit, Fault};
use crate::engine::Interrupt;
use crate::lua;

/// Signals after which the process no longer waits for the engine.
const PATIENCE: u8 = 3;

/// Tells `interrupt` of signals from now on, from a thread of its own.
pub(super) fn listen(interrupt: &Arc<Interrupt>) -> Result<(), Fault> {
    let interrupt = Arc::clone(interrupt);
    let refused = |error| Fault::lacking("listen for signals", &error);
    // A limit on the size of files (`ulimit -f`) is to be an error of whoever writes, which can be told, not a death.
    flag::register(SIGXFSZ, Arc::default()).map_err(refused)?;
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(refused)?;
    let listener = move || {
        for _ in signals.forever() {
            interrupt.raise();
            if interrupt.count() >= PATIENCE {
                // Nobody else will.
                lua::end_programs();
                signal_hook::low_level::exit(Exit::Interrupted as i32);
            }
        }
    };
    // The thread ends with the process.
    thread::Builder::new().name("signals".to_owned()).spawn(listener).map_err(refused)?;
    Ok(())
}
