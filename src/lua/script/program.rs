//! A program is what a function does that only computes with fields of its item: with it, an item needs no Lua. It says
//! nothing about how an operation ends that Lua would refuse; whoever runs it leaves such an item to Lua.

use super::operator::Operator;

/// Statements, in order.
#[derive(Debug, Default)]
pub(in crate::lua) struct Program {
    pub(in crate::lua) actions: Vec<Action>,
    /// How many locals there are at most.
    pub(in crate::lua) locals: usize,
}

#[derive(Debug)]
pub(in crate::lua) enum Action {
    /// A local gets a value.
    Set(usize, Node),
    /// The first arm whose condition holds; one without a condition always does.
    If(Vec<(Option<Node>, Vec<Action>)>),
    Return(Output),
}

/// What a function returns.
#[derive(Debug)]
pub(in crate::lua) enum Output {
    /// The table with this number, and what gives its fields, in their order.
    Table(usize, Vec<Node>),
    Value(Node),
}

#[derive(Debug)]
pub(in crate::lua) enum Node {
    Nil,
    Boolean(bool),
    Number(f64),
    Text(String),
    /// A field of the item.
    Field(usize),
    Local(usize),
    Not(Box<Node>),
    /// The bytes of a text.
    Length(Box<Node>),
    /// A function of one text, which gives a text.
    Changed(TextChange, Box<Node>),
    /// A function of two texts, which says something of the first.
    Tested(TextTest, Box<[Node; 2]>),
    Minus(Box<Node>),
    /// Not [`Operator::Other`].
    Binary(Operator, Box<Node>, Box<Node>),
    /// Condition, then, else.
    If(Box<[Node; 3]>),
}

/// A function of Lua's or of ours that makes one text of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) enum TextChange {
    /// `html.strip`
    Strip,
    /// `str.squeeze`
    Squeeze,
    /// `str.trim`
    Trim,
    /// `str.ltrim`
    TrimStart,
    /// `str.rtrim`
    TrimEnd,
    /// `string.lower`, of ASCII alone
    Lower,
    /// `string.upper`
    Upper,
}

/// A function that compares two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) enum TextTest {
    /// `str.contains`
    Contains,
    /// `str.starts_with`
    StartsWith,
    /// `str.ends_with`
    EndsWith,
}

impl TextChange {
    /// The function of this name in a module; a method of texts is one of `string`.
    pub(super) fn named(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("html", "strip") => Self::Strip,
            ("str", "squeeze") => Self::Squeeze,
            ("str", "trim") => Self::Trim,
            ("str", "ltrim") => Self::TrimStart,
            ("str", "rtrim") => Self::TrimEnd,
            ("string", "lower") => Self::Lower,
            ("string", "upper") => Self::Upper,
            _ => return None,
        })
    }
}

impl TextTest {
    /// The function of this name in `str`.
    pub(super) fn named(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("str", "contains") => Self::Contains,
            ("str", "starts_with") => Self::StartsWith,
            ("str", "ends_with") => Self::EndsWith,
            _ => return None,
        })
    }
}
