//! Ids are the names of pipelines, steps and parameters.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// Pattern of an id: names of pipelines, steps and parameters.
pub(super) const ID: &str = "^[A-Za-z_][A-Za-z0-9_-]*$";
/// Pattern of an input.
pub(super) const INPUT: &str = r"^[A-Za-z_][A-Za-z0-9_-]*(?:\.failed)?$";

/// Whether a text is an id.
pub fn is_id(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Whether a text is an input: an id, or `ID.failed`.
pub(super) fn is_input(text: &str) -> bool {
    is_id(text.strip_suffix(".failed").unwrap_or(text))
}

/// A type of text that is an id; `$wanted` says in messages what it names, `$place` where that stands, for editors.
macro_rules! id_text {
    ($(#[$doc:meta])* $name:ident, $wanted:literal, $place:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(pub String);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                if is_id(&text) { Ok(Self(text)) } else { Err(D::Error::custom(concat!("not ", $wanted))) }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "pattern": ID,
                    "patternErrorMessage": concat!($wanted, $place),
                })
            }
        }
    };
}

id_text!(
    /// The id of another step.
    StepName,
    "the id of a step",
    ""
);

id_text!(
    /// The name of a policy that steps share.
    PolicyName,
    "the name of a policy",
    " under `policies`"
);

/// What another step gives: its id, or `ID.failed` for the items that failed there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputName(pub String);

impl<'de> Deserialize<'de> for InputName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if is_input(&text) {
            Ok(Self(text))
        } else {
            Err(D::Error::custom("not the id of a step, nor `ID.failed`"))
        }
    }
}

impl JsonSchema for InputName {
    fn schema_name() -> Cow<'static, str> {
        "InputName".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let wanted = "the id of a step, or `ID.failed` for the items that failed there";
        json_schema!({ "type": "string", "pattern": INPUT, "patternErrorMessage": wanted })
    }
}
