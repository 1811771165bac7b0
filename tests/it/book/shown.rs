//! This module takes out of what a command prints that which differs from run to run.

use std::sync::LazyLock;

use regex::Regex;

static CHANGES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?", "TIME"),
        // Durations have a fraction, or are thousandths; what a page says of limits has neither.
        (r"(?m) {2,}[\d.]+[kM]?/s$", ""),
        (r"\d+\.\d+ ?(s|ms|µs)\b", "TOOK"),
        (r"\b\d+ (ms|µs)\b", "TOOK"),
        (r"\d+(\.\d+)? [kM]?B\b", "SIZE"),
        (r#""(time|duration|seed|bytes)":[\d.e-]+"#, "\"$1\":N"),
        (r#"time="[\d.]+""#, "TIME"),
        // Columns of `sqlite3`.
        (r"\|\d+\.\d+(e-\d+)?", "|N"),
        (r"\b1[0-9a-z]{5,11}\b", "RUN"),
        (r"  +", "  "),
        (r"(?m)[ ─]+$", ""),
        (r"──+", "──"),
    ]
    .into_iter()
    .map(|(pattern, with)| (Regex::new(pattern).expect("a pattern"), with))
    .collect()
});

/// Times, durations, rates and ids of runs as words, and the lines of steps that run side by side in one order.
pub(super) fn settled(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, with) in CHANGES.iter() {
        text = pattern.replace_all(&text, *with).into_owned();
    }
    let mut lines: Vec<&str> = text.trim_end().lines().collect();
    for group in lines.chunk_by_mut(|a, b| a.starts_with("TIME ") && b.starts_with("TIME ")) {
        if group.len() > 1 {
            group.sort_unstable();
        }
    }
    lines.join("\n")
}
