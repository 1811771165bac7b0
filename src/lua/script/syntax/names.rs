//! The parser keeps which names are variables of the text itself. The others are global, and may be nothing.

use std::ops::Range;

/// A name that no `local`, parameter or loop of the text makes a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lua) struct FreeName {
    pub(in crate::lua) name: String,
    /// Bytes of the text.
    pub(in crate::lua) span: Range<usize>,
    /// The field that is taken of it, where that is plainly written.
    pub(in crate::lua) field: Option<(String, Range<usize>)>,
    /// The field that is taken of that.
    pub(in crate::lua) inner: Option<(String, Range<usize>)>,
    pub(in crate::lua) used: NameUse,
    /// Functions around it within the text.
    pub(in crate::lua) level: usize,
}

/// What is done with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) enum NameUse {
    Read,
    /// It is called, or its field is.
    Called,
    /// Something is assigned to the name itself.
    Assigned,
}

/// A place where a name stands as a variable, or as what is none of the text's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lua) struct NameSite {
    pub(in crate::lua) name: String,
    /// Bytes of the text.
    pub(in crate::lua) span: Range<usize>,
    /// Which variable of the text it is.
    pub(in crate::lua) variable: Option<usize>,
    /// Whether it makes the variable.
    pub(in crate::lua) is_declared: bool,
}

/// A variable that is there at a place.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) name: String,
    /// Its number among all of the text.
    pub(super) number: usize,
}

/// The names of a text.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Variables that are there at the place, the innermost last.
    pub(super) variables: Vec<Variable>,
    /// All variables of the text, those that have gone out of sight too.
    pub(super) all: Vec<String>,
    pub(super) free: Vec<FreeName>,
    /// All places of names, in their order.
    pub(super) sites: Vec<NameSite>,
    /// Whether the last name that was mentioned is a free one.
    pub(super) is_last_free: bool,
}

/// The free names of a function and of its `setup`, in their order.
#[derive(Debug)]
pub(in crate::lua) struct FreeNames {
    pub(in crate::lua) of_setup: Vec<FreeName>,
    pub(in crate::lua) of_text: Vec<FreeName>,
    /// All variables that both make.
    pub(in crate::lua) variables: Vec<String>,
}

impl FreeName {
    /// The same, where its text is a part of another.
    pub(super) fn moved(mut self, by: usize) -> Self {
        let shift = |span: &Range<usize>| span.start + by..span.end + by;
        self.span = shift(&self.span);
        self.field = self.field.map(|(name, span)| (name, shift(&span)));
        self.inner = self.inner.map(|(name, span)| (name, shift(&span)));
        self
    }
}
