//! `codec` turns bytes into text and back, and compresses and unpacks them. The worker's memory limit bounds what is
//! unpacked.

mod packed;
mod piece;
mod text;

use super::function::{Function, Module};

const BASE64: Module = Module("codec.base64");
const HEX: Module = Module("codec.hex");
const URL: Module = Module("codec.url");
const GZIP: Module = Module("codec.gzip");
const ZSTD: Module = Module("codec.zstd");

pub(super) const FUNCTIONS: &[Function] = &[
    BASE64
        .rust("encode", "(s: string, alphabet: (\"standard\" | \"url\")?): string", |bind| {
            bind.to(text::base64_encode)
        })
        .explained(
            "Base64 with padding; the alphabet `url` has `-` and `_`, and no padding.",
            r#"codec.base64.encode("hello!")"#,
            r#""aGVsbG8h""#,
        ),
    BASE64.rust("decode", "(s: string): string", |bind| bind.to(text::base64_decode)).explained(
        "The bytes of Base64 in either alphabet; padding may be missing, white space does not count.",
        r#"codec.base64.decode("aGVsbG8h")"#,
        r#""hello!""#,
    ),
    HEX.rust("encode", "(s: string): string", |bind| bind.to(text::hex_encode)).explained(
        "Two lower-case hexadecimal digits for each byte.",
        r#"codec.hex.encode("Az")"#,
        r#""417a""#,
    ),
    HEX.rust("decode", "(s: string): string", |bind| bind.to(text::hex_decode)).explained(
        "The bytes of hexadecimal digits in either case.",
        r#"codec.hex.decode("417A")"#,
        r#""Az""#,
    ),
    URL.rust("encode", "(s: string): string", |bind| bind.to(text::url_encode)).explained(
        "Percent-encodes everything but letters, digits and `-._~`, for one part of a URL.",
        r#"codec.url.encode("a b/ü")"#,
        r#""a%20b%2F%C3%BC""#,
    ),
    URL.rust("decode", "(s: string): string", |bind| bind.to(text::url_decode)).explained(
        "The bytes of a percent-encoded text; `+` stays, and so does a `%` that begins no code.",
        r#"codec.url.decode("a%20b%2Fc")"#,
        r#""a b/c""#,
    ),
    GZIP.rust("encode", "(s: string, level: number?): string", |bind| bind.to(packed::gzip)).explained(
        "Compressed with gzip; levels from 0 to 9, 6 if none is given. The same bytes give the same result.",
        r#"#codec.gzip.encode(string.rep("a", 1000)) < 100"#,
        "true",
    ),
    GZIP.rust("decode", "(s: string): string", |bind| bind.to(packed::gunzip)).explained(
        "Unpacks gzip, of several members too.",
        r#"codec.gzip.decode(codec.gzip.encode("hello"))"#,
        r#""hello""#,
    ),
    ZSTD.rust("encode", "(s: string, level: number?): string", |bind| bind.to(packed::zstd)).explained(
        "Compressed with zstd; levels from 1 to 19, 3 if none is given.",
        r#"#codec.zstd.encode(string.rep("a", 1000)) < 100"#,
        "true",
    ),
    ZSTD.rust("decode", "(s: string): string", |bind| bind.to(packed::unzstd)).explained(
        "Unpacks zstd, of several frames too.",
        r#"codec.zstd.decode(codec.zstd.encode("hello"))"#,
        r#""hello""#,
    ),
];
