//! One strict reader of JSON text, used wherever item text is read, so that no two places disagree on what is JSON.

/// What is wrong with a text, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Byte in the text.
    pub offset: usize,
    /// Lower case, no period.
    pub message: String,
}

/// Whether `text` is exactly one JSON value (white space around it allowed) that flowrun can carry.
pub fn validate(text: &[u8]) -> Result<(), JsonError> {
    match serde_json::from_slice::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(JsonError { offset: error.column(), message: error.to_string() }),
    }
}
