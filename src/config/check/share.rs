//! Shares are numbers from 0 to 1, and people write them in percent.

use serde_json::Value;

use crate::value::Ratio;

/// What is wrong with a number beyond this limit.
pub(super) fn beyond(given: &Value, limit: &Value) -> String {
    let percent = given.as_f64().filter(|given| (2.0..=100.0).contains(given));
    match percent.filter(|_| limit.as_u64() == Some(1)) {
        Some(percent) => format!("did you mean `{}`?", percent / 100.0),
        None => "too large".to_owned(),
    }
}

/// What is wrong with a text where a share in percent may stand.
pub(super) fn label(given: &str) -> String {
    match percent(given) {
        Some(percent) if percent > 100.0 => "more than all of them".to_owned(),
        Some(percent) if percent < 0.0 => "less than none of them".to_owned(),
        Some(_) => "digits and a `%`, with nothing between".to_owned(),
        None => "neither".to_owned(),
    }
}

/// What should stand where a share in percent may, as the schema says it.
pub(super) fn wanted(schema: &Value) -> Option<&str> {
    schema.get("patternErrorMessage")?.as_str().filter(|wanted| wanted.contains('%'))
}

/// The share that a text in percent means, where one from 0 to 1 should stand.
pub(super) fn meant(given: &str, schema: &Value) -> Option<String> {
    let share = percent(given).map(|percent| (percent / 100.0).to_string());
    share.filter(|share| schema["maximum"] == 1 && Ratio::parse(share).is_some())
}

fn percent(given: &str) -> Option<f64> {
    given.strip_suffix('%')?.trim().parse().ok()
}
