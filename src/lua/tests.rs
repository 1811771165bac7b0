//! This module holds what the tests of this floor share: blocks of Lua in files, workers with ordinary options.

use std::sync::Arc;

use super::Block;
use crate::source::SourceFile;

/// A pipeline file of this text.
pub(super) fn source(text: &str) -> Arc<SourceFile> {
    SourceFile::new("p.yaml", "p.yaml", text.to_owned())
}

/// Lua that stands at `line` of `file`.
pub(super) fn block(file: &Arc<SourceFile>, line: usize, text: &str) -> Block {
    Block { file: Arc::clone(file), line, text: text.into() }
}

/// Params, env and run of an ordinary run.
pub(super) fn scope() -> super::Scope {
    super::Scope {
        params: r#"{"size":224,"tags":["a"]}"#.into(),
        env: r#"{"HOME":"/home/x"}"#.into(),
        run: r#"{"id":"r1"}"#.into(),
        shows_secrets: true,
        ..super::Scope::empty()
    }
}
