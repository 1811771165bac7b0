//! A kind says in a word why an item failed: the name in Lua, events, reports, stores and the tests of pipeline files.

use crate::value::choice;

choice!(
    /// Why an item failed.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum FailureKind: "the kinds of failures are" {
        /// The function raised an error.
        Error = "error",
        /// The attempt ran longer than `timeout`.
        Timeout = "timeout",
        /// All attempts and waits together ran longer than `item_deadline`.
        Deadline = "deadline",
        /// The worker's Lua state passed `memory`.
        Memory = "memory",
        /// The row could not be read.
        BadRow = "bad_row",
        /// The returned value cannot be written as JSON, or there was none.
        Result = "result",
        /// A fault of flowrun itself, kept to this item.
        Panic = "panic",
        /// The program that is the function died, or wrote what is no answer.
        Program = "program",
        /// The item was alone when its worker process died, twice.
        WorkerDied = "worker_died",
    }
);
