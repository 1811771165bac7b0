//! This module formats points in time as the store keeps them, seconds since 1970, for people and for machines.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `2026-11-22 16:26:01`, as the clock on the wall says.
pub(super) fn local(seconds: f64) -> String {
    let zoned = timestamp(seconds).to_zoned(TimeZone::system());
    zoned.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2026-11-22T16:26:01.250Z`
pub(super) fn rfc3339(seconds: f64) -> String {
    format!("{:.3}", timestamp(seconds))
}

/// What the clock says, `2026-11-22T16:26:01.250Z`.
pub(super) fn clock() -> String {
    rfc3339(now())
}

/// The same to the second, for people.
pub(super) fn clock_of_people() -> String {
    format!("{:.0}", timestamp(now()))
}

/// The point in time that it is.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Time since then.
pub(super) fn since(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(now() - seconds).unwrap_or_default()
}

fn timestamp(seconds: f64) -> Timestamp {
    Timestamp::from_millisecond((seconds * 1e3).round() as i64).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_get_a_timestamp_with_a_zone() {
        assert_eq!(rfc3339(1_795_364_761.25), "2026-11-22T16:26:01.250Z");
        assert_eq!(rfc3339(f64::MAX), "1970-01-01T00:00:00.000Z");
    }
}
