//! This module turns entities into characters, such as `&amp;` into `&`. It works on any bytes.

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// Appends what the entity at the start of `bytes` (an `&`) stands for, or the `&` itself when there is no such
/// entity. Returns how many bytes that took.
pub(in crate::lua) fn decode(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let found = if bytes.get(1) == Some(&b'#') { numeric(bytes) } else { named(bytes) };
    let (characters, len) = found.unwrap_or((['&', NONE], 1));
    for character in characters.into_iter().filter(|character| *character != NONE) {
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    len
}

/// The one or two characters that an entity stands for, and its length.
type Decoded = ([char; 2], usize);

/// Stands where an entity has no second character.
const NONE: char = '\0';

/// Bytes of the longest name with a semicolon.
const NAME_MAX: usize = 32;
/// Bytes of the shortest and of the longest name that HTML also knows without a semicolon.
const BARE_MIN: usize = 2;
const BARE_MAX: usize = 6;

/// Reads `&#65;` and `&#x41;`, also without the semicolon, by the rules of the HTML standard.
fn numeric(bytes: &[u8]) -> Option<Decoded> {
    let (base, start) = if matches!(bytes.get(2), Some(b'x' | b'X')) { (16, 3) } else { (10, 2) };
    let digits = bytes[start..].iter().map_while(|byte| char::from(*byte).to_digit(base));
    let (count, code) = digits.fold((0, 0_u32), |(count, code), digit| {
        (count + 1, code.saturating_mul(base).saturating_add(digit))
    });
    let end = start + count;
    let semicolon = usize::from(bytes.get(end) == Some(&b';'));
    (count > 0).then(|| ([character(code), NONE], end + semicolon))
}

/// The character of a number: pages mean those of Windows by 128 to 159.
fn character(code: u32) -> char {
    let windows = code.checked_sub(0x80).and_then(|at| C1_REPLACEMENTS.get(at as usize).copied().flatten());
    let other = char::from_u32(code).filter(|character| *character != NONE);
    windows.or(other).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Reads `&eacute;`. Some names count without a semicolon too, whatever follows them.
fn named(bytes: &[u8]) -> Option<Decoded> {
    let name = &bytes[1..bytes.len().min(1 + NAME_MAX)];
    let len = name.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let closed = (name.get(len) == Some(&b';')).then_some(len + 1);
    let bare = (BARE_MIN..=len.min(BARE_MAX)).rev();
    closed.into_iter().chain(bare).find_map(|len| Some((look_up(&name[..len])?, 1 + len)))
}

/// What a name stands for; the table also has the beginnings of names, which stand for nothing.
fn look_up(name: &[u8]) -> Option<[char; 2]> {
    let (first, second) = *NAMED_ENTITIES.get(std::str::from_utf8(name).ok()?)?;
    let characters = [char::from_u32(first)?, char::from_u32(second)?];
    (characters[0] != NONE).then_some(characters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let (mut out, mut rest) = (Vec::new(), text.as_bytes());
        while let Some(&first) = rest.first() {
            let len = if first == b'&' { decode(rest, &mut out) } else { 0 };
            out.extend((len == 0).then_some(first));
            rest = &rest[len.max(1)..];
        }
        assert_eq!(String::from_utf8(out).expect("text stays text"), expect, "{text}");
    }

    #[test]
    fn every_name_of_the_standard_is_decoded() {
        let names = NAMED_ENTITIES.entries().filter(|(_, (first, _))| *first != 0);
        let mut count = 0;
        for (name, (first, second)) in names {
            let characters = [*first, *second].map(|code| char::from_u32(code).expect("a character"));
            check(&format!("&{name}"), &characters.iter().filter(|c| **c != NONE).collect::<String>());
            let bounds = if name.ends_with(';') { 1..=NAME_MAX } else { BARE_MIN..=BARE_MAX };
            assert!(bounds.contains(&name.len()), "{name}");
            count += 1;
        }
        assert_eq!(count, 2231);
    }

    #[test]
    fn a_missing_semicolon_ends_at_the_longest_name_that_needs_none() {
        check("&notit; &notin; &notin &not", "¬it; ∉ ¬in ¬");
        check("&copy2024 &ampamp; &lt&gt &Eacute", "©2024 &amp; <> É");
        check("&AMP &Amp; &hearts &fjlig &; & &&amp", "& &Amp; &hearts &fjlig &; & &&");
    }

    #[test]
    fn numbers_are_those_of_the_standard() {
        check("&#65;&#x41;&#X4a;&#0065 &#65x &#x4Gg", "AAJA Ax \u{4}Gg");
        check("&#; &#x; &#xg; &#", "&#; &#x; &#xg; &#");
        check("&#0;&#xD800;&#1114112;&#99999999999999999999;", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}");
        check("&#128;&#x81;&#159;&#160;&#13;", "€\u{81}Ÿ\u{a0}\r");
    }
}
