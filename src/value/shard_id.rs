//! The id of a shard is a path: `17+3` goes on where `17+2` ended, and `17+3.0` is the first child of what `17+3` left. So one
//! id never means different items. It is also a file's name, and is read as strictly as it is written.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest id: names of files hold 255 bytes, and the number of an attempt and an ending stand behind it.
const BYTES_MAX: usize = 200;

/// One part of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Part {
    /// Which child it is, or which shard of the first cut.
    number: u32,
    /// How many records of the same chain come before it.
    link: u32,
}

/// The name of a shard, at least one part long.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(Box<[Part]>);

impl ShardId {
    /// A shard of the first cut, from 0.
    pub fn first_cut(number: u32) -> Self {
        Self(Box::new([Part { number, link: 0 }]))
    }

    /// Reads an id. `None`: it is none, or is written in another way than ids are.
    pub fn parse(text: &str) -> Option<Self> {
        let part = |part: &str| match part.split_once('+') {
            Some((number, link)) => {
                let link = digits(link).filter(|link| *link > 0)?;
                Some(Part { number: digits(number)?, link })
            }
            None => Some(Part { number: digits(part)?, link: 0 }),
        };
        if text.len() > BYTES_MAX {
            return None;
        }
        Some(Self(text.split('.').map(part).collect::<Option<_>>()?))
    }

    /// The shard that goes on where this one ended. `None`: the name would be too long.
    pub fn next(&self) -> Option<Self> {
        let mut parts = self.0.clone();
        let last = parts.last_mut()?;
        last.link = last.link.checked_add(1)?;
        Self(parts).short()
    }

    /// A child of what this one left, from 0. `None`: the name would be too long.
    pub fn child(&self, number: u32) -> Option<Self> {
        let part = Part { number, link: 0 };
        Self(self.0.iter().copied().chain([part]).collect()).short()
    }

    fn short(self) -> Option<Self> {
        Some(self).filter(|id| id.to_string().len() <= BYTES_MAX)
    }

    /// How many records of its chain come before it.
    pub fn link(&self) -> u32 {
        self.0[self.0.len() - 1].link
    }

    /// The first shard of its chain.
    #[must_use]
    pub fn stem(&self) -> Self {
        let mut parts = self.0.clone();
        if let Some(last) = parts.last_mut() {
            last.link = 0;
        }
        Self(parts)
    }

    /// The shard whose rest it is a child's chain of. `None`: it belongs to the first cut.
    pub fn parent(&self) -> Option<Self> {
        let (_, parents) = self.0.split_last()?;
        (!parents.is_empty()).then(|| Self(parents.into()))
    }
}

/// A number as it is written, without leading zeroes.
fn digits(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            write!(f, "{dot}{}", part.number)?;
            if part.link > 0 {
                write!(f, "+{}", part.link)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for ShardId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| format!("`{text}` names no shard"))
    }
}

impl Serialize for ShardId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ShardId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written() {
        for text in ["0", "17", "17+3", "17+3.0", "4294967295", "17+3.0+2.1"] {
            assert_eq!(ShardId::parse(text).map(|id| id.to_string()).as_deref(), Some(text));
        }
        let strangers = [
            "",
            "+",
            ".",
            "017",
            "17+0",
            "17+03",
            "17+",
            "+3",
            "17.",
            ".17",
            "17..1",
            "-1",
            "17+3+1",
            "17 ",
            "١",
            "4294967296",
            "00000.24500.65aea0adbf34",
            "17.tmp",
            "17+-1",
            "17/3",
        ];
        for text in strangers {
            assert_eq!(ShardId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ids_follow_from_each_other() {
        let id = ShardId::first_cut(17);
        let next = id.next().and_then(|id| id.next()).expect("short");
        let child = next.child(3).and_then(|id| id.next()).expect("short");
        assert_eq!((next.to_string(), child.to_string()), ("17+2".to_owned(), "17+2.3+1".to_owned()));
        assert_eq!((child.parent(), id.parent()), (Some(next.clone()), None));
        assert_eq!((child.stem().to_string(), next.stem()), ("17+2.3".to_owned(), id));
        assert_eq!((child.link(), next.link()), (1, 2));
    }

    #[test]
    fn names_stay_names_of_files() {
        let (mut id, mut depth) = (ShardId::first_cut(0), 0);
        while let Some(child) = id.child(9) {
            (id, depth) = (child, depth + 1);
        }
        assert_eq!((id.to_string().len(), depth), (199, 99));
        assert_eq!(ShardId::parse(&id.to_string()), Some(id.clone()));
        assert_eq!(ShardId::parse(&format!("{id}.0")), None);
    }
}
