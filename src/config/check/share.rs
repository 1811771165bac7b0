//! Shares are numbers from 0 to 1, and people write them in percent.

use serde_json::Value;

/// What is wrong with a number beyond this limit.
pub(super) fn beyond(given: &Value, limit: &Value) -> String {
    let percent = given.as_f64().filter(|given| (2.0..=100.0).contains(given));
    match percent.filter(|_| limit.as_u64() == Some(1)) {
        Some(percent) => format!("did you mean `{}`?", percent / 100.0),
        None => "too large".to_owned(),
    }
}
