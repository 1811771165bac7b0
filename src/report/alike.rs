//! Messages are alike when they differ in numbers, quoted texts, URLs and ids only: they tell of one mistake. This module
//! finds those parts, and what many such messages have in common.

/// Bytes of a message that are looked at: a message may hold the whole item.
const MESSAGE_BYTES: usize = 2000;
/// Hexadecimal digits, letters among them, that are an id and not a word.
const HEX_MIXED: usize = 6;
/// The same of letters only.
const HEX_LETTERS: usize = 8;
/// Letters and digits, mixed, that are an id.
const ID: usize = 16;
/// How often letters and digits change over in something that is an id however short it is.
const CHANGES: usize = 2;
/// What opens a quoted text, and what closes it.
const QUOTES: [(char, char); 7] =
    [('\'', '\''), ('"', '"'), ('`', '`'), ('“', '”'), ('‘', '’'), ('«', '»'), ('„', '“')];

/// A part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Words(&'a str),
    /// A number, a quoted text, an id.
    Value(&'a str),
    Url(&'a str),
}

/// What is the same in all messages that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommonText(Vec<CommonPart>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct CommonPart {
    /// The text itself, or of a URL what all begin with.
    text: String,
    is_words: bool,
    is_url: bool,
    varies: bool,
}

/// What messages that are alike share, and others do not.
pub(super) fn words(parts: &[Part<'_>]) -> String {
    let mut words = String::new();
    for part in parts {
        match part {
            Part::Words(text) => words.push_str(text),
            // No message that people can read has it.
            Part::Value(_) => words.push('\0'),
            Part::Url(_) => words.push('\u{1}'),
        }
    }
    words
}

impl CommonText {
    pub(super) fn of(parts: &[Part<'_>]) -> Self {
        let part = |part: &Part<'_>| CommonPart {
            text: part.text().to_owned(),
            is_words: matches!(part, Part::Words(_)),
            is_url: matches!(part, Part::Url(_)),
            varies: false,
        };
        Self(parts.iter().map(part).collect())
    }

    /// Takes in another message with the same [`words`].
    pub(super) fn meet(&mut self, parts: &[Part<'_>]) {
        for (common, part) in self.0.iter_mut().zip(parts) {
            common.meet(part.text());
        }
    }

    /// The message with `…` where they differ.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for part in &self.0 {
            text.push_str(&part.text);
            if part.varies {
                text.push('…');
                text.extend(part.closing());
            }
        }
        text
    }

    /// The longest piece that stands in all of them.
    pub(super) fn longest(&self) -> &str {
        let all = self.0.iter().map(|part| part.text.as_str());
        // The first of those that are equally long.
        all.rev().max_by_key(|text| text.len()).unwrap_or_default()
    }
}

impl CommonPart {
    fn meet(&mut self, other: &str) {
        if self.is_words || (!self.varies && self.text == other) {
            return;
        }
        if self.is_url {
            let same =
                self.text.char_indices().zip(other.chars()).take_while(|((_, own), other)| own == other);
            let end = same.last().map_or(0, |((at, char), _)| at + char.len_utf8());
            self.text.truncate(end);
        } else if !self.varies {
            // Only its quote is left.
            let opening =
                self.text.chars().next().filter(|open| QUOTES.iter().any(|(quote, _)| quote == open));
            self.text = opening.map_or(String::new(), String::from);
        }
        self.varies = true;
    }

    /// The quote that closes a text of which only the opening one is left.
    fn closing(&self) -> Option<char> {
        let opening = self.text.chars().next().filter(|_| !self.is_url)?;
        QUOTES.iter().find(|(open, _)| *open == opening).map(|(_, close)| *close)
    }
}

impl<'a> Part<'a> {
    fn text(self) -> &'a str {
        match self {
            Self::Words(text) | Self::Value(text) | Self::Url(text) => text,
        }
    }
}

