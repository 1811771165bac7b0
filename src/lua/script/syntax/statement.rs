//! Statements and blocks.

use super::scopes::Binding;
use super::{Arm, Expression, Kind, Parser, Return, Statement};

/// What ends a block.
const ENDS: [&str; 5] = ["", "end", "else", "elseif", "until"];
/// Operators that assign.
const COMPOUND: [&str; 8] = ["+=", "-=", "*=", "/=", "//=", "%=", "^=", "..="];

impl Parser<'_> {
    /// Statements with variables of their own.
    pub(super) fn block(&mut self) -> Option<Vec<Statement>> {
        self.scoped(Self::statements)
    }

    /// Statements whose variables are there for what follows.
    pub(super) fn statements(&mut self) -> Option<Vec<Statement>> {
        self.nested(|parser| {
            let mut statements = Vec::new();
            while !ENDS.contains(&parser.peek()) {
                if !parser.take(";") {
                    statements.push(parser.statement()?);
                }
            }
            Some(statements)
        })
    }

    fn statement(&mut self) -> Option<Statement> {
        match self.peek() {
            "local" => self.local(),
            "return" => self.returned(),
            "if" => self.condition(),
            "while" => {
                self.at += 1;
                self.expression()?;
                self.body("do")
            }
            "do" => self.body("do"),
            "for" => self.iteration(),
            "repeat" => {
                self.at += 1;
                self.scoped(|parser| {
                    parser.statements()?;
                    parser.expect("until")?;
                    parser.expression()
                })?;
                Some(Statement::Other)
            }
            "function" => self.named_function(),
            "type" | "export" if self.is_type() => self.named_type(),
            "break" => {
                self.at += 1;
                Some(Statement::Other)
            }
            _ => self.call_or_assignment(),
        }
    }

    /// A block between `open` and `end`.
    fn body(&mut self, open: &str) -> Option<Statement> {
        self.expect(open)?;
        self.block()?;
        self.expect("end")?;
        Some(Statement::Other)
    }

    fn local(&mut self) -> Option<Statement> {
        self.at += 1;
        if self.take("function") {
            let name = self.name()?;
            self.declare([self.binding(name)]);
            self.function_body(&[])?;
            return Some(Statement::Other);
        }
        let names = self.bindings()?;
        let values = if self.take("=") { self.expressions()? } else { Vec::new() };
        self.declare(names.iter().cloned());
        // A cast gives one value, and so does each expression that is known; the rest may give any number.
        match (&names[..], &values[..]) {
            ([(name, _)], [value]) => Some(Statement::Local(name.clone(), value.clone())),
            ([(name, _)], []) => {
                let span = self.span(self.tokens[self.at - 1].span.start);
                Some(Statement::Local(name.clone(), Expression { kind: Kind::Nil, span }))
            }
            _ => Some(Statement::Other),
        }
    }

    /// Names with commas between them, and perhaps their types.
    fn bindings(&mut self) -> Option<Vec<Binding>> {
        let mut names = Vec::new();
        loop {
            let name = self.name()?;
            names.push(self.binding(name));
            if self.peek() == "<" {
                // An attribute; what it may be changes from version to version.
                return None;
            }
            if self.take(":") {
                self.skip_type()?;
            }
            if !self.take(",") {
                return Some(names);
            }
        }
    }

    fn returned(&mut self) -> Option<Statement> {
        let start = self.start();
        self.at += 1;
        let values =
            if ENDS.contains(&self.peek()) || self.peek() == ";" { Vec::new() } else { self.expressions()? };
        let found = Return { span: self.span(start), values };
        self.take(";");
        // It is the last statement of its block.
        if !ENDS.contains(&self.peek()) {
            return None;
        }
        if self.level == 0 {
            self.returns.push(found.clone());
        }
        Some(Statement::Return(found))
    }

    fn condition(&mut self) -> Option<Statement> {
        let mut arms = Vec::new();
        loop {
            self.at += 1;
            let condition = self.expression()?;
            self.expect("then")?;
            arms.push(Arm { condition: Some(condition), statements: self.block()? });
            if self.peek() != "elseif" {
                break;
            }
        }
        if self.take("else") {
            arms.push(Arm { condition: None, statements: self.block()? });
        }
        self.expect("end")?;
        Some(Statement::If(arms))
    }

    fn iteration(&mut self) -> Option<Statement> {
        self.at += 1;
        let names = self.bindings()?;
        if !self.take("=") {
            self.expect("in")?;
        }
        self.expressions()?;
        self.scoped(|parser| {
            parser.declare(names);
            parser.body("do")
        })
    }

    /// Whether a type is given a name here, rather than something called or assigned that has the name `type`.
    fn is_type(&self) -> bool {
        let at = usize::from(self.peek() == "export");
        self.ahead(at) == "type" && matches!(self.ahead(at + 2), "=" | "<")
    }

    fn named_type(&mut self) -> Option<Statement> {
        self.take("export");
        self.at += 1;
        self.name()?;
        self.skip_generics()?;
        self.expect("=")?;
        self.skip_type()?;
        Some(Statement::Other)
    }

    fn named_function(&mut self) -> Option<Statement> {
        self.at += 1;
        let name = self.name()?;
        self.mention(name);
        let (mut has_field, mut is_method) = (false, false);
        while !is_method && (self.peek() == "." || self.peek() == ":") {
            has_field = true;
            is_method = self.peek() == ":";
            self.at += 1;
            self.name()?;
        }
        if !has_field {
            self.assigned();
        }
        self.writes_item |= has_field && name == "item";
        self.function_body(if is_method { &["self"] } else { &[] })?;
        Some(Statement::Other)
    }

    /// From the parameters to `end`; these names are there without being written.
    pub(super) fn function_body(&mut self, given: &[&str]) -> Option<()> {
        self.scoped(|parser| {
            parser.declare(given.iter().map(|name| ((*name).to_owned(), None)));
            parser.parameters_and_body()
        })
    }

    fn parameters_and_body(&mut self) -> Option<()> {
        self.skip_generics()?;
        self.expect("(")?;
        while !self.take(")") {
            if !self.take("...") {
                let name = self.name()?;
                self.declare([self.binding(name)]);
            }
            if self.take(":") {
                self.skip_type()?;
            }
            if !self.take(",") {
                self.expect(")")?;
                break;
            }
        }
        if self.take(":") {
            self.skip_type()?;
        }
        self.level += 1;
        let body = self.block();
        self.level -= 1;
        body?;
        self.expect("end")
    }

    fn call_or_assignment(&mut self) -> Option<Statement> {
        let first = self.suffixed()?;
        let is_name = matches!(first.kind, Kind::Name(_));
        if COMPOUND.contains(&self.peek()) {
            self.at += 1;
            if is_name {
                self.assigned();
            }
            self.written(&first);
            self.expression()?;
            return Some(Statement::Other);
        }
        if !matches!(self.peek(), "=" | ",") {
            // `continue` is a statement; so is a call.
            let alone = matches!(&first.kind, Kind::Name(name) if name == "continue");
            if alone {
                self.unmention();
            }
            return (alone || matches!(first.kind, Kind::Call(..) | Kind::Method(..)))
                .then_some(Statement::Other);
        }
        if is_name {
            self.assigned();
        }
        let mut targets = vec![first];
        while self.take(",") {
            let target = self.suffixed()?;
            if matches!(target.kind, Kind::Name(_)) {
                self.assigned();
            }
            targets.push(target);
        }
        self.expect("=")?;
        let mut values = self.expressions()?;
        for target in &targets {
            self.written(target);
        }
        match (&targets[..], values.len()) {
            ([Expression { kind: Kind::Name(name), .. }], 1) => {
                Some(Statement::Assign(name.clone(), values.swap_remove(0)))
            }
            _ => Some(Statement::Other),
        }
    }

    /// Something is assigned to `target`.
    fn written(&mut self, target: &Expression) {
        self.writes_item |= target.item_field().is_some();
    }
}
