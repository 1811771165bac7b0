//! This module breaks text into lines, as Python's `textwrap` does.

use super::python::is_word;

/// How lines are broken.
#[derive(Clone, Copy)]
pub(super) struct Wrap {
    pub(super) width: usize,
    pub(super) breaks_long_words: bool,
    pub(super) breaks_on_hyphens: bool,
}

impl Wrap {
    /// The lines of a paragraph.
    pub(super) fn lines(self, text: &str) -> Vec<String> {
        let signs: Vec<char> = text.chars().collect();
        let mut chunks = self.chunks(&signs);
        chunks.reverse();
        let mut lines: Vec<String> = Vec::new();
        while let Some(next) = chunks.last() {
            if is_blank(next) && !lines.is_empty() {
                chunks.pop();
            }
            let line = self.line(&mut chunks);
            if !line.is_empty() {
                lines.push(line.into_iter().flatten().collect());
            }
        }
        lines
    }

    /// The chunks of one line, taken from the end of those that are left.
    fn line<'a>(self, chunks: &mut Vec<&'a [char]>) -> Vec<&'a [char]> {
        let mut line: Vec<&[char]> = Vec::new();
        let mut len = 0;
        while let Some(chunk) = chunks.last().copied().filter(|chunk| len + chunk.len() <= self.width) {
            len += chunk.len();
            line.push(chunk);
            chunks.pop();
        }
        if let Some(chunk) = chunks.last().copied().filter(|chunk| chunk.len() > self.width) {
            if self.breaks_long_words {
                let (start, rest) = chunk.split_at(self.cut(chunk, self.width - len));
                line.push(start);
                chunks.pop();
                chunks.push(rest);
            } else if line.is_empty() {
                line.push(chunk);
                chunks.pop();
            }
        }
        if line.last().is_some_and(|last| is_blank(last)) {
            line.pop();
        }
        line
    }

    /// Where a word is broken that is too long for so much room.
    fn cut(self, word: &[char], room: usize) -> usize {
        let hyphen = word[..room].iter().rposition(|sign| *sign == '-');
        let hyphen = hyphen.filter(|at| *at > 0 && word[..*at].iter().any(|sign| *sign != '-'));
        match hyphen {
            Some(at) if self.breaks_on_hyphens => at + 1,
            _ => room,
        }
    }

    /// Words, parts of words with hyphens, and the space between them.
    fn chunks(self, signs: &[char]) -> Vec<&[char]> {
        let mut chunks = Vec::new();
        let mut at = 0;
        while at < signs.len() {
            let end = if is_space(signs[at]) {
                at + signs[at..].iter().take_while(|sign| is_space(**sign)).count()
            } else if self.breaks_on_hyphens {
                part_end(signs, at)
            } else {
                at + signs[at..].iter().take_while(|sign| !is_space(**sign)).count()
            };
            chunks.push(&signs[at..end]);
            at = end;
        }
        chunks
    }
}

/// Where the word ends that begins at `start`, or its part before a hyphen or dash.
fn part_end(signs: &[char], start: usize) -> usize {
    if let Some(end) = dash_end(signs, start) {
        return end;
    }
    let letter = |at: usize| signs.get(at).is_some_and(|sign| is_word(*sign) && !sign.is_numeric());
    let mut at = start + 1;
    while at < signs.len() && !is_space(signs[at]) {
        let before = (at >= 2 && letter(at - 1) && letter(at - 2))
            || (at >= 3 && is_punctuated(signs[at - 1]) && signs[at - 2] == '-' && letter(at - 3));
        let behind = letter(at + 1) && (letter(at + 2) || signs.get(at + 2) == Some(&'-') && letter(at + 3));
        if signs[at] == '-' && before && behind {
            return at + 1;
        }
        if dash_end(signs, at).is_some() {
            return at;
        }
        at += 1;
    }
    at
}

/// Where a dash of hyphens between words ends that begins at `start`.
fn dash_end(signs: &[char], start: usize) -> Option<usize> {
    if start == 0 || !is_punctuated(signs[start - 1]) {
        return None;
    }
    let end = start + signs[start..].iter().take_while(|sign| **sign == '-').count();
    (end >= start + 2 && signs.get(end).is_some_and(|sign| is_word(*sign))).then_some(end)
}

fn is_punctuated(sign: char) -> bool {
    is_word(sign) || matches!(sign, '!' | '"' | '\'' | '&' | '.' | ',' | '?')
}

fn is_space(sign: char) -> bool {
    matches!(sign, '\t'..='\r' | ' ')
}

fn is_blank(chunk: &[char]) -> bool {
    chunk.iter().all(|sign| sign.is_whitespace())
}
