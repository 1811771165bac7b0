//! A program is what a function does that only computes with fields of its item: with it, an item needs no Lua. It says
//! nothing about how an operation ends that Lua would refuse; whoever runs it leaves such an item to Lua.

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
    Minus(Box<Node>),
    Binary(Operation, Box<Node>, Box<Node>),
    /// Condition, then, else.
    If(Box<[Node; 3]>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Equal,
    Unequal,
    Less,
    LessEqual,
    And,
    Or,
}
