//! These functions do with texts and numbers what Python does with them.

/// The lines of a text and what ends each of them.
pub(super) fn lines(text: &str) -> Vec<(&str, &str)> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(ends_line) {
        let end = if rest[at..].starts_with("\r\n") {
            2
        } else {
            rest[at..].chars().next().map_or(0, char::len_utf8)
        };
        lines.push((&rest[..at], &rest[at..at + end]));
        rest = &rest[at + end..];
    }
    if !rest.is_empty() {
        lines.push((rest, ""));
    }
    lines
}

fn ends_line(character: char) -> bool {
    matches!(character, '\n'..='\r' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether it counts as part of a word.
pub(super) fn is_word(character: char) -> bool {
    character == '_' || character.is_alphabetic() || character.is_numeric()
}

/// A number with a fraction as Python writes it.
pub(super) fn float(number: f64) -> String {
    if !number.is_finite() {
        let sign = if number.is_sign_negative() && !number.is_nan() { "-" } else { "" };
        return format!("{sign}{}", if number.is_nan() { "nan" } else { "inf" });
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        return format!("{number:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// Reads a whole number in a base; `0x` and its like may stand before it.
pub(super) fn integer(text: &str, base: u32) -> Option<i128> {
    let text = text.trim();
    let (is_negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let prefix = match base {
        16 => "0x",
        8 => "0o",
        2 => "0b",
        _ => "",
    };
    let has_prefix =
        !prefix.is_empty() && digits.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let digits = without_underscores(if has_prefix { &digits[2..] } else { digits })?;
    if !digits.starts_with(|first: char| first.is_digit(base)) {
        return None;
    }
    let number = i128::from_str_radix(&digits, base).ok()?;
    Some(if is_negative { -number } else { number })
}

/// Reads a number with a fraction.
pub(super) fn number(text: &str) -> Option<f64> {
    without_underscores(text.trim())?.parse().ok()
}

/// Digits may be grouped by single underscores.
fn without_underscores(text: &str) -> Option<String> {
    if text.starts_with('_') || text.ends_with('_') || text.contains("__") {
        return None;
    }
    Some(text.replace('_', ""))
}

/// The text with each word's first letter large; every sign that is no letter ends a word.
pub(super) fn title(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut is_inside = false;
    for character in text.chars() {
        if is_inside {
            titled.extend(character.to_lowercase());
        } else {
            // Of `ß` comes `Ss`.
            let mut upper = character.to_uppercase();
            titled.extend(upper.next());
            titled.extend(upper.flat_map(char::to_lowercase));
        }
        is_inside = character.is_alphabetic();
    }
    titled
}

/// Large letters small and small ones large.
pub(super) fn swapped_case(text: &str) -> String {
    let mut swapped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_uppercase() {
            swapped.extend(character.to_lowercase());
        } else {
            swapped.extend(character.to_uppercase());
        }
    }
    swapped
}

/// Spaces left and right of a text of so many characters that make it this wide.
pub(super) fn centred(len: usize, width: usize) -> (usize, usize) {
    let spaces = width.saturating_sub(len);
    let left = spaces / 2 + (spaces & width & 1);
    (left, spaces - left)
}

/// Where a part of a text begins and ends in bytes, by the numbers of its first character and of the one behind it; those
/// below 0 count from the end. `None` where it would begin behind the end.
pub(super) fn part(text: &str, start: Option<i64>, end: Option<i64>) -> Option<(usize, usize)> {
    if start.unwrap_or(0) == 0 && end.is_none() {
        return Some((0, text.len()));
    }
    let len = text.chars().count();
    let place = |at: i64| {
        let at = if at < 0 { at.saturating_add(len as i64).max(0) } else { at };
        usize::try_from(at).unwrap_or(usize::MAX)
    };
    let start = place(start.unwrap_or(0));
    let end = end.map_or(len, place).min(len);
    if start > len || start > end {
        return None;
    }
    let byte = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
    Some((byte(start), byte(end)))
}
