//! This type names the encoding of a text file. Decoding is left to `read`.

use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::data::DataError;

/// An encoding of the WHATWG Encoding Standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextEncoding(&'static Encoding);

impl TextEncoding {
    /// The encoding that a label of the standard stands for: `latin1`, `windows-1252`, `shift_jis`.
    ///
    /// # Errors
    /// Fails when the standard has no such label.
    pub fn of_label(label: &str) -> Result<Self, DataError> {
        Encoding::for_label_no_replacement(label.as_bytes()).map(Self).ok_or_else(|| {
            DataError::Usage(format!(
                "`encoding`: `{}` is no label of the WHATWG Encoding Standard, such as `latin1`, `utf-16le` or `shift_jis`",
                label.escape_default()
            ))
        })
    }

    /// Its name in the standard, for messages.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Whether the text needs no decoding.
    pub(super) fn is_utf8(self) -> bool {
        self.0 == UTF_8
    }

    /// What the first bytes of a file say of its encoding, and how many bytes say it.
    pub(super) fn of_mark(bytes: &[u8]) -> Option<(Self, usize)> {
        let marks: [(&[u8], _); 3] =
            [(b"\xEF\xBB\xBF", UTF_8), (b"\xFF\xFE", UTF_16LE), (b"\xFE\xFF", UTF_16BE)];
        let found = marks.into_iter().find(|(mark, _)| bytes.starts_with(mark));
        found.map(|(mark, encoding)| (Self(encoding), mark.len()))
    }

    /// A decoder of text behind the mark.
    pub(super) fn decoder(self) -> Decoder {
        self.0.new_decoder_without_bom_handling()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_the_standard() {
        let name = |label| TextEncoding::of_label(label).map(TextEncoding::name).ok();
        assert_eq!(name("latin1"), Some("windows-1252"));
        assert_eq!(name(" UTF-16 "), Some("UTF-16LE"));
        assert_eq!(name("Shift_JIS"), Some("Shift_JIS"));
        assert_eq!(name("utf8"), Some("UTF-8"));
        // The standard gives it a decoder that reads nothing.
        assert_eq!(name("iso-2022-kr"), None);
        assert_eq!(name(""), None);
    }
}
