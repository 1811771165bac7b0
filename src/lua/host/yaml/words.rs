//! This module says in words why a text cannot be read as YAML.

use granit_parser::ErrorKind;

use crate::value::scalar::Unfit;

/// Why it is no YAML.
pub(super) fn syntax(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::InvalidIndentation | ErrorKind::InvalidQuotedScalarIndent => {
            "a line in brackets or quotes is not indented further than the key or `-` that it belongs to"
                .to_owned()
        }
        ErrorKind::TabInIndentation => "a tab is used for indentation".to_owned(),
        kind => kind.to_string(),
    }
}

/// Why a scalar has no value.
pub(super) fn unfit(unfit: Unfit, text: &str) -> String {
    let text = shown(text);
    match unfit {
        Unfit::BigInteger => {
            format!("the integer `{text}` does not fit into 64 bits; quote it to keep it as a string")
        }
        Unfit::NotFinite => format!("`{text}` is not a finite number; quote it to keep it as a string"),
        Unfit::TooSmall => {
            format!("`{text}` is too small for a 64-bit float; quote it to keep it as a string")
        }
        Unfit::Tag => format!("`{text}` does not fit to its tag"),
    }
}

/// The start of a text, for messages.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}
