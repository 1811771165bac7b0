//! This module compiles patterns: text goes in, a compiled expression comes out, once for each VM.

use std::cell::OnceCell;
use std::rc::Rc;

use mlua::Value;
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};

use super::sliced::{NEST_MAX, Sliced};
use crate::lua::host::call::Call;
use crate::lua::host::compiled::Compiled;

/// Bytes one compiled pattern may take; a Unicode class such as `\w` takes some 20 kB.
const PROGRAM_BYTES: usize = 2 << 20;

/// Longest pattern: what the parser makes of one takes a hundred times as much.
const PATTERN_BYTES: usize = 1 << 16;

/// Bytes of the cache with which a pattern is matched.
const CACHE_BYTES: usize = 2 << 20;

/// Places times groups of a pattern: the slowest way to match keeps each group's ends for each place, 32 bytes.
const GROUP_ENDS_MAX: usize = 4 << 20;

/// A compiled pattern.
pub(super) struct Pattern {
    pub(super) regex: Regex,
    text: Box<str>,
    /// Places in the pattern that a match may be at, about: the most steps for one byte of text.
    pub(super) places: usize,
    sliced: OnceCell<Option<Sliced>>,
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(text)
            .size_limit(PROGRAM_BYTES)
            .dfa_size_limit(CACHE_BYTES)
            .nest_limit(NEST_MAX)
            .build()
            .map_err(|error| why(text, &error))?;
        let parser = regex_syntax::ParserBuilder::new().utf8(false).nest_limit(NEST_MAX).build().parse(text);
        let places = parser.map_or(usize::MAX, |hir| places(&hir));
        if places.saturating_mul(regex.captures_len()) > GROUP_ENDS_MAX && regex.captures_len() > 1 {
            let groups = regex.captures_len() - 1;
            return Err(format!(
                "the pattern is too large for {groups} groups; `(?:…)` groups without capturing"
            ));
        }
        Ok(Self { regex, text: text.into(), places, sliced: OnceCell::new() })
    }

    /// The same pattern in a form whose searches can be stopped.
    pub(super) fn sliced(&self) -> Option<&Sliced> {
        self.sliced.get_or_init(|| Sliced::new(&self.text)).as_ref()
    }
}

/// Places in an expression with its repetitions written out. Recurses as deep as the parser allows.
fn places(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty => 0,
        HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        // A character of a class has up to four bytes.
        HirKind::Class(_) => 4,
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min.saturating_add(1)).max(1);
            places(&repetition.sub).saturating_add(1).saturating_mul(times as usize)
        }
        HirKind::Capture(capture) => places(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(1, |sum: usize, part| sum.saturating_add(places(part)))
        }
    }
}

/// The argument `at` as a compiled expression: a string, or what `re.compile` gave.
pub(super) fn pattern(call: &Call<'_>, at: usize, value: &Value) -> mlua::Result<Rc<Pattern>> {
    if let Value::Table(compiled) = value {
        let text: Value = compiled.raw_get("pattern")?;
        return if text.is_string() { by_text(call, at, &text) } else { Err(call.bad(at, "string", value)) };
    }
    by_text(call, at, value)
}

fn by_text(call: &Call<'_>, at: usize, value: &Value) -> mlua::Result<Rc<Pattern>> {
    let text = call.text(at, value)?;
    if text.len() > PATTERN_BYTES {
        return Err(call.bad_because(at, &format!("a pattern of at most {PATTERN_BYTES} bytes expected")));
    }
    let compiled = call.state.kept::<Compiled<Pattern>>();
    compiled.get(&text, || Pattern::new(&text).map_err(|why| call.bad_because(at, &why)))
}

/// The parser's message has several lines with a marker; the last one says what is wrong.
fn why(pattern: &str, error: &regex::Error) -> String {
    let full = error.to_string();
    let last = full.lines().last().unwrap_or_default();
    let reason = last.strip_prefix("error: ").unwrap_or(last);
    let shown: String = pattern.chars().take(80).collect();
    format!("bad regular expression `{shown}`: {reason}")
}
