//! These functions say whether processes live, and wait for what they do.

use std::fs;
use std::time::{Duration, Instant};

/// Whether a process with this word on its command line is alive.
pub(crate) fn alive(word: &str) -> bool {
    let folders = fs::read_dir("/proc").expect("Linux").flatten();
    let has = |path: std::path::PathBuf| {
        let line = fs::read(path.join("cmdline")).unwrap_or_default();
        let stat = fs::read_to_string(path.join("stat")).unwrap_or_default();
        let dead = stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'));
        !dead && String::from_utf8_lossy(&line).split('\0').any(|other| other == word)
    };
    folders.into_iter().any(|folder| has(folder.path()))
}

/// Waits until `condition` holds; `false` when it does not for long.
pub(crate) fn soon(condition: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        if condition() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}
