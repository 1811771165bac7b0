//! Tests keep small runs by hand, and damage what was kept.

mod damage;
pub(super) mod fixture;
mod formats;
mod gathered;
mod rebuild;
