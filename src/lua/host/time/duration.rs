//! `time.duration` reads durations in the notation of the pipeline language.

use mlua::Value;

use crate::lua::host::call::Call;

/// Units and their milliseconds.
const UNITS: [(&str, f64); 5] = [("ms", 1.0), ("s", 1e3), ("m", 60e3), ("h", 3600e3), ("d", 86400e3)];

/// `time.duration`
pub(super) fn duration(call: &Call<'_>, s: &Value) -> mlua::Result<f64> {
    let text = call.text(1, s)?;
    parse(&text).ok_or_else(|| {
        let shown: String = text.chars().take(60).collect();
        call.bad_because(1, &format!("a duration such as `30s` or `1h30m` expected, got `{shown}`"))
    })
}

/// Seconds of one or more numbers with units, in any order.
fn parse(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut milliseconds = 0.0;
    while !rest.is_empty() {
        let unit_at = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, after) = rest.split_at(unit_at);
        let unit_len = after.find(|character: char| !character.is_ascii_lowercase()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_len);
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let is_number = number.starts_with(|first: char| first.is_ascii_digit())
            && number.ends_with(|last: char| last.is_ascii_digit());
        milliseconds += is_number.then(|| number.parse::<f64>().ok())?? * factor;
        rest = after;
    }
    (!text.is_empty()).then_some(milliseconds / 1e3)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn durations_are_numbers_with_units() {
        for (text, seconds) in [
            ("250ms", Some(0.25)),
            ("30s", Some(30.0)),
            ("5m", Some(300.0)),
            ("1h30m", Some(5400.0)),
            ("1.5s", Some(1.5)),
            ("2d", Some(172_800.0)),
            ("0s", Some(0.0)),
            ("", None),
            ("5", None),
            ("m", None),
            ("-5m", None),
            ("5 m", None),
            ("5x", None),
            (".5s", None),
            ("1..5s", None),
            ("5M", None),
            ("1h30", None),
        ] {
            assert_eq!(parse(text), seconds, "{text}");
        }
    }
}
