//! Waiting for the end of a program, and for all that it has started to be ended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;

use super::tree::ProcessTree;

/// How often to look whether a program has ended, where the system does not tell.
const LOOK: Duration = Duration::from_millis(2);

/// Waits until the program has ended. It may have closed its output long before.
pub(crate) async fn until_ended(tree: &ProcessTree, notice: Option<&Receiver>) {
    while !tree.has_ended() {
        let is_told = match notice {
            Some(notice) => notice.readable().await.is_ok(),
            None => false,
        };
        if !is_told {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Ends all that is left of it. That may take a few milliseconds, which others need not wait for.
pub(crate) async fn end(tree: &Arc<ProcessTree>) {
    let own = Arc::clone(tree);
    let aside = AssertUnwindSafe(|| tokio::task::spawn_blocking(move || own.end()));
    match catch_unwind(aside) {
        Ok(ended) => drop(ended.await),
        // No thread is to be had: others wait a moment.
        Err(_) => tree.end(),
    }
}
