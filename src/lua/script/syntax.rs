//! The parser reads Luau's grammar as far as it has to know what a function does with its item: which values it returns, which
//! locals it makes, what it assigns. The compiler has taken the text before; what this parser does not know (newer syntax,
//! templates with functions in them, code nested very deep) makes it give up, and the function runs in the general way.

mod annotation;
mod expression;
mod names;
mod node;
mod scopes;
mod statement;

pub(in crate::lua) use names::{FreeName, FreeNames, NameSite, NameUse};
pub(super) use node::{Arm, Expression, Field, Kind, Return, Statement};
pub(in crate::lua) use scopes::free_names;

use std::ops::Range;

use super::lexer::{KEYWORDS, Token, TokenKind, tokens};
use names::Names;

/// Expressions and blocks within each other. The parser recurses, and nobody writes by hand what is deeper.
const DEPTH_MAX: usize = 60;

/// What a function is made of.
#[derive(Debug)]
pub(super) struct Function {
    /// Its statements.
    pub(super) statements: Vec<Statement>,
    /// Every `return` of its own, not of functions within it, in order.
    pub(super) returns: Vec<Return>,
    /// Something is assigned to a field of the name `item`.
    pub(super) writes_item: bool,
    /// Operators whose operands stand in different lines, with these.
    pub(super) broken: Vec<Range<usize>>,
    /// Operators with calls in their operands.
    pub(super) calling: Vec<Range<usize>>,
}

/// Reads the statements of a function. `None`: there is something in it that the parser does not know.
pub(super) fn function(text: &str) -> Option<Function> {
    Some(function_with_names(text)?.0)
}

/// The same, with the places of all names.
pub(super) fn function_with_names(text: &str) -> Option<(Function, Vec<NameSite>)> {
    let mut parser = Parser::new(text);
    let statements = parser.statements()?;
    (parser.at == parser.tokens.len()).then(|| parser.function(statements))
}

/// Reads one expression as a function that returns it.
pub(super) fn expression(text: &str) -> Option<Function> {
    Some(expression_with_names(text)?.0)
}

/// The same, with the places of all names.
pub(super) fn expression_with_names(text: &str) -> Option<(Function, Vec<NameSite>)> {
    let mut parser = Parser::new(text);
    let value = parser.expression()?;
    if parser.at < parser.tokens.len() {
        return None;
    }
    let whole = Return { span: value.span.clone(), values: vec![value] };
    parser.returns = vec![whole.clone()];
    Some(parser.function(vec![Statement::Return(whole)]))
}

/// A place in the tokens of a text.
struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    /// How deep the parser is in.
    depth: usize,
    /// Functions around the place.
    level: usize,
    returns: Vec<Return>,
    writes_item: bool,
    broken: Vec<Range<usize>>,
    calling: Vec<Range<usize>>,
    /// Calls so far.
    calls: usize,
    names: Names,
}

impl<'t> Parser<'t> {
    /// What was read.
    fn function(self, statements: Vec<Statement>) -> (Function, Vec<NameSite>) {
        let Self { returns, writes_item, broken, calling, names, .. } = self;
        (Function { statements, returns, writes_item, broken, calling }, names.sites)
    }

    fn new(text: &'t str) -> Self {
        Self {
            text,
            tokens: tokens(text),
            at: 0,
            depth: 0,
            level: 0,
            returns: Vec::new(),
            writes_item: false,
            broken: Vec::new(),
            calling: Vec::new(),
            calls: 0,
            names: Names::default(),
        }
    }

    /// The token at hand; empty at the end.
    fn peek(&self) -> &'t str {
        self.ahead(0)
    }

    /// The token that stands `by` further on.
    fn ahead(&self, by: usize) -> &'t str {
        self.tokens.get(self.at + by).map_or("", |token| token.text(self.text))
    }

    fn kind(&self) -> Option<TokenKind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    /// Passes the token at hand, if it is this one.
    fn take(&mut self, text: &str) -> bool {
        let found =
            self.peek() == text && !matches!(self.kind(), Some(TokenKind::String | TokenKind::Template));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, text: &str) -> Option<()> {
        self.take(text).then_some(())
    }

    /// A name that is no keyword.
    fn name(&mut self) -> Option<&'t str> {
        let name = self.peek();
        if self.kind() != Some(TokenKind::Name) || KEYWORDS.contains(&name) {
            return None;
        }
        self.at += 1;
        Some(name)
    }

    /// Where the token at hand begins.
    fn start(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text.len(), |token| token.span.start)
    }

    /// From `start` to the end of the token before.
    fn span(&self, start: usize) -> Range<usize> {
        start..self.tokens[self.at - 1].span.end
    }

    /// Reads something that may be nested.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }
}

#[cfg(test)]
mod tests;
