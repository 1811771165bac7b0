//! A fault is what is wrong with a text; its words are found when the reading has ended.

/// How deep arrays and objects may nest. Real data does not nest so deep, and a reader that recurses must end somewhere
/// before the thread's stack does.
pub const DEPTH_MAX: usize = 512;

const NOT_UTF8: &str = "the text is not valid UTF-8";

/// What is wrong with a text, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Byte in the text.
    pub offset: usize,
    /// Lower case, no period.
    pub message: String,
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.message, self.offset + 1)
    }
}

impl std::error::Error for JsonError {}

/// What is wrong, without the words: small and plain, because every value on the fast path returns one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonFault {
    Value,
    Key,
    Colon,
    ArrayEnd,
    ObjectEnd,
    Trailing,
    Depth,
    Number,
    IntegerRange,
    FloatTooLarge,
    FloatTooSmall,
    Unterminated,
    Control,
    Escape,
    Hex,
    Surrogate,
    NotUtf8,
}

impl JsonFault {
    /// What is wrong at `offset` of this text. Text that is not UTF-8 is no text, whatever else is wrong with it.
    #[cold]
    pub(super) fn explain(self, text: &[u8], offset: usize) -> JsonError {
        match std::str::from_utf8(text) {
            Ok(text) => self.explain_in(text, offset),
            Err(error) => JsonError { offset: error.valid_up_to(), message: NOT_UTF8.to_owned() },
        }
    }

    fn explain_in(self, text: &str, offset: usize) -> JsonError {
        let found = match text.get(offset..).and_then(|rest| rest.chars().next()) {
            None => "the end of the text".to_owned(),
            Some(character) => format!("`{}`", character.escape_debug()),
        };
        let message = match self {
            Self::Value => format!("expected a value, found {found}"),
            Self::Key => format!("expected a key in double quotes, found {found}"),
            Self::Colon => format!("expected `:`, found {found}"),
            Self::ArrayEnd => format!("expected `,` or `]`, found {found}"),
            Self::ObjectEnd => format!("expected `,` or `}}`, found {found}"),
            Self::Trailing => format!("unexpected {found} after the value"),
            Self::Depth => format!("nested deeper than {DEPTH_MAX} levels"),
            Self::Number => format!("invalid number, found {found}"),
            Self::IntegerRange => {
                "the integer does not fit into 64 bits; quote it to keep it as a string".to_owned()
            }
            Self::FloatTooLarge => {
                "the number is too large for a 64-bit float; quote it to keep it as a string".to_owned()
            }
            Self::FloatTooSmall => {
                "the number is too small for a 64-bit float; quote it to keep it as a string".to_owned()
            }
            Self::Unterminated => "the string has no closing quote".to_owned(),
            Self::Control => format!("control character {found} in a string must be escaped"),
            Self::Escape => format!("unknown escape `\\` followed by {found}"),
            Self::Hex => "`\\u` needs four hexadecimal digits".to_owned(),
            Self::Surrogate => "`\\u` names half of a surrogate pair".to_owned(),
            Self::NotUtf8 => NOT_UTF8.to_owned(),
        };
        JsonError { offset, message }
    }
}
