//! Programs are found, started and ended here, for `exec` and for programs that are item functions.

mod child;
mod find;
mod tree;
mod wait;

pub(crate) use child::{Child, Pipes, Start, StartFile};
pub(crate) use find::{environment, find, is_withheld};
pub(crate) use tree::{ProcessTree, end_all as end_programs};
pub(crate) use wait::{end, until_ended};
