//! The store writes times as seconds since 1970, which SQLite's own functions and every other language read.

use std::time::SystemTime;

/// This moment, to the microsecond: that many digits come back as they were from every text and every number.
pub(super) fn now() -> f64 {
    from_micros(
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros() as u64
    )
}

/// A moment; one before 1970 is 1970.
pub(super) fn seconds(at: SystemTime) -> f64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// A moment that [`now`] gave, in microseconds.
pub(super) fn micros(at: f64) -> u64 {
    (at * 1e6).round() as u64
}

/// The moment that so many microseconds mean.
pub(super) fn from_micros(micros: u64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_comes_back_from_microseconds_and_from_json() {
        for micros in [0, 1, 1_796_057_412_603_741, 4_102_444_799_999_999] {
            let at = from_micros(micros);
            assert_eq!(super::micros(at), micros);
            let text = serde_json::to_string(&at).expect("a number");
            assert_eq!(
                serde_json::from_str::<f64>(&text).expect("a number").to_bits(),
                at.to_bits(),
                "{text}"
            );
        }
    }
}
