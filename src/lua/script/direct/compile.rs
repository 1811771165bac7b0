//! This module makes programs of functions that only compute.

use super::table::Table;
use crate::lua::script::operator::Operator;
use crate::lua::script::program::{Action, Node, Output, Program, TextChange, TextTest};
use crate::lua::script::syntax::{Arm, Expression, Function, Kind, Statement};

/// The program that a function is. `None`: the function does something else too.
///
/// `setup` is the text before it, whose names may hide those of modules.
pub(super) fn program(
    function: &Function,
    tables: &[Table<'_>],
    fields: &[String],
    setup: &str,
) -> Option<Program> {
    let mut compiler = Compiler { tables, fields, setup, scope: Vec::new(), locals: 0 };
    let actions = compiler.block(&function.statements)?;
    Some(Program { actions, locals: compiler.locals })
}

/// The program of a function that gives values only, and no new table.
pub(in crate::lua::script) fn value_program(
    function: &Function,
    fields: &[String],
    setup: &str,
) -> Option<Program> {
    program(function, &[], fields, setup)
}

struct Compiler<'c> {
    tables: &'c [Table<'c>],
    fields: &'c [String],
    setup: &'c str,
    /// The names of locals that can be seen.
    scope: Vec<String>,
    locals: usize,
}

impl Compiler<'_> {
    fn block(&mut self, statements: &[Statement]) -> Option<Vec<Action>> {
        let outside = self.scope.len();
        let actions = statements.iter().map(|statement| self.statement(statement)).collect();
        self.scope.truncate(outside);
        actions
    }

    fn statement(&mut self, statement: &Statement) -> Option<Action> {
        match statement {
            Statement::Local(name, value) => {
                // The name means what it meant before, until the local is there.
                let value = self.node(value)?;
                self.scope.push(name.clone());
                self.locals = self.locals.max(self.scope.len());
                Some(Action::Set(self.scope.len() - 1, value))
            }
            Statement::Assign(name, value) => {
                let local = self.local(name)?;
                Some(Action::Set(local, self.node(value)?))
            }
            Statement::If(arms) => Some(Action::If(self.arms(arms)?)),
            Statement::Return(found) => {
                let same = |table: &Table<'_>| table.found.span == found.span;
                let output = match (self.tables.iter().position(same), &found.values[..]) {
                    (Some(number), _) => {
                        let fields = self.tables[number].fields;
                        let nodes: Option<_> = fields.iter().map(|field| self.node(&field.value)).collect();
                        Output::Table(number, nodes?)
                    }
                    // Of several values the first counts, but all are computed.
                    (None, [value]) => Output::Value(self.node(value)?),
                    _ => return None,
                };
                Some(Action::Return(output))
            }
            Statement::Other => None,
        }
    }

    fn arms(&mut self, arms: &[Arm]) -> Option<Vec<(Option<Node>, Vec<Action>)>> {
        let arm = |arm: &Arm| {
            let condition = match &arm.condition {
                Some(condition) => Some(self.node(condition)?),
                None => None,
            };
            Some((condition, self.block(&arm.statements)?))
        };
        arms.iter().map(arm).collect()
    }

    fn local(&self, name: &str) -> Option<usize> {
        self.scope.iter().rposition(|local| local == name)
    }

    fn node(&self, expression: &Expression) -> Option<Node> {
        if let Some(name) = expression.item_field() {
            return self.fields.iter().position(|field| field == name).map(Node::Field);
        }
        Some(match &expression.kind {
            Kind::Nil => Node::Nil,
            Kind::Boolean(value) => Node::Boolean(*value),
            Kind::Number(value) => Node::Number(*value),
            Kind::String(value) => Node::Text(value.clone()),
            Kind::Name(name) => Node::Local(self.local(name)?),
            Kind::Not(value) => Node::Not(self.boxed(value)?),
            Kind::Minus(value) => Node::Minus(self.boxed(value)?),
            Kind::Group(value) => self.node(value)?,
            Kind::Binary(Operator::Other, ..) => return None,
            Kind::Binary(operator, left, right) => {
                Node::Binary(*operator, self.boxed(left)?, self.boxed(right)?)
            }
            Kind::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                Node::If(Box::new([self.node(condition)?, self.node(then)?, self.node(otherwise)?]))
            }
            Kind::Length(value) => Node::Length(self.boxed(value)?),
            Kind::Call(function, values) => self.call(function, values)?,
            Kind::Method(value, name, values) if values.is_empty() => {
                Node::Changed(TextChange::named("string", name)?, self.boxed(value)?)
            }
            Kind::Index(..) | Kind::Method(..) | Kind::Table(_) | Kind::Single | Kind::Rest => return None,
        })
    }

    /// A call of a function of texts.
    fn call(&self, function: &Expression, values: &[Expression]) -> Option<Node> {
        let Kind::Index(module, name) = &function.kind else { return None };
        let Kind::Name(module) = &module.kind else { return None };
        if self.local(module).is_some() || self.setup.contains(module.as_str()) {
            return None;
        }
        match values {
            [value] => Some(Node::Changed(TextChange::named(module, name)?, self.boxed(value)?)),
            [first, second] => {
                let test = TextTest::named(module, name)?;
                Some(Node::Tested(test, Box::new([self.node(first)?, self.node(second)?])))
            }
            _ => None,
        }
    }

    fn boxed(&self, expression: &Expression) -> Option<Box<Node>> {
        self.node(expression).map(Box::new)
    }
}
