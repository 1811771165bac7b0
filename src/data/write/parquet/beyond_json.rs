//! Numbers that JSON does not have come as texts where a source goes to a writer past no function. This module says what is
//! done with such a text.

use serde_json::Value;

use super::words::declare;
use crate::data::read::{Kind, NotANumber};

/// What texts are that a source may have in the place of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BeyondJson {
    /// Texts like any other.
    Texts,
    /// Numbers, where the column holds numbers, and texts elsewhere.
    Numbers,
    /// Nobody knows: a file of the source may have held texts and another one numbers.
    Refused,
}

impl BeyondJson {
    /// Refuses a text of which nobody knows what it is.
    pub(super) fn check(self, kind: Kind, value: &Value, path: &str) -> Result<(), String> {
        if self != Self::Refused {
            return Ok(());
        }
        let may_be = |text: &&str| {
            NotANumber::parse(text).is_some()
                || text.parse::<u64>().is_ok_and(|value| i64::try_from(value).is_err())
        };
        let Some(text) = value.as_str().filter(may_be) else { return Ok(()) };
        Err(format!(
            "column `{path}` holds {}, and this one is `{text}`, which may be a text or a number: the files of the source do not agree on the type{}",
            kind.word(),
            declare(path)
        ))
    }
}
