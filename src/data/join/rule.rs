//! A rule says what becomes of items with and without partners.

use crate::value::choice;

/// Takes a line of the result.
pub(super) type OnLine<'t, E> = dyn FnMut(&[u8]) -> Result<(), E> + 't;

choice!(
    /// Which items a join gives on.
    #[derive(Default)]
    pub enum JoinHow: "the ways to join are" {
        /// All, with null where there is no partner.
        #[default]
        Left = "left",
        /// Those that have a partner.
        Inner = "inner",
        /// Those that have a partner, without it.
        Semi = "semi",
        /// Those that have no partner.
        Anti = "anti",
    }
);

choice!(
    /// What becomes of an item with several partners.
    #[derive(Default)]
    pub enum JoinMany: "the values of `many` are" {
        /// The step fails, with the places of both.
        #[default]
        Error = "error",
        /// It gets the first one.
        First = "first",
        /// It is given on with each of them.
        All = "all",
    }
);

impl JoinHow {
    /// Whether the partner stands in what is given on.
    pub fn gives_partners(self) -> bool {
        matches!(self, Self::Left | Self::Inner)
    }
}

/// How two collections are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JoinRule {
    /// Which items are given on.
    pub how: JoinHow,
    /// What becomes of several partners.
    pub many: JoinMany,
    /// Bytes of partners in memory at most.
    pub memory: usize,
}

impl JoinRule {
    /// How many partners with one key make a difference.
    pub(super) fn partners_max(self) -> usize {
        match (self.how.gives_partners(), self.many) {
            (false, _) | (true, JoinMany::First) => 1,
            (true, JoinMany::Error) => 2,
            (true, JoinMany::All) => usize::MAX,
        }
    }

    /// Whether these partners are more than one item may have.
    pub(super) fn is_ambiguous<T>(self, partners: &[T]) -> bool {
        self.many == JoinMany::Error && self.how.gives_partners() && partners.len() > 1
    }
}

/// Gives what comes of an item, a map on one line, with these partners. `line` is only room for it.
pub(super) fn joined<'p, E>(
    how: JoinHow,
    item: &[u8],
    field: &[u8],
    partners: impl Iterator<Item = &'p [u8]>,
    line: &mut Vec<u8>,
    give: &mut OnLine<'_, E>,
) -> Result<(), E> {
    let mut partners = partners.peekable();
    if partners.peek().is_none() {
        return match how {
            JoinHow::Left => give(with_field(item, field, b"null", line)),
            JoinHow::Anti => give(item),
            JoinHow::Inner | JoinHow::Semi => Ok(()),
        };
    }
    match how {
        JoinHow::Left | JoinHow::Inner => {
            partners.try_for_each(|partner| give(with_field(item, field, partner, line)))
        }
        JoinHow::Semi => give(item),
        JoinHow::Anti => Ok(()),
    }
}

/// The map `item` with one more field, behind all others.
fn with_field<'l>(item: &[u8], field: &[u8], value: &[u8], line: &'l mut Vec<u8>) -> &'l [u8] {
    line.clear();
    let inside = item.strip_suffix(b"}").unwrap_or(item);
    line.extend_from_slice(inside);
    if !inside.trim_ascii_end().ends_with(b"{") {
        line.push(b',');
    }
    line.extend_from_slice(field);
    line.push(b':');
    line.extend_from_slice(value);
    line.push(b'}');
    line
}
