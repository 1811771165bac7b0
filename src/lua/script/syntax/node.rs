//! These types are what the parser knows of a text. Whatever nobody asks for is [`Kind::Single`], [`Kind::Rest`] or [`Statement::Other`].

use std::ops::Range;

use crate::lua::script::operator::Operator;

/// An expression and where it stands.
#[derive(Debug, Clone)]
pub(in crate::lua::script) struct Expression {
    pub(in crate::lua::script) kind: Kind,
    /// Bytes of the text, without white space around it.
    pub(in crate::lua::script) span: Range<usize>,
}

#[derive(Debug, Clone)]
pub(in crate::lua::script) enum Kind {
    Nil,
    Boolean(bool),
    /// A decimal number that is written plainly.
    Number(f64),
    /// A string without escapes.
    String(String),
    Name(String),
    /// `value.name` or `value["name"]`
    Index(Box<Expression>, String),
    Not(Box<Expression>),
    Minus(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    /// `if a then b else c`, `elseif` as an `if` within.
    If(Box<[Expression; 3]>),
    /// In brackets of its own.
    Group(Box<Expression>),
    /// `#value`
    Length(Box<Expression>),
    /// A function and what it is called with.
    Call(Box<Expression>, Vec<Expression>),
    /// A value, the name of its method, and what that is called with.
    Method(Box<Expression>, String, Vec<Expression>),
    /// A table of named fields only.
    Table(Vec<Field>),
    /// Gives exactly one value.
    Single,
    /// `...`
    Rest,
}

/// One field of a table constructor.
#[derive(Debug, Clone)]
pub(in crate::lua::script) struct Field {
    pub(in crate::lua::script) name: String,
    pub(in crate::lua::script) value: Expression,
}

#[derive(Debug, Clone)]
pub(in crate::lua::script) enum Statement {
    /// `local name = value`
    Local(String, Expression),
    /// `name = value`
    Assign(String, Expression),
    /// Arms in order; the last one may have no condition.
    If(Vec<Arm>),
    Return(Return),
    Other,
}

/// One arm of an `if`.
#[derive(Debug, Clone)]
pub(in crate::lua::script) struct Arm {
    /// None for `else`.
    pub(in crate::lua::script) condition: Option<Expression>,
    pub(in crate::lua::script) statements: Vec<Statement>,
}

/// One `return`.
#[derive(Debug, Clone)]
pub(in crate::lua::script) struct Return {
    /// From the keyword to the end of the last value; in a script that is one expression, that expression.
    pub(in crate::lua::script) span: Range<usize>,
    pub(in crate::lua::script) values: Vec<Expression>,
}

impl Return {
    /// The fields, where the one value is a table of named fields.
    pub(in crate::lua::script) fn table(&self) -> Option<&[Field]> {
        match &self.values[..] {
            [Expression { kind: Kind::Table(fields), .. }] => Some(fields),
            _ => None,
        }
    }
}

impl Expression {
    /// Whether it may give any number of values.
    pub(in crate::lua::script) fn is_multiple(&self) -> bool {
        matches!(self.kind, Kind::Call(..) | Kind::Method(..) | Kind::Rest)
    }

    /// The field of the item that this is, and nothing else.
    pub(in crate::lua::script) fn item_field(&self) -> Option<&str> {
        match &self.kind {
            Kind::Index(of, name) if matches!(&of.kind, Kind::Name(of) if of == "item") => Some(name),
            _ => None,
        }
    }
}
