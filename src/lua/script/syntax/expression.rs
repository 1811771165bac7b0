//! Expressions, by precedence.

use std::ops::Range;

use super::{Expression, Field, Kind, Parser};
use crate::lua::script::lexer::TokenKind;
use crate::lua::script::operator::Operator;

/// How strongly `-`, `not` and `#` bind: more than products, less than powers.
const UNARY: u8 = 12;

/// The name of a field of a table.
enum FieldName {
    Known(String),
    /// None, or one that is computed.
    Other,
}

/// The operator, and how strongly it binds to what stands left and right of it.
fn operator(text: &str) -> Option<(Operator, u8, u8)> {
    Some(match text {
        "or" => (Operator::Or, 1, 2),
        "and" => (Operator::And, 3, 4),
        "<" => (Operator::Less, 5, 6),
        "<=" => (Operator::LessEqual, 5, 6),
        ">" => (Operator::Greater, 5, 6),
        ">=" => (Operator::GreaterEqual, 5, 6),
        "==" => (Operator::Equal, 5, 6),
        "~=" => (Operator::Unequal, 5, 6),
        ".." => (Operator::Concatenate, 8, 7),
        "+" => (Operator::Add, 9, 10),
        "-" => (Operator::Subtract, 9, 10),
        "*" => (Operator::Multiply, 10, 11),
        "/" => (Operator::Divide, 10, 11),
        "//" | "%" => (Operator::Other, 10, 11),
        "^" => (Operator::Other, 14, 13),
        _ => return None,
    })
}

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Option<Expression> {
        self.binary(0)
    }

    /// Expressions with commas between them.
    pub(super) fn expressions(&mut self) -> Option<Vec<Expression>> {
        let mut values = vec![self.expression()?];
        while self.take(",") {
            values.push(self.expression()?);
        }
        Some(values)
    }

    fn binary(&mut self, least: u8) -> Option<Expression> {
        self.nested(|parser| {
            let calls = parser.calls;
            let mut left = parser.unary()?;
            while let Some((operator, before, after)) = parser.operator()
                && before > least
            {
                parser.at += 1;
                let right = parser.binary(after - 1)?;
                let span = left.span.start..right.span.end;
                if !matches!(operator, Operator::And | Operator::Or) {
                    parser.breaks(&span, calls);
                }
                left = Expression { kind: Kind::Binary(operator, Box::new(left), Box::new(right)), span };
            }
            Some(left)
        })
    }

    fn operator(&self) -> Option<(Operator, u8, u8)> {
        if matches!(self.kind(), Some(TokenKind::String | TokenKind::Template)) {
            return None;
        }
        operator(self.peek())
    }

    fn unary(&mut self) -> Option<Expression> {
        let start = self.start();
        let kind: fn(Box<Expression>) -> Kind = match self.kind()? {
            TokenKind::Name | TokenKind::Symbol => match self.peek() {
                "not" => Kind::Not,
                "-" => Kind::Minus,
                "#" => Kind::Length,
                _ => return self.simple(),
            },
            _ => return self.simple(),
        };
        self.at += 1;
        let calls = self.calls;
        let value = self.binary(UNARY)?;
        let span = start..value.span.end;
        self.breaks(&span, calls);
        Some(Expression { kind: kind(Box::new(value)), span })
    }

    /// Notes an operator over several lines, or with calls in it; before it, there were so many.
    fn breaks(&mut self, span: &Range<usize>, calls: usize) {
        if self.calls > calls {
            self.calling.push(span.clone());
        }
        if self.text[span.clone()].contains('\n') {
            self.broken.push(span.clone());
        }
    }

    fn simple(&mut self) -> Option<Expression> {
        let start = self.start();
        let text = self.peek();
        let kind = match (self.kind()?, text) {
            (TokenKind::Number, _) => self.pass(number(text)),
            (TokenKind::String, _) => self.pass(unescaped(text).map_or(Kind::Single, Kind::String)),
            (TokenKind::Template, _) => {
                self.substituted(text)?;
                self.calls += 1;
                self.pass(Kind::Single)
            }
            (_, "nil") => self.pass(Kind::Nil),
            (_, "true") => self.pass(Kind::Boolean(true)),
            (_, "false") => self.pass(Kind::Boolean(false)),
            (_, "...") => self.pass(Kind::Rest),
            (_, "{") => self.table()?,
            (_, "if") => self.choice()?,
            (_, "function") => {
                self.at += 1;
                self.function_body(&[])?;
                Kind::Single
            }
            _ => return self.suffixed().and_then(|value| self.cast(value)),
        };
        let value = Expression { kind, span: self.span(start) };
        self.cast(value)
    }

    fn pass(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }

    /// `value :: type`
    fn cast(&mut self, value: Expression) -> Option<Expression> {
        if !self.take("::") {
            return Some(value);
        }
        self.skip_type()?;
        // A cast keeps no more than one value.
        let span = self.span(value.span.start);
        Some(Expression { kind: Kind::Single, span })
    }

    /// `if a then b elseif c then d else e`, at `if` or `elseif`.
    fn choice(&mut self) -> Option<Kind> {
        self.nested(|parser| {
            parser.at += 1;
            let condition = parser.expression()?;
            parser.expect("then")?;
            let then = parser.expression()?;
            let start = parser.start();
            let otherwise = if parser.peek() == "elseif" {
                let kind = parser.choice()?;
                Expression { kind, span: parser.span(start) }
            } else {
                parser.expect("else")?;
                parser.expression()?
            };
            Some(Kind::If(Box::new([condition, then, otherwise])))
        })
    }

    fn table(&mut self) -> Option<Kind> {
        self.nested(|parser| {
            parser.at += 1;
            let mut fields = Some(Vec::new());
            while !parser.take("}") {
                let name = parser.field_name()?;
                let value = parser.expression()?;
                match (name, &mut fields) {
                    (FieldName::Known(name), Some(fields)) => fields.push(Field { name, value }),
                    _ => fields = None,
                }
                if !parser.take(",") && !parser.take(";") {
                    parser.expect("}")?;
                    break;
                }
            }
            Some(fields.map_or(Kind::Single, Kind::Table))
        })
    }

    /// What stands before the value of a field.
    fn field_name(&mut self) -> Option<FieldName> {
        if self.kind() == Some(TokenKind::Name) && self.ahead(1) == "=" {
            let name = self.name()?.to_owned();
            self.at += 1;
            return Some(FieldName::Known(name));
        }
        if !self.take("[") {
            return Some(FieldName::Other);
        }
        let key = self.expression()?;
        self.expect("]")?;
        self.expect("=")?;
        Some(match key.kind {
            Kind::String(name) => FieldName::Known(name),
            _ => FieldName::Other,
        })
    }

    /// A name or an expression in brackets, and what follows it: fields and calls.
    pub(super) fn suffixed(&mut self) -> Option<Expression> {
        let start = self.start();
        let mut kind = if self.take("(") {
            let value = self.expression()?;
            self.expect(")")?;
            Kind::Group(Box::new(value))
        } else {
            let name = self.name()?;
            self.mention(name);
            Kind::Name(name.to_owned())
        };
        loop {
            let before = Expression { kind, span: self.span(start) };
            kind = match (self.kind(), self.peek()) {
                (Some(TokenKind::String | TokenKind::Template), _) | (_, "(" | "{") => {
                    Kind::Call(Box::new(before), self.arguments()?)
                }
                (_, ".") => {
                    self.at += 1;
                    // After a dot even a keyword would be no name for the compiler.
                    Kind::Index(Box::new(before), self.name()?.to_owned())
                }
                (_, "[") => self.index(before)?,
                (_, ":") => {
                    self.at += 1;
                    let name = self.name()?.to_owned();
                    Kind::Method(Box::new(before), name, self.arguments()?)
                }
                _ => return Some(before),
            };
        }
    }

    fn index(&mut self, of: Expression) -> Option<Kind> {
        self.at += 1;
        let calls = self.calls;
        let key = self.expression()?;
        self.expect("]")?;
        self.breaks(&self.span(of.span.start), calls);
        Some(match key.kind {
            Kind::String(name) => Kind::Index(Box::new(of), name),
            _ => Kind::Single,
        })
    }

    /// What a function is called with.
    fn arguments(&mut self) -> Option<Vec<Expression>> {
        self.calls += 1;
        if !self.take("(") {
            // One string, template or table may stand without brackets.
            return self.simple().map(|value| vec![value]);
        }
        if self.take(")") {
            return Some(Vec::new());
        }
        let values = self.expressions()?;
        self.expect(")")?;
        Some(values)
    }
}

/// A number that Rust and Luau read alike.
fn number(text: &str) -> Kind {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match text.parse::<f64>() {
        Ok(value) if plain && value < 9e15 => Kind::Number(value),
        _ => Kind::Single,
    }
}

/// What stands in the quotes, if it is what the string is.
fn unescaped(text: &str) -> Option<String> {
    let quoted = text.len() >= 2 && text.starts_with(['"', '\'']) && !text.contains(['\\', '\n', '\r']);
    quoted.then(|| text[1..text.len() - 1].to_owned())
}
