//! This module makes the digits of a decimal into what is stored. Nothing is rounded: what the column does not hold is `None`.

/// Digits of the text of a decimal at most, and its exponent: more than the widest column has.
const DIGITS_MAX: usize = 6000;

/// The digits of a decimal, sign in front, with exactly so many behind the point that is left out: `-1.5` with two is
/// `-150`. `None` when the text is no number or has more digits than that in all or behind the point.
pub(super) fn decimal_digits(text: &str, precision: u32, scale: u16) -> Option<String> {
    let (sign, bare) = text.strip_prefix('-').map_or(("", text), |bare| ("-", bare));
    let (number, exponent) = match bare.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (bare, 0),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let is_number = !whole.is_empty() && (!part.is_empty() || !number.contains('.'));
    let mut digits = format!("{whole}{part}");
    if !is_number
        || digits.len() > DIGITS_MAX
        || exponent.unsigned_abs() as usize > DIGITS_MAX
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    // Digits that have to follow, or those that are too many and have to be zeros.
    let missing = i32::from(scale) - (part.len() as i32 - exponent);
    if missing >= 0 {
        digits.extend(std::iter::repeat_n('0', missing as usize));
    } else {
        let kept = digits.len().saturating_sub(missing.unsigned_abs() as usize);
        if digits[kept..].bytes().any(|byte| byte != b'0') {
            return None;
        }
        digits.truncate(kept);
    }
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    (digits.len() <= precision as usize).then(|| format!("{sign}{digits}"))
}

/// A number in two's complement, highest byte first: in so many bytes, or with 0 in as few as it needs.
pub(super) fn to_bytes(digits: &str, size: usize) -> Option<Vec<u8>> {
    let mut bytes = match digits.parse::<i128>() {
        Ok(value) => value.to_be_bytes().to_vec(),
        Err(_) => long(digits)?,
    };
    let fill = if bytes[0] >= 0x80 { 0xff } else { 0 };
    let is_spare = |bytes: &[u8]| bytes[0] == fill && (bytes[1] >= 0x80) == (fill == 0xff);
    let spare = (0..bytes.len() - 1).take_while(|at| is_spare(&bytes[*at..])).count();
    bytes.drain(..spare);
    if size == 0 {
        return Some(bytes);
    }
    let more = size.checked_sub(bytes.len())?;
    bytes.splice(..0, std::iter::repeat_n(fill, more));
    Some(bytes)
}

/// The same of more digits than 128 bits hold.
fn long(digits: &str) -> Option<Vec<u8>> {
    let (is_negative, digits) = digits.strip_prefix('-').map_or((false, digits), |digits| (true, digits));
    // The size as 32-bit parts, lowest first.
    let mut parts: Vec<u32> = Vec::new();
    for group in digits.as_bytes().chunks(9) {
        let value: u32 = std::str::from_utf8(group).ok()?.parse().ok()?;
        let factor = 10_u64.pow(group.len() as u32);
        let mut carry = u64::from(value);
        for part in &mut parts {
            carry += u64::from(*part) * factor;
            *part = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            parts.push(carry as u32);
        }
    }
    // Room for the sign.
    parts.push(0);
    if is_negative {
        let mut carry = true;
        for part in &mut parts {
            (*part, carry) = (!*part).overflowing_add(u32::from(carry));
        }
    }
    Some(parts.iter().rev().flat_map(|part| part.to_be_bytes()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_keep_their_digits() {
        for (text, precision, scale, expect) in [
            ("1.5", 5, 2, Some("150")),
            ("-0.05", 5, 2, Some("-5")),
            ("1.500", 5, 1, Some("15")),
            ("1e3", 5, 0, Some("1000")),
            ("1.5e-1", 5, 2, Some("15")),
            ("0", 1, 0, Some("0")),
            ("1.55", 5, 1, None),
            ("1000", 3, 0, None),
            ("x", 3, 0, None),
            ("1.", 3, 0, None),
            ("", 3, 0, None),
            ("1e999999999", 3, 0, None),
        ] {
            assert_eq!(decimal_digits(text, precision, scale).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn numbers_are_stored_in_as_many_bytes_as_asked() {
        for (digits, size, expect) in [
            ("0", 0, Some(vec![0])),
            ("-1", 0, Some(vec![0xff])),
            ("127", 0, Some(vec![0x7f])),
            ("128", 0, Some(vec![0, 0x80])),
            ("-128", 0, Some(vec![0x80])),
            ("-129", 2, Some(vec![0xff, 0x7f])),
            ("-1", 3, Some(vec![0xff; 3])),
            ("128", 1, None),
            ("18446744073709551616", 9, Some(vec![1, 0, 0, 0, 0, 0, 0, 0, 0])),
        ] {
            assert_eq!(to_bytes(digits, size), expect, "{digits}");
        }
        let lowest = "-57896044618658097711785492504343953926634992332820282019728792003956564819968";
        assert_eq!(to_bytes(lowest, 32), Some(std::iter::once(0x80).chain([0; 31]).collect()));
        assert_eq!(to_bytes(lowest, 31), None);
    }

    proptest! {
        #[test]
        fn for_every_number_the_long_way_is_the_short_one(value in any::<i128>()) {
            let mut bytes = long(&value.to_string()).expect("digits");
            let fill = if value < 0 { 0xff } else { 0 };
            while bytes.len() < 16 {
                bytes.insert(0, fill);
            }
            prop_assert!(bytes[..bytes.len() - 16].iter().all(|byte| *byte == fill));
            prop_assert_eq!(&bytes[bytes.len() - 16..], value.to_be_bytes());
        }
    }
}
