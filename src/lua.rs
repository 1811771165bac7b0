//! This module is the only home of Lua: scripts as text, workers with one sandboxed VM each, interruption, host
//! modules.
//!
//! It knows nothing of pipelines, policies or YAML: a [`Script`] is text with a place, a [`Worker`] runs it on items.

mod async_op;
mod failure;
#[cfg_attr(not(feature = "http"), expect(dead_code, reason = "only requests wait at gates"))]
mod gates;
mod globals;
mod guard;
mod host;
mod host_error;
mod lua_path;
mod memory;
mod options;
mod own_code;
mod permissions;
pub(crate) mod process;
mod raw;
mod script;
mod signature;
mod stray;
mod stubs;
mod temporaries;
#[cfg(test)]
mod tests;
mod text;
mod watchdog;
mod worker;

pub use async_op::Completed;
pub use failure::{AttemptEnding, Failure, ScriptError, SyntaxError};
pub use gates::{Gate, GateWait, GateWaits, Gates};
pub use guard::{Cancel, CancelLevel, Guard};
pub(crate) use host::count_memory;
#[cfg(test)]
pub(crate) use host::tests::release_stalled;
pub use host::{Field, Function, MODULES, Meaning, NAMED, Named, VARIABLES, functions};
pub use lua_path::{LuaPath, file_text};
pub use memory::Memory;
pub use options::{
    Attempt, EXPRESSION_LIMIT, EndedAttempt, ItemJob, LogLine, ResultShape, Scope, Spent, WorkerOptions,
};
pub use permissions::{Allowed, Change, Changed, Permissions, Protected, Trial};
pub(crate) use process::end_programs;
pub use raw::JointEvaluation;
pub use script::{
    BigLiteral, Block, COMBINE_PARAMETERS, FOLD_PARAMETERS, FastWay, Footprint, KEYWORDS, LimitNames,
    LiteralPath, Lookalike, LuaName, MissingModule, NamedLua, Obstacle, PARAMETERS, RETRY_PARAMETERS, Reach,
    Reached, Script, Seen, Wants, big_literals, check_lua_name, computed_reads, computed_reads_at_start,
    false_escapes, function_place, limit_mentions, literal_paths, lookalikes, missing_modules, reaches,
};
pub use stray::{NamedText, StrayName, global_places};
pub use stubs::stubs;
pub use watchdog::{Slow, Watchdog};
pub use worker::{FoldError, FoldWorker, STACK, Worker, call_once, evaluate};
