//! This module finds the float that is stored for a value, exact or not at all.

use serde_json::{Number, Value};

use super::beyond_json::BeyondJson;
use super::words::{declare, misfit};
use crate::data::read::{Kind, NotANumber};

/// A float, unless it would be another number when it is stored as `as_stored` has it.
pub(super) fn float(
    value: &Value,
    beyond_json: BeyondJson,
    floats: &str,
    path: &str,
    as_stored: impl Fn(f64) -> f64,
) -> Result<f64, String> {
    match value {
        Value::Number(number) => exact(number, as_stored).ok_or_else(|| {
            format!("column `{path}` holds {floats}, and none is exactly {number}{}", declare(path))
        }),
        Value::String(word) if beyond_json == BeyondJson::Numbers => {
            NotANumber::parse(word).map(NotANumber::value).ok_or_else(|| misfit(Kind::FLOAT, value, path))
        }
        _ => Err(misfit(Kind::FLOAT, value, path)),
    }
}

fn exact(number: &Number, as_stored: impl Fn(f64) -> f64) -> Option<f64> {
    let value = number.as_f64()?;
    let is_exact = number.as_i64().is_none_or(|integer| value as i128 == i128::from(integer));
    (is_exact && as_stored(value).to_bits() == value.to_bits()).then_some(value)
}

/// The float of 16 bits that is nearest towards zero: a sign, five bits of exponent, ten of fraction.
pub(super) fn half(value: f64) -> u16 {
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    let size = value.abs();
    if value.is_nan() {
        return 0x7e00;
    }
    if size > 65_504.0 {
        return sign | 0x7c00;
    }
    // Below the smallest exponent the fraction is counted in the smallest steps.
    let exponent = (size.to_bits() >> 52) as i32 - 1023;
    let bits = if exponent < -14 {
        (size * f64::powi(2.0, 24)) as u16
    } else {
        let fraction = ((size * f64::powi(2.0, -exponent) - 1.0) * 1024.0) as u16;
        ((exponent + 15) as u16) << 10 | fraction
    };
    sign | bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::read::half_to_float;

    #[test]
    fn every_short_float_comes_back() {
        for bits in 0..=u16::MAX {
            let value = half_to_float(bits);
            if value.is_nan() {
                assert!(half_to_float(half(value)).is_nan(), "{bits:x}");
            } else {
                assert_eq!(half(value), bits, "{value}");
            }
        }
        assert_eq!((half(1e9), half(-1e9), half(1e-9)), (0x7c00, 0xfc00, 0));
    }

    #[test]
    fn what_is_no_short_float_is_told() {
        let with = |value: Value| {
            float(&value, BeyondJson::Texts, "floats of 16 bits", "a", |value| half_to_float(half(value)))
        };
        assert_eq!(with(1.5.into()), Ok(1.5));
        assert_eq!(with(2048.into()), Ok(2048.0));
        for value in [2049.into(), 0.1.into(), 1e9.into(), "NaN".into()] {
            assert!(with(value).is_err());
        }
    }
}