/// A message in parts, which together are it, as far as it is looked at.
pub(super) fn parts(message: &str) -> Vec<Part<'_>> {
    let is_cut = message.len() > MESSAGE_BYTES;
    let end = (0..=MESSAGE_BYTES.min(message.len())).rev().find(|end| message.is_char_boundary(*end));
    let message = &message[..end.unwrap_or(0)];
    let (mut parts, mut at, mut words) = (Vec::new(), 0, 0);
    while let Some(char) = message[at..].chars().next() {
        let Some(part) = value(message, at, char, is_cut) else {
            at += char.len_utf8();
            continue;
        };
        if words < at {
            parts.push(Part::Words(&message[words..at]));
        }
        parts.push(part);
        at += part.text().len();
        words = at;
    }
    if words < message.len() {
        parts.push(Part::Words(&message[words..]));
    }
    parts
}

/// What begins at `at` with `char`, when that is no word.
fn value(message: &str, at: usize, char: char, is_cut: bool) -> Option<Part<'_>> {
    let rest = &message[at..];
    let within = message[..at].chars().next_back().is_some_and(char::is_alphanumeric);
    if char.is_ascii_alphanumeric() && !within {
        if let Some(length) = url(rest) {
            return Some(Part::Url(&rest[..length]));
        }
        if let Some(length) = id(rest) {
            return Some(Part::Value(&rest[..length]));
        }
    }
    let length = match char {
        '0'..='9' => number(rest),
        '-' | '+' if !within && rest[1..].starts_with(|next: char| next.is_ascii_digit()) => {
            1 + number(&rest[1..])
        }
        // An apostrophe opens nothing.
        '\'' | '‘' if within => return None,
        _ => quoted(rest, char, is_cut)?,
    };
    Some(Part::Value(&rest[..length]))
}

/// Bytes of a number: `12`, `1.5e-3`, `1,000,000`, `10.0.0.1`.
fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    loop {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        match bytes.get(end) {
            Some(b'0'..=b'9') => end += 1,
            Some(b'.' | b',' | b'_') if is_digit(end + 1) => end += 2,
            Some(b'e' | b'E') if is_digit(end + 1 + sign) => end += 2 + sign,
            _ => return end,
        }
    }
}

/// Bytes of a quoted text, quotes included. In a message that is cut off, the last one may lack its end.
fn quoted(text: &str, open: char, is_cut: bool) -> Option<usize> {
    let (_, close) = QUOTES.iter().find(|(quote, _)| *quote == open)?;
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        if char == '\\' && open == '"' {
            chars.next();
            continue;
        }
        // `'it's'` ends at its end.
        let ends = *close != '\'' || !chars.peek().is_some_and(|(_, next)| next.is_alphanumeric());
        if char == *close && ends {
            return Some(at + char.len_utf8());
        }
    }
    is_cut.then_some(text.len())
}

/// Bytes of a URL, without what ends the sentence.
fn url(text: &str) -> Option<usize> {
    let scheme = text.find(|char: char| !char.is_ascii_alphanumeric() && !matches!(char, '+' | '.' | '-'))?;
    if scheme == 0 || !text[scheme..].starts_with("://") {
        return None;
    }
    let ends = |char: char| char.is_whitespace() || matches!(char, '"' | '\'' | '`' | '<' | '>');
    let end = text[scheme..].find(ends).map_or(text.len(), |end| scheme + end);
    Some(text[..end].trim_end_matches(['.', ',', ';', ':', ')', ']', '}', '!', '?', '…']).len())
}

