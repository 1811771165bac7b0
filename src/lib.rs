//! flowrun runs declarative pipelines: a Lua function on every item of a collection, in parallel, under a policy.
//!
//! A pipeline goes through the program once, from left to right, and each stage is a type:
//!
//! ```text
//! text ─load→ config::Document ─load→ plan::Plan ─run→ Event … ─fold→ Outcome ─→ exit code
//!             as written, with spans   nothing unresolved   engine          reporters
//! ```
//!
//! ```
//! use std::sync::Arc;
//!
//! use flowrun::engine::{self, Interrupt, RunOptions};
//! use flowrun::event::RunStatus;
//! use flowrun::plan::{self, Inputs};
//! use flowrun::config;
//!
//! let folder = tempfile::tempdir()?;
//! let text = "steps:\n  \
//!     numbers: {items: [1, 2, 3]}\n  \
//!     doubled: {from: numbers, map: return item * 2}\n  \
//!     out: {from: doubled, write: out.jsonl}\n";
//! let document = config::load(text.as_bytes(), "pipeline.yaml", &folder.path().join("pipeline.yaml"));
//! let loaded = plan::load(document, &Inputs { run: "example".into(), cores: 2, ..Inputs::default() });
//! let plan = loaded.plan.expect("nothing is wrong with it");
//! let selected = vec![true; plan.steps.len()];
//! let options = RunOptions::new("example".into(), selected, 2, folder.path().join("tmp"));
//! let mut events = 0;
//! let outcome = engine::run(&plan, &options, &Arc::new(Interrupt::default()), &mut |_| events += 1)?;
//! assert_eq!(outcome.status, RunStatus::Succeeded);
//! assert_eq!(std::fs::read_to_string(folder.path().join("out.jsonl"))?, "2\n4\n6\n");
//! # assert!(events > 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Imports between the modules go down only; `ARCHITECTURE.md` holds the table and `tests/it/tidy/floors.rs` checks it.

pub mod cli;
pub mod config;
pub mod data;
pub mod draw;
pub mod engine;
pub mod event;
pub mod fleet;
#[cfg(feature = "lsp")]
pub mod lsp;
pub mod lua;
pub mod plan;
pub mod program;
pub mod report;
pub mod runtime;
pub mod schedule;
pub mod source;
pub mod store;
pub mod trial;
pub mod value;
