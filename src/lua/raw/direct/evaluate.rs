//! The evaluation of programs: Lua's operators on values of JSON. Where Lua would raise an error, call something or convert a
//! value, there is no outcome, and Lua has to be asked.

use super::fields::ItemFields;
use super::texts::{self, MadeTexts};
use super::value::Value;
use crate::lua::script::{Action, Node, Operator, Output, Program};
use crate::value::json::FieldKind;

/// Locals that a program may have.
const LOCALS_MAX: usize = 8;

/// What a program came to.
pub(super) enum Outcome<'v> {
    /// A table by its number, and what gives its fields.
    Table(usize, &'v [Node]),
    Value(Value<'v>),
    /// The statements are over, and nothing was returned.
    Over,
}

/// One item on its way through a program.
pub(super) struct Run<'v> {
    pub(super) fields: &'v ItemFields,
    /// The text of the item.
    pub(super) text: &'v [u8],
    locals: [Value<'v>; LOCALS_MAX],
    pub(super) texts: &'v mut MadeTexts,
}

impl<'v> Run<'v> {
    pub(super) fn new(fields: &'v ItemFields, text: &'v [u8], texts: &'v mut MadeTexts) -> Self {
        texts.clear();
        Self { fields, text, locals: [Value::Nil; LOCALS_MAX], texts }
    }

    /// `None`: Lua has to be asked.
    #[inline]
    pub(super) fn outcome(&mut self, program: &'v Program) -> Option<Outcome<'v>> {
        if program.locals > LOCALS_MAX {
            return None;
        }
        // A function that ends without a `return` is a mistake, of which Lua tells.
        self.actions(&program.actions).filter(|outcome| !matches!(outcome, Outcome::Over))
    }

    fn actions(&mut self, actions: &'v [Action]) -> Option<Outcome<'v>> {
        for action in actions {
            let outcome = match action {
                Action::Set(local, node) => {
                    self.locals[*local] = self.node(node)?;
                    Outcome::Over
                }
                Action::If(arms) => self.arms(arms)?,
                Action::Return(Output::Value(node)) => Outcome::Value(self.node(node)?),
                Action::Return(Output::Table(number, nodes)) => Outcome::Table(*number, nodes),
            };
            if !matches!(outcome, Outcome::Over) {
                return Some(outcome);
            }
        }
        Some(Outcome::Over)
    }

    fn arms(&mut self, arms: &'v [(Option<Node>, Vec<Action>)]) -> Option<Outcome<'v>> {
        for (condition, actions) in arms {
            let holds = match condition {
                Some(condition) => self.node(condition)?.holds(),
                None => true,
            };
            if holds {
                return self.actions(actions);
            }
        }
        Some(Outcome::Over)
    }

    /// The value of an expression. `None`: Lua has to be asked.
    pub(super) fn node(&mut self, node: &'v Node) -> Option<Value<'v>> {
        Some(match node {
            Node::Nil => Value::Nil,
            Node::Boolean(value) => Value::Boolean(*value),
            Node::Number(value) => Value::Number(*value),
            Node::Text(text) => Value::Text(text.as_bytes()),
            Node::Local(local) => self.locals[*local],
            Node::Field(at) => field(*at, self.fields, self.text),
            Node::Not(node) => Value::Boolean(!self.node(node)?.holds()),
            Node::Minus(node) => match self.node(node)? {
                Value::Number(value) => Value::Number(-value),
                _ => return None,
            },
            Node::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                let holds = self.node(condition)?.holds();
                self.node(if holds { then } else { otherwise })?
            }
            Node::Binary(Operator::And, left, right) => match self.node(left)? {
                left if left.holds() => self.node(right)?,
                left => left,
            },
            Node::Binary(Operator::Or, left, right) => match self.node(left)? {
                left if left.holds() => left,
                _ => self.node(right)?,
            },
            Node::Binary(operator, left, right) => {
                let (left, right) = (self.node(left)?, self.node(right)?);
                self.binary(*operator, left, right)?
            }
            Node::Length(value) => {
                let value = self.node(value)?;
                Value::Number(self.bytes(value)?.len() as f64)
            }
            Node::Changed(change, value) => {
                let value = self.node(value)?;
                let value = self.settled(value);
                let Self { texts, .. } = self;
                texts.change(*change, value)?
            }
            Node::Tested(test, values) => {
                let [first, second] = &**values;
                let (first, second) = (self.node(first)?, self.node(second)?);
                let (first, second) = (self.settled(first), self.settled(second));
                Value::Boolean(texts::holds(*test, self.texts.bytes(first)?, self.texts.bytes(second)?))
            }
        })
    }

    /// A string with escapes as the text that it stands for; other values as they are.
    fn settled(&mut self, value: Value<'v>) -> Value<'v> {
        match value {
            Value::Field(at) if self.fields.values()[at].kind == FieldKind::Escaped => {
                self.texts.unescaped(self.fields.values()[at].text(self.text))
            }
            _ => value,
        }
    }

    /// The bytes of a text.
    fn bytes(&mut self, value: Value<'v>) -> Option<&[u8]> {
        let value = self.settled(value);
        self.texts.bytes(value)
    }

    fn binary(&mut self, operator: Operator, left: Value<'v>, right: Value<'v>) -> Option<Value<'v>> {
        let (left, right) = (self.settled(left), self.settled(right));
        match operator {
            Operator::Concatenate => return self.texts.concatenate(left, right),
            // Nothing here has effects, so the order of the two does not matter.
            Operator::Greater => return self.binary(Operator::Less, right, left),
            Operator::GreaterEqual => return self.binary(Operator::LessEqual, right, left),
            _ => {}
        }
        // Texts that were made are compared as any others.
        match (operator, self.texts.bytes(left), self.texts.bytes(right)) {
            (Operator::Equal, Some(left), Some(right)) => Some(Value::Boolean(left == right)),
            (Operator::Unequal, Some(left), Some(right)) => Some(Value::Boolean(left != right)),
            (Operator::Less, Some(left), Some(right)) => Some(Value::Boolean(left < right)),
            (Operator::LessEqual, Some(left), Some(right)) => Some(Value::Boolean(left <= right)),
            _ => binary(operator, left, right),
        }
    }
}

/// The value of a field.
#[inline]
fn field<'v>(at: usize, fields: &ItemFields, text: &'v [u8]) -> Value<'v> {
    let value = &fields.values()[at];
    match value.kind {
        FieldKind::Missing => Value::Nil,
        FieldKind::Null => Value::Null,
        FieldKind::False => Value::Boolean(false),
        FieldKind::True => Value::Boolean(true),
        FieldKind::Number | FieldKind::Spelled => Value::Number(value.number),
        FieldKind::Plain => Value::Text(value.text(text)),
        FieldKind::Big | FieldKind::Escaped | FieldKind::List | FieldKind::Map => Value::Field(at),
    }
}

fn binary<'v>(operator: Operator, left: Value<'v>, right: Value<'v>) -> Option<Value<'v>> {
    match operator {
        Operator::Equal => return equal(left, right).map(Value::Boolean),
        Operator::Unequal => return equal(left, right).map(|equal| Value::Boolean(!equal)),
        _ => {}
    }
    Some(match (operator, left, right) {
        (Operator::Add, Value::Number(left), Value::Number(right)) => Value::Number(left + right),
        (Operator::Subtract, Value::Number(left), Value::Number(right)) => Value::Number(left - right),
        (Operator::Multiply, Value::Number(left), Value::Number(right)) => Value::Number(left * right),
        (Operator::Divide, Value::Number(left), Value::Number(right)) => Value::Number(left / right),
        (Operator::Less, Value::Number(left), Value::Number(right)) => Value::Boolean(left < right),
        (Operator::LessEqual, Value::Number(left), Value::Number(right)) => Value::Boolean(left <= right),
        _ => return None,
    })
}

#[expect(clippy::float_cmp, reason = "Lua compares floats exactly")]
fn equal(left: Value<'_>, right: Value<'_>) -> Option<bool> {
    Some(match (left, right) {
        // Two of them may be equal, and a large integer and a number.
        (Value::Field(_), Value::Nil | Value::Null | Value::Boolean(_))
        | (Value::Nil | Value::Null | Value::Boolean(_), Value::Field(_)) => false,
        (Value::Field(_), _) | (_, Value::Field(_)) => return None,
        (Value::Nil, Value::Nil) | (Value::Null, Value::Null) => true,
        (Value::Boolean(left), Value::Boolean(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => left == right,
        _ => false,
    })
}
