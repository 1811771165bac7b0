//! `re` holds regular expressions in the syntax of Rust's `regex` crate, which matches in linear time.
//!
//! They work on any bytes, with Unicode classes; places are in bytes, as `string.find` and `string.sub` count them.
//! Patterns are compiled once for each VM. Functions and tables as replacements are handled in `re.luau`.

mod matching;
mod pattern;
mod replace;
mod search;
mod sliced;
mod threads;

use matching::{check, find, find_all, matched, split, step};
use replace::expand;

use super::function::{Function, Module};
use super::luau::{Luau, Native};
use crate::lua::own_code;

const RE: Module = Module("re");
/// What `re.compile` returns.
const COMPILED: Module = Module("Compiled");

/// Replacing, which calls back into Lua, and the methods of a compiled pattern.
pub(super) static LUAU: Luau = Luau::new(
    "re",
    &own_code::RE,
    &[
        Native::new("match", "re", "match", |bind| bind.to(matched)),
        Native::new("find", "re", "find", |bind| bind.to(find)),
        Native::new("find_all", "re", "find_all", |bind| bind.to(find_all)),
        Native::new("split", "re", "split", |bind| bind.to(split)),
        Native::new("check", "re", "compile", |bind| bind.to(check)),
        Native::new("step", "re", "gsub", |bind| bind.to(step)),
        Native::new("expand", "re", "gsub", |bind| bind.to(expand)),
    ],
);

pub(super) const FUNCTIONS: &[Function] = &[
    RE.rust("match", "(s: string, pattern: Pattern): {[number | string]: string}?", |bind| bind.to(matched)).explained(
        "The first match: its captures by number and by name, the whole match as number 0 (and 1 when the pattern has \
         no groups); nil when nothing matches.",
        r#"re.match("born 1815-12-10", [[(?<year>\d{4})-(\d\d)]])"#,
        r#"{[0] = "1815-12", "1815", "12", year = "1815"}"#,
    ),
    RE.rust("find", "(s: string, pattern: Pattern, init: number?): (number?, number?)", |bind| bind.to(find))
        .explained(
            "First and last byte of the first match from byte `init`; nil when nothing matches.",
            r#"re.find("abc 123", [[\d+]])"#,
            "5, 7",
        ),
    RE.rust("find_all", "(s: string, pattern: Pattern): {any}", |bind| bind.to(find_all)).explained(
        "All matches: strings when the pattern has no groups, else what `re.match` gives for each.",
        r#"re.find_all("a1 b22", [[\d+]])"#,
        r#"{"1", "22"}"#,
    ),
    RE.luau("gsub", "(s: string, pattern: Pattern, replacement: string | table | function, max: number?): (string, number)")
        .explained(
            "Replaces all matches, at most `max` of them, and tells how many. `$1`, `${name}` and `$$` in a string \
             stand for captures and a dollar, a group that the pattern does not have is an error; a table is asked for, and a function called with, the captures or the \
             whole match; nil or false keeps it.",
            r#"re.gsub("John Smith", [[(\w+) (\w+)]], "$2, $1")"#,
            r#""Smith, John", 1"#,
        ),
    RE.rust("split", "(s: string, pattern: Pattern, max: number?): {string}", |bind| bind.to(split)).explained(
        "The pieces between the matches, at most `max` of them.",
        r#"re.split("a1b22c", [[\d+]])"#,
        r#"{"a", "b", "c"}"#,
    ),
    RE.luau("compile", "(pattern: string): Compiled").explained(
        "An object with the other functions as methods, for patterns built in `setup`; a bad pattern fails at once. A \
         pattern has at most 64 KiB, 2 MiB compiled, 250 levels of groups and about 1000 groups; searches end at the deadline.",
        r#"re.compile([[\d+]]):find("abc 123")"#,
        "5, 7",
    ),
    COMPILED.given("match", "(self: Compiled, s: string): {[number | string]: string}?").explained(
        "As `re.match`.",
        r#"re.compile([[(\d)\d]]):match("a12")"#,
        r#"{[0] = "12", "1"}"#,
    ),
    COMPILED.given("find", "(self: Compiled, s: string, init: number?): (number?, number?)").explained(
        "As `re.find`.",
        r#"re.compile([[\d+]]):find("abc 123")"#,
        "5, 7",
    ),
    COMPILED.given("find_all", "(self: Compiled, s: string): {any}").explained(
        "As `re.find_all`.",
        r#"re.compile([[\d]]):find_all("a12")"#,
        r#"{"1", "2"}"#,
    ),
    COMPILED
        .given(
            "gsub",
            "(self: Compiled, s: string, replacement: string | table | function, max: number?): (string, number)",
        )
        .explained("As `re.gsub`.", r#"re.compile([[\d]]):gsub("a12", "<$0>")"#, r#""a<1><2>", 2"#),
    COMPILED.given("split", "(self: Compiled, s: string, max: number?): {string}").explained(
        "As `re.split`.",
        r#"re.compile([[\d]]):split("a1b2c")"#,
        r#"{"a", "b", "c"}"#,
    ),
];
