//! This module is the one place with `unsafe`: it holds everything that touches Luau's C interface directly.
//!
//! It exists because crossing the boundary through safe wrappers costs four times as much as the rest of an item's
//! way through the program, tables raised as errors do not survive them, and only the raw interface can interrupt a
//! VM.
//!
//! The rules that make it sound:
//! - A [`Vm`] and all that hangs on it belong to one thread. The one exception is [`trigger::Trigger`], a word that Luau documents
//!   as writable from any thread.
//! - Whatever may raise an error runs inside `Vm::protected`. Luau's errors are C++ exceptions; every function they
//!   may pass through is `extern "C-unwind"` or called from one, and owns nothing whose loss would matter.
//! - Rust panics never cross Luau's frames.
//! - C functions find their [`Current`] in an upvalue; the `Vm` keeps it alive longer than the state.
//!
//! What the values mean is left to the modules above.
#![expect(unsafe_code, reason = "this is the floor's boundary to the C interface of Luau")]

mod advice;
mod call;
mod coroutine;
mod current;
mod decode;
mod describe;
mod direct;
mod encode;
mod fold;
mod frame;
mod functions;
mod handle;
mod integers;
mod interrupt;
mod items;
mod json;
mod keys;
mod log;
mod pause;
mod protected;
mod raised;
mod random;
mod registry;
mod spawn;
mod stack;
#[cfg(test)]
mod tests;
mod trigger;
mod values;
mod vm;
mod whole;

pub(super) use call::{Argument, Take};
pub(super) use coroutine::Resumed;
pub(super) use current::{Current, Wait};
pub use direct::JointEvaluation;
pub(super) use fold::FoldHalt;
pub(super) use frame::Frame;
pub(super) use handle::{Callee, Coroutine, KeptValue};
pub(super) use items::{ChunkCursor, ChunkStop, Timing};
pub(super) use raised::{Raised, Signal};
pub(super) use registry::{ARRAY, WAIT};
pub(super) use spawn::Spawn;
pub(super) use values::{Unfit, append_strings, decode, encode};
pub(super) use vm::{LuaContext, Vm};
