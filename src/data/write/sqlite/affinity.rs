//! A column of a table that is there already may turn a value into another one when it is stored. Such values are refused.

use super::row::Cell;

/// Whole numbers up to this are exact as floats.
const EXACT_MAX: u64 = 1 << 53;

/// What a column does to the values that it is given. See <https://www.sqlite.org/datatype3.html>, section 3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    /// It leaves values as they are, or makes texts of numbers, which read as they did.
    Keeps,
    /// It makes numbers of texts that look like some.
    Numbers,
    /// It makes floats of all numbers, too.
    Floats,
}

impl Affinity {
    /// That of a column of this declared type.
    pub(super) fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let holds = |words: &[&str]| words.iter().any(|word| declared.contains(word));
        match () {
            () if holds(&["INT"]) => Self::Numbers,
            () if declared.is_empty() || holds(&["CHAR", "CLOB", "TEXT", "BLOB"]) => Self::Keeps,
            () if holds(&["REAL", "FLOA", "DOUB"]) => Self::Floats,
            () => Self::Numbers,
        }
    }

    /// Why a value cannot be stored as it is.
    pub(super) fn refusal(self, value: &Cell<'_>) -> Option<String> {
        match (self, value) {
            (Self::Numbers | Self::Floats, Cell::Text(text)) if is_number(text) => {
                Some(format!("the column would make a number of the text `{text}`; its type should be TEXT"))
            }
            (Self::Floats, Cell::Integer(number))
                if number.unsigned_abs() > EXACT_MAX && (*number as f64) as i128 != i128::from(*number) =>
            {
                Some(format!("the column would round {number}; its type should be INTEGER"))
            }
            _ => None,
        }
    }
}

/// Whether SQLite takes a text for a number: digits with sign, point and exponent, and blanks around them.
fn is_number(text: &str) -> bool {
    let text = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_would_change_a_value_are_found() {
        let text = |text: &'static str| Cell::Text(text.into());
        for (declared, value, expect) in [
            ("INTEGER", text("007"), Some("a number of the text `007`")),
            ("integer not null", text(" 7 "), Some("a number")),
            ("NUMERIC(10,2)", text("1e3"), Some("a number")),
            ("DATE", text("2024-01-02"), None),
            ("REAL", text("12abc"), None),
            ("REAL", text("inf"), None),
            ("TEXT", text("007"), None),
            ("VARCHAR(20)", Cell::Integer(7), None),
            ("", text("007"), None),
            ("BLOB", text("007"), None),
            ("DOUBLE", Cell::Integer(9_007_199_254_740_993), Some("round 9007199254740993")),
            ("DOUBLE", Cell::Integer(9_007_199_254_740_994), None),
            ("DOUBLE", Cell::Integer(i64::MAX), Some("round")),
            ("DOUBLE", Cell::Integer(i64::MIN), None),
            ("INT", Cell::Integer(i64::MAX), None),
            ("INT", Cell::Real(1.5), None),
        ] {
            let found = Affinity::of(declared).refusal(&value);
            let fits = expect
                .map_or(found.is_none(), |expect| found.as_ref().is_some_and(|found| found.contains(expect)));
            assert!(fits, "{declared}: {found:?}");
        }
    }
}
