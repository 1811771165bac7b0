//! The one integration-test binary: everything here goes through the public interface or the real program.

mod cache;
mod cli;
mod dag;
mod diagnostics;
mod disk;
mod endings;
mod escapes;
mod examples;
mod exec;
mod forecast;
mod http;
mod kill;
mod live;
mod lua;
mod policy;
mod project;
mod rate;
mod readme;
mod resume;
mod secret;
mod server;
mod show;
mod state;
mod tidy;
