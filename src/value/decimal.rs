//! A decimal number at the start of a text is split off and multiplied exactly: durations and sizes are read so.

/// Splits off a leading decimal number.
pub fn split_number(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// `number · scale`, rounded down, when the number has no more digits than allowed.
pub fn scaled(number: &str, scale: u64, whole_digits: usize, part_digits: usize) -> Option<u64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str, most: usize| {
        ((1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u64>().ok())
            .flatten()
    };
    let fraction = u128::from(digits(part, part_digits)?) * u128::from(scale) / 10u128.pow(part.len() as u32);
    digits(whole, whole_digits)?.checked_mul(scale)?.checked_add(u64::try_from(fraction).ok()?)
}
