//! This type says what of an item's text could be lost on the way through Lua: the order of keys in nested maps, and how
//! numbers are written. Most items have neither, and cost nothing more.

use crate::value::json;

/// What an item's text has that its values in Lua do not tell.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua::raw) struct KeptForms {
    /// There is a map within the item.
    pub(in crate::lua::raw) nested: bool,
    /// A key may stand twice in one object. That alone is nothing to keep.
    pub(in crate::lua::raw) may_repeat_keys: bool,
    /// A bit for each number that would be written otherwise; several numbers may share one.
    numbers: u64,
}

impl KeptForms {
    /// Whether there is anything.
    pub(in crate::lua::raw) fn any(self) -> bool {
        self.nested || self.numbers != 0
    }

    /// Whether a number of this value may be written in its own way.
    #[inline]
    pub(in crate::lua::raw) fn has_number(self, value: f64) -> bool {
        self.numbers & bit(value) != 0
    }

    /// Adds what another part of the item has.
    pub(in crate::lua::raw) fn add(&mut self, other: Self) {
        self.nested |= other.nested;
        self.may_repeat_keys |= other.may_repeat_keys;
        self.numbers |= other.numbers;
    }

    /// Notes a number that the item has, as far as that matters.
    #[cold]
    pub(in crate::lua::raw) fn note(&mut self, value: f64, text: &[u8]) {
        if self.has_number(value) {
            return;
        }
        let mut written = Vec::new();
        if !ends_in_vain(text) {
            json::write_number(&mut written, value);
        }
        if written != text {
            self.numbers |= bit(value);
        }
    }
}

impl json::Seen for KeptForms {
    fn map(&mut self) {
        self.nested = true;
    }
    fn number(&mut self, value: f64, text: &[u8]) {
        self.note(value, text);
    }
}

fn bit(value: f64) -> u64 {
    1 << (value.to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
}

/// Whether the number has a fraction that ends with a zero which says nothing.
fn ends_in_vain(text: &[u8]) -> bool {
    matches!(text, [.., before, b'0'] if before.is_ascii_digit())
        && text.iter().all(|byte| !matches!(byte, b'e' | b'E'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Notes what the reader hands on.
    #[derive(Default)]
    struct Noting(KeptForms);

    impl json::Sink for Noting {
        type Mark = ();
        fn float(&mut self, value: f64, text: Option<&[u8]>) {
            if let Some(text) = text {
                self.0.note(value, text);
            }
        }
    }

    fn noted(text: &str) -> bool {
        let mut noting = Noting::default();
        json::read(text.as_bytes(), &mut String::new(), &mut noting).expect("a number");
        noting.0.any()
    }

    #[test]
    fn numbers_that_would_be_written_otherwise_are_noted() {
        for text in ["1.0", "-0", "1e3", "1E5", "12.50", "0.10", "1e18", "123456789012345678.5", "1.00e-7"] {
            assert!(noted(text), "{text}");
        }
        for text in
            ["0.5", "-0.0", "-12.25", "0.1234567890123456", "3.14159", "1e+18", "1.5e-7", "0.0001", "0.00001"]
        {
            assert!(!noted(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn for_every_number_it_is_noted_when_its_text_would_change(
            text in "-?(0|[1-9][0-9]{0,18})\\.[0-9]{1,18}([eE][+-]?[0-9]{1,2})?"
        ) {
            let mut written = Vec::new();
            json::write_number(&mut written, text.parse().expect("a number"));
            prop_assert_eq!(noted(&text), written != text.as_bytes());
        }
    }
}
