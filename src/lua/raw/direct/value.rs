//! A value of Lua's, as far as programs know it.

/// A value of Lua's.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'v> {
    Nil,
    Null,
    Boolean(bool),
    Number(f64),
    Text(&'v [u8]),
    /// A text that was made on the way: where it begins and ends.
    Made(u32, u32),
    /// A field that is a list, a map, a string with escapes or a large integer.
    Field(usize),
}

impl Value<'_> {
    /// Lua's truth, with JSON null counting as nothing, as a filter has it.
    pub(super) fn is_true(self) -> bool {
        !matches!(self, Self::Null) && self.holds()
    }

    /// Lua's truth.
    pub(super) fn holds(self) -> bool {
        !matches!(self, Self::Nil | Self::Boolean(false))
    }
}
