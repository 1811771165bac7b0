//! Ids are the names of pipelines, steps and parameters.

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
