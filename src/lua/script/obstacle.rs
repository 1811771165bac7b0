//! An obstacle is what in a function prevents that it is compiled for its item. `flowrun plan -v` names it.

use std::fmt;

/// Why a function takes the general way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The line of the file, from 1, where one line can be named.
    pub line: Option<usize>,
    /// What stands there, as a sentence without a full stop.
    pub what: String,
}

impl Obstacle {
    pub(super) fn file() -> Self {
        Self::new("the function stands in a file of its own")
    }

    pub(super) fn waits() -> Self {
        Self::new("the function may wait")
    }

    /// The item is used as a whole in this line.
    pub(super) fn whole(line: usize) -> Self {
        Self::at(line, "`item` is used other than as `item.name`")
    }

    /// An operator on a field, in this line, goes over several lines or has calls of local functions beside it.
    pub(super) fn broken(line: usize) -> Self {
        Self::at(line, "an operator on a field of `item` has an operand in another line, or a call as one")
    }

    fn at(line: usize, what: &str) -> Self {
        Self { line: Some(line), what: what.to_owned() }
    }

    pub(super) fn written() -> Self {
        Self::new("a field of `item` is assigned to")
    }

    pub(super) fn many(max: usize) -> Self {
        Self::new(&format!("more than {max} fields of `item` are used"))
    }

    pub(super) fn syntax() -> Self {
        Self::new("there is syntax in the function that only Lua itself knows")
    }

    fn new(what: &str) -> Self {
        Self { line: None, what: what.to_owned() }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{} (line {line})", self.what),
            None => f.write_str(&self.what),
        }
    }
}
