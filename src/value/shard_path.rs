//! A shard path names a shard so that nobody can mean different items by it: `17+3` goes on where `17+2` ended, `17+3.0` and
//! `17+3.1` are children of what `17+3` has left.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Digits of a number in a path, at most.
const DIGITS_MAX: usize = 9;
/// Letters of a path, at most: it is a part of the names of files.
const LETTERS_MAX: usize = 160;

/// The name of a shard: numbers without leading zeros, the first one alone, each other one behind `+` (it continues the one
/// before) or `.` (it is a child of its rest).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShardPath(String);

impl ShardPath {
    /// A shard of the first cut, from 0.
    pub fn first_cut(number: u32) -> Self {
        Self(number.to_string())
    }

    /// The shard that goes on where this one ends: `17` → `17+1` → `17+2`. `None`: the path would be too long.
    pub fn next(&self) -> Option<Self> {
        let path = match self.0.rfind(['+', '.']) {
            Some(at) if self.0.as_bytes()[at] == b'+' => {
                let number: u64 = self.0[at + 1..].parse().ok()?;
                format!("{}+{}", &self.0[..at], number + 1)
            }
            _ => format!("{self}+1"),
        };
        path.parse().ok()
    }

    /// A child of the rest of this one, from 0. `None`: the path would be too long.
    pub fn child(&self, number: u32) -> Option<Self> {
        format!("{self}.{number}").parse().ok()
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShardPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ShardPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_number = |number: &str| {
            let digits =
                (1..=DIGITS_MAX).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
            digits && (number == "0" || !number.starts_with('0'))
        };
        // What continues a shard is counted from 1.
        let is_right = text.len() <= LETTERS_MAX
            && text.split(['+', '.']).all(is_number)
            && !text.split('+').skip(1).any(|rest| rest.split('.').next() == Some("0"));
        if is_right { Ok(Self(text.to_owned())) } else { Err(format!("`{text}` names no shard")) }
    }
}

impl TryFrom<String> for ShardPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ShardPath> for String {
    fn from(path: ShardPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_strict() {
        for text in ["0", "17", "17+1", "17+3.0", "17+3.0+2", "17.11.0"] {
            assert_eq!(text.parse::<ShardPath>().map(|path| path.to_string()), Ok(text.to_owned()));
        }
        let long = ["1"; 100].join(".");
        for text in [
            "",
            "017",
            "+1",
            "17+",
            "17+0",
            "17+01",
            "17..0",
            "17 ",
            "17.1.24500.65aea0adbf34x",
            "-1",
            "1234567890",
            &*long,
        ] {
            assert_eq!(text.parse::<ShardPath>(), Err(format!("`{text}` names no shard")));
        }
    }

    #[test]
    fn a_shard_is_continued_and_has_children() {
        let path = |text: &str| text.parse::<ShardPath>().expect(text);
        assert_eq!(ShardPath::first_cut(17).next(), Some(path("17+1")));
        assert_eq!(path("17+9").next(), Some(path("17+10")));
        assert_eq!(path("17+3.0").next(), Some(path("17+3.0+1")));
        assert_eq!(path("17+3").child(1), Some(path("17+3.1")));
        let mut deep = path("1");
        while let Some(child) = deep.child(999_999_999) {
            deep = child;
        }
        assert_eq!(deep.child(0).is_some(), deep.as_str().len() + 2 <= LETTERS_MAX);
    }
}
