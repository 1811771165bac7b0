//! `hash` makes digests in lower-case hexadecimal, of strings and of files.

mod algorithm;
mod file;

use mlua::Value;

use super::call::Call;
use super::function::{Function, Module};
use algorithm::{Algorithm, Digest, hex};

const HASH: Module = Module("hash");

pub(super) const FUNCTIONS: &[Function] = &[
    HASH.rust("sha256", "(s: string): string", |bind| bind.to(|call, s| digest(call, s, Algorithm::Sha256)))
        .explained(
            "SHA-256 of a string.",
            r#"hash.sha256("abc")"#,
            r#""ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#,
        ),
    HASH.rust("sha1", "(s: string): string", |bind| bind.to(|call, s| digest(call, s, Algorithm::Sha1)))
        .explained(
            "SHA-1 of a string; for old formats only, it is broken.",
            r#"hash.sha1("abc")"#,
            r#""a9993e364706816aba3e25717850c26c9cd0d89d""#,
        ),
    HASH.rust("md5", "(s: string): string", |bind| bind.to(|call, s| digest(call, s, Algorithm::Md5)))
        .explained(
            "MD5 of a string; for old formats only, it is broken.",
            r#"hash.md5("abc")"#,
            r#""900150983cd24fb0d6963f7d28e17f72""#,
        ),
    HASH.rust("blake3", "(s: string): string", |bind| bind.to(|call, s| digest(call, s, Algorithm::Blake3)))
        .explained(
            "BLAKE3 of a string: as safe as SHA-256 and several times as fast.",
            r#"hash.blake3("abc")"#,
            r#""6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85""#,
        ),
    HASH.rust("xxh3", "(s: string): string", |bind| bind.to(|call, s| digest(call, s, Algorithm::Xxh3)))
        .explained(
            "XXH3 (64 bits) of a string: the fastest, for keys and sampling, not against attackers.",
            r#"hash.xxh3("abc")"#,
            r#""78af5f94892f3950""#,
        ),
    HASH.rust("file", "(path: string, algorithm: string?): string", |bind| bind.to(file::file)).explained(
        "The digest of a file that may be read, in pieces; `sha256` if no algorithm is given.",
        r#"hash.file("abc.txt", "md5")"#,
        r#""900150983cd24fb0d6963f7d28e17f72""#,
    ),
    HASH.rust("hmac", "(algorithm: string, key: string, s: string): string", |bind| bind.to(hmac)).explained(
        "The HMAC of a string with `sha256`, `sha1` or `md5`.",
        r#"hash.hmac("sha256", "key", "abc")"#,
        r#""9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab""#,
    ),
];

/// Bytes digested between two checkpoints.
const PIECE_BYTES: usize = 1 << 20;

fn digest(call: &Call<'_>, s: &Value, algorithm: Algorithm) -> mlua::Result<String> {
    let bytes = call.bytes(1, s)?;
    let mut digest = Digest::new(algorithm);
    for (at, piece) in bytes.chunks(PIECE_BYTES).enumerate() {
        if at > 0 {
            call.checkpoint()?;
        }
        digest.update(piece);
    }
    Ok(digest.finish())
}

fn hmac(call: &Call<'_>, (algorithm, key, s): &(Value, Value, Value)) -> mlua::Result<String> {
    let name = call.text(1, algorithm)?;
    let key = call.bytes(2, key)?;
    let bytes = call.bytes(3, s)?;
    let pieces = bytes.chunks(PIECE_BYTES).map(|piece| call.checkpoint().map(|()| piece));
    algorithm::hmac(&name, &key, pieces)?.map(|code| hex(&code)).ok_or_else(|| {
        call.bad_because(1, &format!("`sha256`, `sha1` or `md5` expected, got `{}`", algorithm::shown(&name)))
    })
}
