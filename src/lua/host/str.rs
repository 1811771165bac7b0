//! `str` works on text by characters (Unicode scalar values) instead of bytes.
//!
//! Functions that only compare, cut or collapse take any bytes; those that count or change characters refuse strings
//! that are not UTF-8. The `re` module handles patterns.

mod characters;
mod distance;
mod pieces;
mod space;

use super::function::{Function, Module};

const STR: Module = Module("str");

pub(super) const FUNCTIONS: &[Function] = &[
    STR.rust("trim", "(s: string): string", |bind| bind.to(space::trim)).explained(
        "Removes Unicode white space at both ends.",
        r#"str.trim("  a b\n")"#,
        r#""a b""#,
    ),
    STR.rust("ltrim", "(s: string): string", |bind| bind.to(space::ltrim)).explained(
        "Removes Unicode white space at the start.",
        r#"str.ltrim("  a ")"#,
        r#""a ""#,
    ),
    STR.rust("rtrim", "(s: string): string", |bind| bind.to(space::rtrim)).explained(
        "Removes Unicode white space at the end.",
        r#"str.rtrim(" a  ")"#,
        r#"" a""#,
    ),
    STR.rust("split", "(s: string, separator: string?, max: number?): {string}", |bind| bind.to(pieces::split))
        .explained(
            "The pieces between separators, at most `max` of them; without a separator, the pieces between runs of \
             white space; with an empty one, the characters.",
            r#"str.split("a, b, c", ", ")"#,
            r#"{"a", "b", "c"}"#,
        ),
    STR.rust("lines", "(s: string): {string}", |bind| bind.to(pieces::lines)).explained(
        "The lines, without their LF or CRLF; a line feed at the very end starts no further line.",
        r#"str.lines("a\r\nb\n")"#,
        r#"{"a", "b"}"#,
    ),
    STR.rust("squeeze", "(s: string): string", |bind| bind.to(space::squeeze)).explained(
        "Makes each run of Unicode white space one space, and removes it at both ends.",
        r#"str.squeeze(" a \n  b ")"#,
        r#""a b""#,
    ),
    STR.rust("starts_with", "(s: string, prefix: string): boolean", |bind| bind.to(pieces::starts_with)).explained(
        "Whether `s` begins with `prefix`.",
        r#"str.starts_with("flow.yaml", "flow")"#,
        "true",
    ),
    STR.rust("ends_with", "(s: string, suffix: string): boolean", |bind| bind.to(pieces::ends_with)).explained(
        "Whether `s` ends with `suffix`.",
        r#"str.ends_with("flow.yaml", ".yml")"#,
        "false",
    ),
    STR.rust("contains", "(s: string, part: string): boolean", |bind| bind.to(pieces::contains)).explained(
        "Whether `part` occurs in `s`, as plain text.",
        r#"str.contains("a+b", "+b")"#,
        "true",
    ),
    STR.rust("len", "(s: string): number", |bind| bind.to(characters::len)).explained(
        "How many characters `s` has.",
        r#"str.len("héllo")"#,
        "5",
    ),
    STR.rust("sub", "(s: string, first: number, last: number?): string", |bind| bind.to(characters::sub)).explained(
        "The characters from `first` to `last`; negative places count from the end, as in `string.sub`.",
        r#"str.sub("héllo", 2, -2)"#,
        r#""éll""#,
    ),
    STR.rust("lower", "(s: string): string", |bind| bind.to(characters::lower)).explained(
        "In lower case, for all scripts.",
        r#"str.lower("ÄRGER")"#,
        r#""ärger""#,
    ),
    STR.rust("upper", "(s: string): string", |bind| bind.to(characters::upper)).explained(
        "In upper case, for all scripts.",
        r#"str.upper("straße")"#,
        r#""STRASSE""#,
    ),
    STR.rust("normalize", "(s: string, form: string?): string", |bind| bind.to(characters::normalize)).explained(
        "The Unicode normalization form `NFC` (default), `NFD`, `NFKC` or `NFKD`.",
        r#"str.normalize("e\u{301}", "NFC")"#,
        r#""é""#,
    ),
    STR.rust("slug", "(s: string): string", |bind| bind.to(characters::slug)).explained(
        "Lower-case ASCII letters and digits with single hyphens between, for file names and URLs.",
        r#"str.slug("Über uns & mehr")"#,
        r#""uber-uns-mehr""#,
    ),
    STR.rust("truncate", "(s: string, max: number, suffix: string?): string", |bind| bind.to(characters::truncate))
        .explained(
            "At most `max` characters; what is cut off is replaced by the suffix (`…`), which counts.",
            r#"str.truncate("hello world", 8)"#,
            r#""hello w…""#,
        ),
    STR.rust("words", "(s: string): {string}", |bind| bind.to(pieces::words)).explained(
        "The words by Unicode's rules (UAX #29), without punctuation and white space.",
        r#"str.words("Don't panic, it's 3.5!")"#,
        r#"{"Don't", "panic", "it's", "3.5"}"#,
    ),
    STR.rust("distance", "(a: string, b: string): number", |bind| bind.to(distance::distance)).explained(
        "Levenshtein distance: how many characters to insert, delete or replace.",
        r#"str.distance("kitten", "sitting")"#,
        "3",
    ),
];
