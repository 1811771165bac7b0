//! A fault of flowrun itself ends in one line and its exit code, not in a backtrace.

use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::{Mutex, PoisonError};

use super::console::say;
use super::exit::Exit;
use crate::value::{panic_text, printable};

/// What the last panic said, and where. A panic that is caught below (in a host function, say) is not told here.
static LAST: Mutex<Option<String>> = Mutex::new(None);

/// Does `work`; a panic in it becomes [`Exit::Internal`].
pub(super) fn guard(work: impl FnOnce() -> Exit) -> Exit {
    panic::set_hook(Box::new(remember));
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let what = LAST.lock().unwrap_or_else(PoisonError::into_inner).take();
        let what = what.unwrap_or_else(|| "panic".to_owned());
        // `say` hides secrets, also those that a fault of ours has put into its message.
        say(&format!("internal error: {}; this is a fault of flowrun, please report it", printable(&what)));
        Exit::Internal
    })
}

fn remember(info: &PanicHookInfo<'_>) {
    let message = panic_text(info.payload()).unwrap_or("panic");
    let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    *last = Some(format!("{message}{}", place.unwrap_or_default()));
}
