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
        Self::find(label).ok_or_else(|| {
            let way_out = match meant(label) {
                Some(meant) => format!("; did you mean `{meant}`?"),
                None => ", such as `latin1`, `utf-16le` or `shift_jis`".to_owned(),
            };
            let label = label.escape_default();
            DataError::Usage(format!(
                "`encoding`: `{label}` is no label of the WHATWG Encoding Standard{way_out}"
            ))
        })
    }

    fn find(label: &str) -> Option<Self> {
        Encoding::for_label_no_replacement(label.as_bytes()).map(Self)
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

/// Names that programs have for encodings of the standard, without signs between their parts.
const OTHER_NAMES: [(&str, &str); 14] = [
    ("ansi", "windows-1252"),
    ("cp65001", "utf-8"),
    ("utf8bom", "utf-8"),
    ("utf8sig", "utf-8"),
    ("utf16", "utf-16le"),
    ("utf16le", "utf-16le"),
    ("utf16be", "utf-16be"),
    ("cp932", "shift_jis"),
    ("cp936", "gbk"),
    ("cp949", "euc-kr"),
    ("cp950", "big5"),
    ("latin9", "iso-8859-15"),
    ("macroman", "macintosh"),
    ("cp866", "ibm866"),
];

/// The label that is likely meant.
fn meant(label: &str) -> Option<String> {
    let parts = || label.split(|sign: char| !sign.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let [joined, dashed] = ["", "-"].map(|sign| parts().collect::<Vec<_>>().join(sign).to_ascii_lowercase());
    let other = OTHER_NAMES.iter().find(|(name, _)| *name == joined).map(|(_, label)| (*label).to_owned());
    other.or_else(|| [dashed, joined].into_iter().find(|one| TextEncoding::find(one).is_some()))
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

    #[test]
    fn what_is_no_label_may_be_one_of_another_program() {
        for (label, meant) in [
            ("latin-1", "; did you mean `latin1`?"),
            ("UTF_16_LE", "; did you mean `utf-16le`?"),
            ("Windows 1252", "; did you mean `windows-1252`?"),
            ("ANSI", "; did you mean `windows-1252`?"),
            ("utf-8-sig", "; did you mean `utf-8`?"),
            ("mac_roman", "; did you mean `macintosh`?"),
            ("ebcdic", ", such as `latin1`, `utf-16le` or `shift_jis`"),
        ] {
            let error =
                TextEncoding::of_label(label).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(
                error.ends_with(&format!("is no label of the WHATWG Encoding Standard{meant}")),
                "{error}"
            );
        }
    }
}
