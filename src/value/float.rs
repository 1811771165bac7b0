//! A decimal number becomes the nearest 64-bit float, unless that is infinite or zero and the number is not: then it would be
//! another value.

/// Why a text is no float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoFloat {
    /// It is no decimal number.
    Text,
    /// It would be infinite.
    TooLarge,
    /// It would be zero.
    TooSmall,
}

/// Reads a decimal number, with an exponent or without.
///
/// # Errors
/// Fails when the text is no number, and when its number cannot be told from zero or from infinity.
pub fn float(text: &str) -> Result<f64, NoFloat> {
    let value: f64 = text.parse().map_err(|_| NoFloat::Text)?;
    if !value.is_finite() {
        // `inf` and `nan` have names only.
        let is_number = text.bytes().any(|byte| byte.is_ascii_digit());
        return Err(if is_number { NoFloat::TooLarge } else { NoFloat::Text });
    }
    let mut mantissa = text.bytes().take_while(|byte| !matches!(byte, b'e' | b'E'));
    if value == 0.0 && mantissa.any(|byte| matches!(byte, b'1'..=b'9')) {
        return Err(NoFloat::TooSmall);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_would_become_another_one_is_none() {
        for (text, expect) in [
            ("0.5", Ok(0.5)),
            ("-.5e1", Ok(-5.0)),
            ("0.000", Ok(0.0)),
            ("-0e5", Ok(-0.0)),
            ("5e-324", Ok(5e-324)),
            ("2e-324", Err(NoFloat::TooSmall)),
            ("-1e-400", Err(NoFloat::TooSmall)),
            ("0.1E-99999999999999999999", Err(NoFloat::TooSmall)),
            ("1e309", Err(NoFloat::TooLarge)),
            ("-1e400", Err(NoFloat::TooLarge)),
            ("inf", Err(NoFloat::Text)),
            ("NaN", Err(NoFloat::Text)),
            ("", Err(NoFloat::Text)),
            ("1e", Err(NoFloat::Text)),
        ] {
            assert_eq!(float(text), expect, "{text}");
        }
    }
}
