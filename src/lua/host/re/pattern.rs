//! Patterns: text in, compiled expression out, once for each VM.

use std::rc::Rc;

use mlua::Value;
use regex::bytes::{Regex, RegexBuilder};

use crate::lua::host::call::Call;

/// Bytes one compiled pattern may take; a Unicode class such as `\w` takes some 20 kB.
const PROGRAM_BYTES: usize = 2 << 20;

/// Longest pattern: what the parser makes of one takes a hundred times as much.
const PATTERN_BYTES: usize = 1 << 16;

/// Bytes of the cache with which a pattern is matched.
const CACHE_BYTES: usize = 2 << 20;

/// The argument `at` as a compiled expression: a string, or what `re.compile` gave.
pub(super) fn pattern(call: &Call<'_>, at: usize, value: &Value) -> mlua::Result<Rc<Regex>> {
    if let Value::Table(compiled) = value {
        let text: Value = compiled.raw_get("pattern")?;
        return if text.is_string() { by_text(call, at, &text) } else { Err(call.bad(at, "string", value)) };
    }
    by_text(call, at, value)
}

fn by_text(call: &Call<'_>, at: usize, value: &Value) -> mlua::Result<Rc<Regex>> {
    let text = call.text(at, value)?;
    if text.len() > PATTERN_BYTES {
        return Err(call.bad_because(at, &format!("a pattern of at most {PATTERN_BYTES} bytes expected")));
    }
    call.state.patterns.get(&text, || {
        RegexBuilder::new(&text)
            .size_limit(PROGRAM_BYTES)
            .dfa_size_limit(CACHE_BYTES)
            .build()
            .map_err(|error| call.bad_because(at, &why(&text, &error)))
    })
}

/// The parser's message has several lines with a marker; the last one says what is wrong.
fn why(pattern: &str, error: &regex::Error) -> String {
    let full = error.to_string();
    let last = full.lines().last().unwrap_or_default();
    let reason = last.strip_prefix("error: ").unwrap_or(last);
    let shown: String = pattern.chars().take(80).collect();
    format!("bad regular expression `{shown}`: {reason}")
}
