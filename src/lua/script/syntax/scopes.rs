//! The parser follows which variables are there at each place, and notes the names that are none.

use std::ops::Range;

use super::Parser;
use super::names::{FreeName, FreeNames, NameSite, NameUse, Names, Variable};
use crate::lua::script::lexer::substitutions;

/// A name that becomes a variable, and its bytes where it is written.
pub(super) type Binding = (String, Option<Range<usize>>);

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
    parser.declare(parameters.iter().map(|name| ((*name).to_owned(), None)));
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

    /// These names are variables from here on; where they are written, if they are.
    pub(super) fn declare(&mut self, names: impl IntoIterator<Item = Binding>) {
        for (name, span) in names {
            let number = self.names.all.len();
            self.names.all.push(name.clone());
            if let Some(span) = span {
                let (name, variable) = (name.clone(), Some(number));
                self.names.sites.push(NameSite { name, span, variable, is_declared: true });
            }
            self.names.variables.push(Variable { name, number });
        }
    }

    /// The token that was just passed, as a name that becomes a variable.
    pub(super) fn binding(&self, name: &str) -> Binding {
        (name.to_owned(), Some(self.tokens[self.at - 1].span.clone()))
    }

    /// The token that was just passed is this name, used as a value.
    pub(super) fn mention(&mut self, name: &str) {
        let variable = self.names.variables.iter().rev().find(|variable| variable.name == name);
        let variable = variable.map(|variable| variable.number);
        self.names.is_last_free = variable.is_none();
        let span = self.tokens[self.at - 1].span.clone();
        let site = NameSite { name: name.to_owned(), span: span.clone(), variable, is_declared: false };
        self.names.sites.push(site);
        if variable.is_some() {
            return;
        }
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
            self.names.sites.pop();
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
            let by = start + part.start;
            self.names.free.extend(parser.names.free.into_iter().map(|name| name.moved(by)));
            let moved = |site: NameSite| NameSite { span: site.span.start + by..site.span.end + by, ..site };
            self.names.sites.extend(parser.names.sites.into_iter().map(moved));
            value.filter(|_| is_whole)?;
        }
        Some(())
    }
}
