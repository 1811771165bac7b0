//! The one integration-test binary: everything here goes through the public interface or the real program.

mod cli;
mod dag;
mod diagnostics;
mod endings;
mod escapes;
mod examples;
mod exec;
mod http;
mod kill;
mod lua;
mod policy;
mod project;
mod readme;
mod resume;
mod server;
mod show;
mod state;
mod tidy;
