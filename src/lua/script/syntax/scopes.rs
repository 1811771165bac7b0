//! The parser follows which variables are there at each place, and notes the names that are none.

use std::ops::Range;

use super::Parser;
use super::names::{FreeName, FreeNames, NameUse, Names};
use crate::lua::script::lexer::substitutions;

/// The free names of a function, where `setup` may make variables for it. `None`: there is something in them that the parser
/// does not know.
pub(in crate::lua) fn free_names(
    setup: &str,
    text: &str,
    is_expression: bool,
    parameters: &[&str],
) -> Option<FreeNames> {
    let mut first = Parser::new(setup);
    first.statements()?;
    if first.at < first.tokens.len() {
        return None;
    }
    let of_setup = std::mem::take(&mut first.names.free);
    let mut parser = Parser::new(text);
    parser.names = first.names;
    parser.declare(parameters.iter().map(|name| (*name).to_owned()));
    if is_expression {
        parser.expression()?;
    } else {
        parser.statements()?;
    }
    let Names { free, all, .. } = parser.names;
    (parser.at == parser.tokens.len()).then_some(FreeNames { of_setup, of_text: free, variables: all })
}

impl Parser<'_> {
    /// Reads something with variables of its own.
    pub(super) fn scoped<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let outer = self.names.variables.len();
        let value = read(self);
        self.names.variables.truncate(outer);
        value
    }

    /// These names are variables from here on.
    pub(super) fn declare(&mut self, names: impl IntoIterator<Item = String>) {
        for name in names {
            self.names.all.push(name.clone());
            self.names.variables.push(name);
        }
    }

    /// The token that was just passed is this name, used as a value.
    pub(super) fn mention(&mut self, name: &str) {
        self.names.is_last_free = !self.names.variables.iter().any(|variable| variable == name);
        if !self.names.is_last_free {
            return;
        }
        let span = self.tokens[self.at - 1].span.clone();
        let field = self.field_ahead(0);
        let inner = field.as_ref().and_then(|_| self.field_ahead(2));
        let after = self.ahead(if field.is_some() { 2 } else { 0 });
        let used =
            if after.starts_with(['(', '{', '"', '\'', '`']) { NameUse::Called } else { NameUse::Read };
        let level = self.level;
        self.names.free.push(FreeName { name: name.to_owned(), span, field, inner, used, level });
    }

    /// The field that is taken `by` tokens further on.
    fn field_ahead(&self, by: usize) -> Option<(String, Range<usize>)> {
        let token = (self.ahead(by) == ".").then(|| self.tokens.get(self.at + by + 1)).flatten()?;
        Some((token.text(self.text).to_owned(), token.span.clone()))
    }

    /// The last name that was mentioned is given a value.
    pub(super) fn assigned(&mut self) {
        if self.names.is_last_free
            && let Some(last) = self.names.free.last_mut()
        {
            last.used = NameUse::Assigned;
        }
    }

    /// The last name that was mentioned was none.
    pub(super) fn unmention(&mut self) {
        if self.names.is_last_free {
            self.names.free.pop();
        }
    }

    /// Reads the expressions in a template. A function within one could do anything to the item, and is not looked for.
    pub(super) fn substituted(&mut self, template: &str) -> Option<()> {
        let start = self.start();
        for part in substitutions(template)? {
            let inner = &template[part.clone()];
            if inner.contains("function") {
                return None;
            }
            let mut parser = Parser::new(inner);
            (parser.depth, parser.level) = (self.depth, self.level);
            parser.names.variables = std::mem::take(&mut self.names.variables);
            let value = parser.expression();
            let is_whole = parser.at == parser.tokens.len();
            self.names.variables = std::mem::take(&mut parser.names.variables);
            self.names.free.extend(parser.names.free.into_iter().map(|name| name.moved(start + part.start)));
            value.filter(|_| is_whole)?;
        }
        Some(())
    }
}
