//! The one integration-test binary: everything here goes through the public interface or the real program.

mod author;
mod cli;
mod dag;
mod diagnostics;
mod endings;
mod examples;
mod kill;
mod lua;
mod policy;
mod project;
mod readme;
mod resume;
mod show;
mod state;
mod tidy;
