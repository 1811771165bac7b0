//! This module finds every place of a variable, or of a function that a module gives, so that an editor can rename it. What
//! cannot be proven from the texts alone is refused, with the reason.

mod module;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::lexer::{KEYWORDS, Token, TokenKind, tokens};
use super::syntax::{Function, NameSite, expression_with_names, function_with_names};

/// Words that Lua takes for more than a name in some places.
const HALF_KEYWORDS: [&str; 3] = ["continue", "type", "export"];

/// A text of Lua whose names were read.
#[derive(Debug)]
pub struct NamedLua<'t> {
    text: &'t str,
    is_expression: bool,
    tokens: Vec<Token>,
    function: Function,
    /// In the order of the text.
    sites: Vec<NameSite>,
}

/// What may be renamed at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LuaName {
    /// A variable of the text.
    Variable(Range<usize>),
    /// A function, or another value, of the module that is required under this name.
    OfModule(String, Range<usize>),
    /// The same of the module that the text itself is.
    Given(Range<usize>),
}

impl LuaName {
    /// The bytes of the name.
    pub fn span(&self) -> &Range<usize> {
        match self {
            Self::Variable(span) | Self::OfModule(_, span) | Self::Given(span) => span,
        }
    }
}

/// Whether Lua takes a text for a name.
///
/// # Errors
/// Says why not.
pub fn check_lua_name(new: &str) -> Result<(), String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name = new.chars().all(is_plain) && new.chars().next().is_some_and(|c| !c.is_ascii_digit());
    if is_name && !KEYWORDS.contains(&new) && !HALF_KEYWORDS.contains(&new) {
        return Ok(());
    }
    Err(format!("`{new}` is no name in Lua: letters, digits and `_`, no digit first, and no word of Lua"))
}

impl<'t> NamedLua<'t> {
    /// Reads a text; `None`: there is something in it that the parser does not know.
    pub fn read(text: &'t str, is_expression: bool) -> Option<Self> {
        let read = if is_expression { expression_with_names(text) } else { function_with_names(text) };
        let (function, mut sites) = read?;
        sites.sort_by_key(|site| site.span.start);
        Some(Self { text, is_expression, tokens: tokens(text), function, sites })
    }

    /// What the name at a byte is, if it can be renamed.
    pub fn name_at(&self, at: usize) -> Option<LuaName> {
        let holds = |span: &Range<usize>| span.start <= at && at <= span.end;
        if let Some(site) = self.sites.iter().find(|site| holds(&site.span)) {
            return site.variable.map(|_| LuaName::Variable(site.span.clone()));
        }
        if let Some((module, _, span)) = self.module_fields().into_iter().find(|(_, _, span)| holds(span)) {
            return Some(LuaName::OfModule(module, span));
        }
        let given = self.given().ok()?;
        given.into_iter().find(|(_, span)| holds(span)).map(|(_, span)| LuaName::Given(span))
    }

    /// The bytes of all words that may be names.
    pub fn names(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let words = self.tokens.iter().filter(|token| token.kind == TokenKind::Name);
        words.map(|token| token.span.clone()).chain(self.sites.iter().map(|site| site.span.clone()))
    }

    /// All places of the variable that is written at these bytes, where it can have another name.
    ///
    /// # Errors
    /// Says why it cannot.
    pub fn variable(&self, span: &Range<usize>, new: &str) -> Result<Vec<Range<usize>>, String> {
        check_lua_name(new)?;
        let site = self.sites.iter().find(|site| site.span == *span);
        let (old, number) =
            site.and_then(|site| Some((&site.name, site.variable?))).ok_or("no variable stands here")?;
        let own = || self.sites.iter().filter(|site| site.variable == Some(number));
        if !own().any(|site| site.is_declared) {
            return Err(format!("`{old}` is a variable that nobody has written down"));
        }
        if self.tokens.iter().any(|token| token.kind == TokenKind::Name && token.text(self.text) == "typeof")
        {
            return Err("a type is taken of a value with `typeof`, which is not followed".to_owned());
        }
        let spans: Vec<Range<usize>> = own().map(|site| site.span.clone()).collect();
        self.keeps_meaning(&spans, number, new)?;
        Ok(spans)
    }

    /// Whether every name means the same when these places have the new one.
    fn keeps_meaning(&self, spans: &[Range<usize>], number: usize, new: &str) -> Result<(), String> {
        let mut text = self.text.to_owned();
        for span in spans.iter().rev() {
            text.replace_range(span.clone(), new);
        }
        let clash = || format!("`{new}` is another name where this one is used");
        let after = NamedLua::read(&text, self.is_expression).ok_or_else(clash)?;
        let means_same = |(before, after): (&NameSite, &NameSite)| {
            let name = if before.variable == Some(number) { new } else { &before.name };
            before.variable == after.variable && after.name == name
        };
        let is_same =
            self.sites.len() == after.sites.len() && self.sites.iter().zip(&after.sites).all(means_same);
        if is_same { Ok(()) } else { Err(clash()) }
    }

    fn token(&self, at: usize) -> &'t str {
        self.tokens.get(at).map_or("", |token| token.text(self.text))
    }

    /// The place of the token that begins at a byte; `None`: it is within a template.
    fn place(&self, start: usize) -> Option<usize> {
        self.tokens.binary_search_by_key(&start, |token| token.span.start).ok()
    }

    /// The name behind a dot or a colon that follows the token at `at`.
    fn field_after(&self, at: usize) -> Option<Range<usize>> {
        let field = self.tokens.get(at + 2).filter(|token| token.kind == TokenKind::Name)?;
        matches!(self.token(at + 1), "." | ":").then(|| field.span.clone())
    }

    fn line(&self, byte: usize) -> usize {
        self.text[..byte].matches('\n').count() + 1
    }
}