/// Bytes of an id: a UUID, hexadecimal digits, letters and digits as nobody writes words.
fn id(text: &str) -> Option<usize> {
    const UUID: [usize; 5] = [8, 4, 4, 4, 12];
    let ends_at = |at: usize| !text[at..].starts_with(|next: char| next.is_alphanumeric());
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(uuid) = text.get(..36)
        && uuid.split('-').map(str::len).eq(UUID)
        && uuid.split('-').all(is_hex)
        && ends_at(36)
    {
        return Some(36);
    }
    let end = text.find(|char: char| !char.is_ascii_alphanumeric()).unwrap_or(text.len());
    let word = &text[..end];
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    let has_letter = word.bytes().any(|byte| byte.is_ascii_alphabetic());
    if !has_letter || !ends_at(end) {
        return None;
    }
    let changes =
        word.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit());
    let least = if has_digit { HEX_MIXED } else { HEX_LETTERS };
    let is_id = word.strip_prefix("0x").is_some_and(|digits| !digits.is_empty() && is_hex(digits))
        || is_hex(word) && word.len() >= least
        || has_digit && (word.len() >= ID || changes.count() >= CHANGES);
    is_id.then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What all of them have in common; `None` when they are not alike.
    fn common(messages: &[&str]) -> Option<String> {
        let first = parts(messages[0]);
        let mut common = CommonText::of(&first);
        for message in &messages[1..] {
            let parts = parts(message);
            if words(&parts) != words(&first) {
                return None;
            }
            common.meet(&parts);
        }
        Some(common.text())
    }

    #[track_caller]
    fn check(messages: &[&str], expect: &str) {
        assert_eq!(common(messages).as_deref(), Some(expect), "{messages:?}");
    }

    #[test]
    fn numbers_texts_urls_and_ids_may_differ() {
        check(&["row 7 is 1.5e-3 long", "row 12 is -4 long"], "row … is … long");
        check(&["no user42 at 10.0.0.1:80", "no user7 at 127.0.0.1:8080"], "no user… at …:…");
        check(&["1,000 of 2_000", "7 of 9"], "… of …");
        check(&["bad 'a'", "bad 'its'", "bad ''"], "bad '…'");
        check(&[r#"no "a \" b" here"#, r#"no "c" here"#], r#"no "…" here"#);
        check(&["field `a` is “x”", "field `b` is “y”"], "field `…` is “…”");
        check(&["it isn't 'there'", "it isn't 'here'"], "it isn't '…'");
        check(
            &["id 123e4567-e89b-12d3-a456-426614174000 gone", "id 00000000-0000-0000-0000-00000000000A gone"],
            "id … gone",
        );
        check(&["commit a1b2c3d is", "commit deadbeef is", "commit 0x1F is", "commit 12 is"], "commit … is");
        check(&["run 1xak40", "run 7f3ab2", "run 01ARZ3NDEKTSV4RRFFQ69G5FAV"], "run …");
        check(
            &["GET http://h:1/u/1?a=b failed (401).", "GET http://h:1/u/23 failed (401)."],
            "GET http://h:1/u/… failed (401).",
        );
        check(&["see https://a.b, then", "see ftp://c, then"], "see …, then");
    }

    #[test]
    fn what_is_the_same_in_all_stays() {
        check(&["timeout after 10s", "timeout after 10s"], "timeout after 10s");
        check(&["index nil with 'text'"; 3], "index nil with 'text'");
        check(&["'a' is not 1", "'b' is not 1"], "'…' is not 1");
        check(&["utf8 of 3", "utf8 of 4"], "utf8 of …");
        check(&["http://h/a"], "http://h/a");
        check(&["schön 1 …", "schön 2 …"], "schön … …");
        check(&[""], "");
    }

    #[test]
    fn other_words_are_another_mistake() {
        for messages in [
            ["no such file", "no such user"],
            ["decade", "facade"],
            ["a 'b'", "a b"],
            ["a 1", "a 'b'x"],
            ["effaced", "defaced"],
            ["see http://a/1", "see 'a'"],
            ["can't read", "can't write"],
        ] {
            assert_eq!(common(&messages), None, "{messages:?}");
        }
    }

    #[test]
    fn a_text_without_an_end_is_words_unless_the_message_was_cut() {
        check(&["5\" wide"], "5\" wide");
        assert_eq!(common(&["no 'end here", "no 'end there"]), None);
        let long = |text: &str| format!("not JSON: \"{}", text.repeat(3000));
        check(&[&long("ab"), &long("cd")], "not JSON: \"…\"");
    }

    #[test]
    fn the_longest_common_piece_is_in_all_of_them() {
        let mut common = CommonText::of(&parts("`exec.run` ended `a` after 1s"));
        common.meet(&parts("`exec.run` ended `b` after 2s"));
        assert_eq!(common.longest(), "`exec.run`");
        assert_eq!(CommonText::of(&parts("")).longest(), "");
    }

    #[test]
    fn no_text_is_too_odd() {
        for text in ["'", "\"\\", "-", "://", "a://", "1e", "1.", "é1é", "\u{0}7", "‘’‘", "…", "0x", "😀\"😀"]
        {
            assert_eq!(common(&[text, text]).as_deref(), Some(text));
        }
    }
}
