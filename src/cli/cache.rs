//! `flowrun cache` says how much the cache across runs holds, and forgets what is in it.

use std::time::SystemTime;

use serde_json::json;

use super::args::{CacheArguments, CacheCommand, ListFormat};
use super::console::{put, say};
use super::exit::{Exit, Fault};
use super::{state, timestamp};
use crate::report::bytes;
use crate::store::{Cache, CacheStats};

/// Does what is asked for.
pub(super) fn command(arguments: &CacheArguments) -> Result<Exit, Fault> {
    let folder = state::find(&arguments.folder)?;
    match arguments.command {
        CacheCommand::Stats { format } => {
            // Looking must not make a cache where there is none.
            let stats = Cache::look(&folder)?.map_or(Ok(CacheStats::default()), |cache| cache.stats())?;
            put(&stats_text(&stats, format))?;
        }
        CacheCommand::Prune { older_than } => {
            let is_there = folder.join("cache.db").exists();
            let cache = is_there.then(|| Cache::open(&folder)).transpose()?;
            if let Some(said) = cache.as_ref().and_then(Cache::begun_anew) {
                say(&format!("  warning: {said}"));
            }
            let gone = cache.map_or(Ok(0), |cache| cache.prune(older_than, SystemTime::now()))?;
            say(&format!("forgot {gone} result{}", plural(gone)));
        }
    }
    Ok(Exit::Success)
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn stats_text(stats: &CacheStats, format: ListFormat) -> Vec<u8> {
    let CacheStats { entries, functions, value_bytes, file_bytes, oldest } = *stats;
    match format {
        ListFormat::Json => {
            let stats = json!({
                "results": entries,
                "functions": functions,
                "value_bytes": value_bytes,
                "file_bytes": file_bytes,
                "oldest": oldest.map(timestamp::rfc3339),
            });
            format!("{stats}\n").into_bytes()
        }
        ListFormat::Text => {
            let oldest =
                oldest.map_or(String::new(), |at| format!(", the oldest of {}", timestamp::local(at)));
            format!(
                "{entries} result{} of {functions} function{}: {} in a file of {}{oldest}\n",
                plural(entries),
                plural(functions),
                bytes(value_bytes),
                bytes(file_bytes)
            )
            .into_bytes()
        }
    }
}
