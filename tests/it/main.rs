//! The one integration-test binary: everything here goes through the public interface or the real program.

mod cli;
mod collections;
mod dag;
mod diagnostics;
mod endings;
mod examples;
mod kill;
mod lua;
mod parquet;
mod policy;
mod project;
mod readme;
mod resume;
mod show;
mod state;
mod tidy;
