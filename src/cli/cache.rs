//! `flowrun cache`: how much the memo across runs holds, and forgetting it.

use std::time::SystemTime;

use serde_json::json;

use super::args::{CacheArguments, CacheCommand, ListFormat};
use super::console::{put, say};
use super::exit::{Exit, Fault};
use super::{moment, state};
use crate::report::bytes;
use crate::store::{Memo, MemoStats};

/// Does what is asked for.
pub(super) fn command(arguments: &CacheArguments) -> Result<Exit, Fault> {
    let folder = state::find(&arguments.folder)?;
    match arguments.command {
        CacheCommand::Stats { format } => {
            // Looking must not make a memo where there is none.
            let is_there = folder.join("cache.db").exists();
            let stats = if is_there { Memo::open(&folder)?.stats()? } else { MemoStats::default() };
            put(&stats_text(&stats, format))?;
        }
        CacheCommand::Prune { older_than } => {
            let is_there = folder.join("cache.db").exists();
            let gone = if is_there { Memo::open(&folder)?.prune(older_than, SystemTime::now())? } else { 0 };
            say(&format!("forgot {gone} result{}", if gone == 1 { "" } else { "s" }));
        }
    }
    Ok(Exit::Success)
}

fn stats_text(stats: &MemoStats, format: ListFormat) -> Vec<u8> {
    let MemoStats { entries, functions, value_bytes, file_bytes, oldest } = *stats;
    match format {
        ListFormat::Json => {
            let stats = json!({
                "results": entries,
                "functions": functions,
                "value_bytes": value_bytes,
                "file_bytes": file_bytes,
                "oldest": oldest.map(moment::rfc3339),
            });
            format!("{stats}\n").into_bytes()
        }
        ListFormat::Text => {
            let oldest = oldest.map_or(String::new(), |at| format!(", the oldest of {}", moment::local(at)));
            format!(
                "{entries} results of {functions} functions: {} in a file of {}{oldest}\n",
                bytes(value_bytes),
                bytes(file_bytes)
            )
            .into_bytes()
        }
    }
}
