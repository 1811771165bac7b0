//! This module names what the values of a column mean, by the way in which they are stored. `schema` finds it in a file.

/// What the values of one column mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::data::read) enum Kind {
    /// Nothing but nulls.
    Null,
    Boolean,
    /// Stored as 32 or 64 bits.
    Integer(IntegerKind),
    /// Stored as 16, 32 or 64 bits.
    Float {
        /// JSON has no number for NaN and infinities: they are null, or else make a bad row.
        nan_is_null: bool,
    },
    /// Stored as bytes.
    Bytes(BytesKind),
}

/// What stored integers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::data::read) enum IntegerKind {
    Signed,
    Unsigned,
    /// Integers whose digits were asked for as text.
    SignedText,
    UnsignedText,
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
pub(in crate::data::read) enum BytesKind {
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
pub(in crate::data::read) type Digits = u8;

/// Digits of a decimal behind the point.
pub(in crate::data::read) type Scale = u16;

impl Kind {
    /// Its values in a word, for messages.
    pub(in crate::data::read) fn word(self) -> &'static str {
        use BytesKind::{Interval, Raw, Text, Uuid};
        use IntegerKind::{
            Date, DateMillis, Duration, Signed, SignedText, TimeOfDay, Unsigned, UnsignedText,
        };
        match self {
            Self::Null => "nulls",
            Self::Boolean => "booleans",
            Self::Integer(Signed | Unsigned | SignedText | UnsignedText) => "integers",
            Self::Integer(Date | DateMillis) => "dates",
            Self::Integer(TimeOfDay(_)) => "times of day",
            Self::Integer(IntegerKind::Timestamp { .. }) | Self::Bytes(BytesKind::Int96) => "times",
            Self::Integer(Duration(_)) => "durations",
            Self::Integer(IntegerKind::Decimal(_)) | Self::Bytes(BytesKind::Decimal(_)) => "decimals",
            Self::Float { .. } => "floats",
            Self::Bytes(Text) => "strings",
            Self::Bytes(Raw) => "bytes",
            Self::Bytes(Uuid) => "UUIDs",
            Self::Bytes(Interval) => "intervals",
        }
    }
}
