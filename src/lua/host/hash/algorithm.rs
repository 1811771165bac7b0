//! This type holds the digest algorithms behind one interface. It knows nothing of Lua.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh3::Xxh3;

/// What a digest is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Sha256,
    Sha1,
    Md5,
    Blake3,
    Xxh3,
}

/// The names that `hash.file` takes.
const NAMES: [(&str, Algorithm); 5] = [
    ("sha256", Algorithm::Sha256),
    ("sha1", Algorithm::Sha1),
    ("md5", Algorithm::Md5),
    ("blake3", Algorithm::Blake3),
    ("xxh3", Algorithm::Xxh3),
];

impl Algorithm {
    /// The algorithm with this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
    }
}

/// A digest in the making.
pub(super) enum Digest {
    Sha256(Sha256),
    Sha1(Sha1),
    Md5(Md5),
    Blake3(Box<blake3::Hasher>),
    Xxh3(Box<Xxh3>),
}

impl Digest {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            Algorithm::Md5 => Self::Md5(Md5::new()),
            Algorithm::Blake3 => Self::Blake3(Box::default()),
            Algorithm::Xxh3 => Self::Xxh3(Box::default()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(digest) => digest.update(bytes),
            Self::Sha1(digest) => digest.update(bytes),
            Self::Md5(digest) => digest.update(bytes),
            Self::Blake3(digest) => {
                digest.update(bytes);
            }
            Self::Xxh3(digest) => digest.update(bytes),
        }
    }

    /// The digest in hexadecimal.
    pub(super) fn finish(self) -> String {
        match self {
            Self::Sha256(digest) => hex(&digest.finalize()),
            Self::Sha1(digest) => hex(&digest.finalize()),
            Self::Md5(digest) => hex(&digest.finalize()),
            Self::Blake3(digest) => hex(digest.finalize().as_bytes()),
            Self::Xxh3(digest) => hex(&digest.digest().to_be_bytes()),
        }
    }
}

/// The HMAC with the algorithm of this name over pieces; `None` when HMAC is not defined with it here. The first piece that
/// is an error ends it.
pub(super) fn hmac<'p, E>(
    name: &str,
    key: &[u8],
    pieces: impl Iterator<Item = Result<&'p [u8], E>>,
) -> Result<Option<Vec<u8>>, E> {
    fn code<'p, M: Mac + KeyInit, E>(
        key: &[u8],
        pieces: impl Iterator<Item = Result<&'p [u8], E>>,
    ) -> Result<Option<Vec<u8>>, E> {
        let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Ok(None) };
        for piece in pieces {
            mac.update(piece?);
        }
        Ok(Some(mac.finalize().into_bytes().to_vec()))
    }
    match Algorithm::named(name) {
        Some(Algorithm::Sha256) => code::<Hmac<Sha256>, E>(key, pieces),
        Some(Algorithm::Sha1) => code::<Hmac<Sha1>, E>(key, pieces),
        Some(Algorithm::Md5) => code::<Hmac<Md5>, E>(key, pieces),
        Some(Algorithm::Blake3 | Algorithm::Xxh3) | None => Ok(None),
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// The start of a name, for messages.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(40).collect()
}
