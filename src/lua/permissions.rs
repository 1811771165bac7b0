//! The permissions say what the host functions of one run may reach: hosts, paths, programs. What paths lead to is reached
//! through the handles of `trees`.
//!
//! Each host module asks them, and decides itself what it does with what it gets.

mod address;
mod beneath;
mod databases;
mod exec;
mod grants;
mod held;
mod kept;
mod lists;
mod named;
mod on_trial;
mod place;
mod programs;
mod reach;
mod refusal;
mod scratch;
#[cfg(test)]
mod tests;
mod trees;
mod trial;
mod walk;
mod wall;

pub(super) use databases::{ENDINGS, OpenDatabase, owner};
pub use grants::Permissions;
pub(super) use kept::Identity;
pub use lists::{Allowed, Protected};
pub(super) use place::{HeldPlace, Parents, names, numbered};
pub(super) use programs::{Program, missing, search_path};
pub(super) use reach::PATH_MAX;
pub(super) use refusal::of_database;
pub(super) use trees::identity;
pub use trial::{Change, Changed, Trial};
