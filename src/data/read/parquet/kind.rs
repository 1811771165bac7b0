//! This module names what the values of a column mean, by the way in which they are stored. `schema` finds it in a file.

/// What the values of one column mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::data) enum Kind {
    /// Nothing but nulls.
    Null,
    Boolean,
    /// Stored as 32 or 64 bits.
    Integer(IntegerKind),
    /// Stored as 16, 32 or 64 bits.
    Float(NotFiniteAs),
    /// Stored as bytes.
    Bytes(BytesKind),
}

/// What becomes of NaN and of infinities, for which JSON has no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::data) enum NotFiniteAs {
    /// They make a bad row.
    Refused,
    Null,
    /// They are the words of [`NotANumber`], for a writer that knows them.
    Words,
}

/// A float for which JSON has no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::data) enum NotANumber {
    Nan,
    Infinity,
    NegativeInfinity,
}

/// What stored integers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::data) enum IntegerKind {
    Signed,
    Unsigned,
    /// Integers whose digits were asked for as text.
    SignedText,
    UnsignedText,
    /// Integers, and text beyond those of 64 signed bits, for a writer that knows it.
    UnsignedOrText,
    /// Days since 1970.
    Date,
    /// Milliseconds since 1970 at the beginning of days.
    DateMillis,
    /// Since midnight, in parts of a second with so many digits.
    TimeOfDay(Digits),
    /// Since 1970, in parts of a second with so many digits; `utc` is a moment, else it is what a clock shows.
    Timestamp {
        digits: Digits,
        utc: bool,
    },
    Duration(Digits),
    /// With so many digits behind the point.
    Decimal(Scale),
}

/// What stored bytes mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::data) enum BytesKind {
    Text,
    Raw,
    /// Sixteen of them.
    Uuid,
    /// A signed number, highest byte first, with so many digits behind the point.
    Decimal(Scale),
    /// Twelve of them: months, days and milliseconds.
    Interval,
    /// Twelve of them: nanoseconds of a Julian day.
    Int96,
}

/// Digits of a second behind the point: 0, 3, 6 or 9.
pub(in crate::data) type Digits = u8;

/// Digits of a decimal behind the point.
pub(in crate::data) type Scale = u16;

impl NotANumber {
    const WORDS: [(Self, &str); 3] =
        [(Self::Nan, "NaN"), (Self::Infinity, "Infinity"), (Self::NegativeInfinity, "-Infinity")];

    /// The float, unless JSON has a number for it.
    pub(in crate::data) fn of(value: f64) -> Option<Self> {
        match (value.is_nan(), value.is_infinite(), value.is_sign_negative()) {
            (true, ..) => Some(Self::Nan),
            (_, true, false) => Some(Self::Infinity),
            (_, true, true) => Some(Self::NegativeInfinity),
            _ => None,
        }
    }

    /// The word that stands for it in an item.
    pub(in crate::data) fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(one, _)| *one == self).map_or("", |(_, word)| word)
    }

    /// What such a word stands for.
    pub(in crate::data) fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, other)| *other == word).map(|(one, _)| *one)
    }

    pub(in crate::data) fn value(self) -> f64 {
        match self {
            Self::Nan => f64::NAN,
            Self::Infinity => f64::INFINITY,
            Self::NegativeInfinity => f64::NEG_INFINITY,
        }
    }
}

/// The float that 16 bits stand for: a sign, five bits of exponent, ten of fraction.
pub(in crate::data) fn half_to_float(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let size = match exponent {
        0 => fraction * f64::powi(2.0, -24),
        31 if fraction > 0.0 => f64::NAN,
        31 => f64::INFINITY,
        _ => (1024.0 + fraction) * f64::powi(2.0, exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

impl Kind {
    /// Floats as they are, where nothing else was asked for.
    pub(in crate::data) const FLOAT: Self = Self::Float(NotFiniteAs::Refused);

    /// Whether its values are strings in items.
    pub(in crate::data) fn is_text(self) -> bool {
        match self {
            Self::Integer(kind) => {
                use IntegerKind::{Signed, Unsigned, UnsignedOrText};
                !matches!(kind, Signed | Unsigned | UnsignedOrText)
            }
            Self::Bytes(_) => true,
            Self::Null | Self::Boolean | Self::Float(_) => false,
        }
    }

    /// Its values in a word, for messages.
    pub(in crate::data) fn word(self) -> &'static str {
        use BytesKind::{Interval, Raw, Text, Uuid};
        use IntegerKind::{
            Date, DateMillis, Duration, Signed, SignedText, TimeOfDay, Unsigned, UnsignedOrText, UnsignedText,
        };
        match self {
            Self::Null => "nulls",
            Self::Boolean => "booleans",
            Self::Integer(Signed | Unsigned | SignedText | UnsignedText | UnsignedOrText) => "integers",
            Self::Integer(Date | DateMillis) => "dates",
            Self::Integer(TimeOfDay(_)) => "times of day",
            Self::Integer(IntegerKind::Timestamp { .. }) | Self::Bytes(BytesKind::Int96) => "times",
            Self::Integer(Duration(_)) => "durations",
            Self::Integer(IntegerKind::Decimal(_)) | Self::Bytes(BytesKind::Decimal(_)) => "decimals",
            Self::Float(_) => "floats",
            Self::Bytes(Text) => "strings",
            Self::Bytes(Raw) => "bytes",
            Self::Bytes(Uuid) => "UUIDs",
            Self::Bytes(Interval) => "intervals",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_floats_are_exact() {
        for (bits, expect) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x03ff, 6.097_555_160_522_461e-5),
            (0x0400, 6.103_515_625e-5),
            (0x3555, 0.333_251_953_125),
            (0x7c00, f64::INFINITY),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            let found = half_to_float(bits);
            assert!(found.to_bits() == f64::to_bits(expect), "{bits:x}: {found}");
        }
        assert!(half_to_float(0x8000).to_bits() == (-0.0_f64).to_bits() && half_to_float(0x7e01).is_nan());
    }

    #[test]
    fn words_stand_for_what_json_has_no_number_for() {
        for (value, word) in
            [(f64::NAN, "NaN"), (f64::INFINITY, "Infinity"), (f64::NEG_INFINITY, "-Infinity")]
        {
            let found = NotANumber::of(value).expect("none");
            assert_eq!((found.word(), NotANumber::parse(word)), (word, Some(found)));
            assert_eq!(found.value().to_string(), value.to_string());
        }
        assert_eq!(
            (NotANumber::of(-0.0), NotANumber::of(f64::MAX), NotANumber::parse("nan")),
            (None, None, None)
        );
    }
}
