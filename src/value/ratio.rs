//! A ratio is a share between 0 and 1 as the decimal that was written, so that thresholds are exact.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A decimal between 0 and 1: `digits / 10^scale`.
///
/// `0.55` of 100 items is 55, not the 56 that binary floating point rounds up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    digits: u64,
    scale: u32,
}

impl Ratio {
    /// Everything.
    pub const ONE: Self = Self { digits: 1, scale: 0 };
    /// Nothing.
    pub const ZERO: Self = Self { digits: 0, scale: 0 };

    /// Reads a decimal literal such as `0.95`, `1`, `.5` or `5e-1`. `None` when it is no number between 0 and 1.
    /// Digits beyond the 18th after the point are rounded up: that can only demand more, never less.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().strip_prefix('+').unwrap_or(text.trim());
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = || whole.bytes().chain(part.bytes());
        if all().next().is_none() || !all().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let scale = i64::try_from(part.len()).ok()? - i64::from(exponent);
        Self::from_digits(all().map(|byte| u64::from(byte - b'0')), scale)
    }

    fn from_digits(all: impl Iterator<Item = u64>, scale: i64) -> Option<Self> {
        let digits: Vec<u64> = all.skip_while(|digit| *digit == 0).collect();
        if digits.is_empty() {
            return Some(Self::ZERO);
        }
        // How many of the digits count, when at most 18 stand after the point.
        let dropped = usize::try_from((scale - 18).max(0)).ok()?;
        let kept = digits.len().saturating_sub(dropped);
        let mut value: u64 = 0;
        for digit in &digits[..kept] {
            value = value.checked_mul(10)?.checked_add(*digit)?;
        }
        if digits[kept..].iter().any(|digit| *digit != 0) {
            value = value.checked_add(1)?;
        }
        let scale = scale.min(18);
        let (value, scale) = if scale < 0 {
            (value.checked_mul(10u64.checked_pow(u32::try_from(-scale).ok()?)?)?, 0)
        } else {
            (value, u32::try_from(scale).ok()?)
        };
        (value <= 10u64.pow(scale)).then(|| Self { digits: value, scale }.reduced())
    }

    fn reduced(mut self) -> Self {
        while self.scale > 0 && self.digits.is_multiple_of(10) {
            self.digits /= 10;
            self.scale -= 1;
        }
        self
    }

    /// `⌈self · count⌉`, exactly.
    pub fn of(self, count: u64) -> u64 {
        let power = 10u128.pow(self.scale);
        (u128::from(self.digits) * u128::from(count)).div_ceil(power) as u64
    }

    /// `self · count`, exactly: a whole number, and beside it the fraction of the other two.
    pub fn parts_of(self, count: u64) -> (u64, u64, u64) {
        let power = 10u128.pow(self.scale);
        let product = u128::from(self.digits) * u128::from(count);
        ((product / power) as u64, (product % power) as u64, power as u64)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let power = 10u64.pow(self.scale);
        if self.scale == 0 {
            return write!(f, "{}", self.digits);
        }
        write!(f, "{}.{:0width$}", self.digits / power, self.digits % power, width = self.scale as usize)
    }
}

/// As the decimal that [`Ratio::parse`] reads.
impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("no number between 0 and 1"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_those_of_the_decimal() {
        for (ratio, count, need) in [
            ("0.1", 10, 1),
            ("0.3", 10, 3),
            ("0.8", 10, 8),
            ("0.55", 100, 55),
            ("0.56", 100, 56),
            ("0.07", 100, 7),
            ("1", 7, 7),
            ("0", 7, 0),
            ("1e0", 3, 3),
            ("5e-1", 3, 2),
            ("0.9999999999999999999999", 10, 10),
            ("0.0000000000000000000001", 10, 1),
        ] {
            assert_eq!(Ratio::parse(ratio).expect("a ratio").of(count), need, "{ratio} of {count}");
        }
        for bad in ["1.01", "-0.1", "x", "", ".", "1e1", "1e99999", "0.5.5"] {
            assert_eq!(Ratio::parse(bad), None, "{bad}");
        }
        assert_eq!(Ratio::parse("0.950").expect("a ratio").to_string(), "0.95");
    }
}
