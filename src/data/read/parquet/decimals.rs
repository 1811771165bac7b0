//! This module writes decimals as text, because no float holds them: as many digits behind the point as their column
//! has, from stored integers and from stored bytes of any length up to [`BYTES_MAX`].

use std::fmt::Write as _;

use super::kind::Scale;

/// Bytes of the longest decimal that is read. Writing one takes time by the square of its length; other programs end at 32.
pub(super) const BYTES_MAX: usize = 1024;
/// More digits than so many bytes have.
pub(super) const SCALE_MAX: Scale = 2500;

/// Appends a number that was stored as an integer.
pub(super) fn push_integer(out: &mut Vec<u8>, value: i64, scale: Scale) {
    push_scaled(out, value < 0, itoa::Buffer::new().format(value.unsigned_abs()).as_bytes(), scale);
}

/// Appends a number that was stored as bytes, in two's complement and highest byte first.
pub(super) fn push_bytes(out: &mut Vec<u8>, bytes: &[u8], scale: Scale) -> Result<(), String> {
    let negative = bytes.first().is_some_and(|first| *first >= 0x80);
    if bytes.is_empty() {
        return Err("a decimal has no bytes".to_owned());
    }
    if bytes.len() <= 16 {
        let mut wide = [if negative { 0xff } else { 0 }; 16];
        wide[16 - bytes.len()..].copy_from_slice(bytes);
        let size = i128::from_be_bytes(wide).unsigned_abs();
        push_scaled(out, negative, itoa::Buffer::new().format(size).as_bytes(), scale);
    } else if bytes.len() <= BYTES_MAX {
        push_scaled(out, negative, &digits(bytes, negative), scale);
    } else {
        return Err(format!(
            "a decimal of {} bytes is longer than the {BYTES_MAX} that are read",
            bytes.len()
        ));
    }
    Ok(())
}

/// The digits of a number without its sign.
fn digits(bytes: &[u8], negative: bool) -> Vec<u8> {
    const GROUP: u64 = 1_000_000_000;
    // The size as 32-bit parts, lowest first; that of a negative number is one more than its bits turned over.
    let flip = if negative { 0xff } else { 0 };
    let mut parts: Vec<u32> = bytes
        .rchunks(4)
        .map(|part| part.iter().fold(0, |whole, byte| whole << 8 | u32::from(byte ^ flip)))
        .collect();
    let mut carry = negative;
    for part in &mut parts {
        (*part, carry) = part.overflowing_add(u32::from(carry));
    }
    if carry {
        parts.push(1);
    }
    let mut groups = Vec::new();
    while parts.iter().any(|part| *part > 0) {
        let mut rest = 0;
        for part in parts.iter_mut().rev() {
            let whole = rest << 32 | u64::from(*part);
            (*part, rest) = ((whole / GROUP) as u32, whole % GROUP);
        }
        groups.push(rest);
        while parts.last() == Some(&0) {
            parts.pop();
        }
    }
    let Some((first, others)) = groups.split_last() else { return b"0".to_vec() };
    let mut digits = first.to_string();
    for group in others.iter().rev() {
        let _ = write!(digits, "{group:09}");
    }
    digits.into_bytes()
}

fn push_scaled(out: &mut Vec<u8>, negative: bool, digits: &[u8], scale: Scale) {
    if negative {
        out.push(b'-');
    }
    let scale = usize::from(scale);
    let (whole, part) = digits.split_at(digits.len().saturating_sub(scale));
    out.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
    if scale > 0 {
        out.push(b'.');
        out.resize(out.len() + scale - part.len(), b'0');
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of_bytes(bytes: &[u8], scale: Scale) -> String {
        let mut out = Vec::new();
        push_bytes(&mut out, bytes, scale).expect("a number");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn numbers_have_their_digits_behind_the_point() {
        let integer = |value, scale| {
            let mut out = Vec::new();
            push_integer(&mut out, value, scale);
            String::from_utf8(out).expect("text")
        };
        assert_eq!(integer(12345, 2), "123.45");
        assert_eq!(integer(-5, 3), "-0.005");
        assert_eq!(integer(0, 2), "0.00");
        assert_eq!(integer(i64::MIN, 0), "-9223372036854775808");
        assert_eq!(of_bytes(&[0xff], 1), "-0.1");
        assert_eq!(of_bytes(&[0x00, 0x80], 0), "128");
        assert_eq!(of_bytes(&i128::MIN.to_be_bytes(), 38), "-1.70141183460469231731687303715884105728");
        let lowest: Vec<u8> = std::iter::once(0x80).chain([0; 31]).collect();
        let expect = "-57896044618658097711785492504343953926634992332820282019728792003956564819968";
        assert_eq!(of_bytes(&lowest, 0), expect);
        let highest: Vec<u8> = std::iter::once(0x7f).chain([0xff; 31]).collect();
        let expect = "57896044618658097711785492504343953926634992332820282019728792003956564819.967";
        assert_eq!(of_bytes(&highest, 3), expect);
        assert_eq!(of_bytes(&[0; 40], 2), "0.00");
        assert!(push_bytes(&mut Vec::new(), &[], 0).is_err());
        assert!(push_bytes(&mut Vec::new(), &[1; BYTES_MAX + 1], 0).is_err());
    }

    proptest! {
        #[test]
        fn for_every_number_longer_bytes_mean_the_same(value in any::<i128>(), more in 1_usize..40, scale in 0_u16..50) {
            let short = value.to_be_bytes();
            let long: Vec<u8> = std::iter::repeat_n(if value < 0 { 0xff } else { 0 }, more).chain(short).collect();
            prop_assert_eq!(of_bytes(&short, scale), of_bytes(&long, scale));
        }
    }
}
