//! The attempts of an item that failed, as they were kept, become lines here for `show` and the report.

use serde_json::Value;

/// A label and a text for each attempt: `attempt 1`, `timeout after 1.000s: …`.
pub(super) fn lines(history: &str) -> Vec<(String, String)> {
    let attempts: Vec<Value> = serde_json::from_str(history).unwrap_or_default();
    let line = |(at, attempt): (usize, &Value)| {
        let word = |name: &str| attempt[name].as_str().unwrap_or_default().to_owned();
        let time = attempt["duration"].as_f64().map_or(String::new(), |time| format!(" after {time:.3}s"));
        (format!("attempt {}", at + 1), format!("{}{time}: {}", word("kind"), word("message")))
    };
    attempts.iter().enumerate().map(line).collect()
}
