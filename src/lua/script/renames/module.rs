//! This module follows the table that a Lua file gives, and those that a text requires, as far as they are only ever asked for
//! fields that are written out.

use std::ops::Range;

use super::NamedLua;
use crate::lua::script::lexer::TokenKind;
use crate::lua::script::syntax::{Expression, Field, Kind, NameSite, Statement};
use crate::lua::script::texts::bare;

/// A field and where it is written.
type NamedField = (String, Range<usize>);

/// A mention of a module: its name, the field, and where that is written.
type ModuleField = (String, String, Range<usize>);

impl NamedLua<'_> {
    /// All places at which the module that this text is names one of its fields.
    ///
    /// # Errors
    /// Says why they cannot be known, or why the field cannot have the new name.
    pub fn given_as(&self, name: &str, new: &str) -> Result<Vec<Range<usize>>, String> {
        let all = self.given()?;
        if all.iter().any(|(other, _)| other == new) {
            return Err(format!("there is a `{new}` already"));
        }
        let spans: Vec<Range<usize>> =
            all.into_iter().filter(|(other, _)| other == name).map(|(_, span)| span).collect();
        if spans.is_empty() { Err(format!("no place is found that makes `{name}`")) } else { Ok(spans) }
    }

    /// The fields of the table that the text returns, at all their places.
    pub(super) fn given(&self) -> Result<Vec<NamedField>, String> {
        let unknown = || "what it returns is no table whose fields can be followed".to_owned();
        let [returned] = &self.function.returns[..] else { return Err(unknown()) };
        let (Some(Statement::Return(_)), [value]) = (self.function.statements.last(), &returned.values[..])
        else {
            return Err(unknown());
        };
        match &value.kind {
            Kind::Table(fields) => self.keys(fields),
            Kind::Name(_) => {
                let site = self.sites.iter().find(|site| site.span == value.span).ok_or_else(unknown)?;
                let number = site.variable.ok_or_else(unknown)?;
                let declared = |one: &&NameSite| one.is_declared && one.variable == Some(number);
                let declared = self.sites.iter().find(declared).ok_or_else(unknown)?;
                let mut fields = self.keys(self.table_of(declared).ok_or_else(unknown)?)?;
                fields.extend(self.fields_of(number, &[&declared.span, &site.span])?);
                Ok(fields)
            }
            _ => Err(unknown()),
        }
    }

    /// The table that a variable is made as.
    fn table_of(&self, declared: &NameSite) -> Option<&[Field]> {
        self.function.statements.iter().find_map(|statement| match statement {
            Statement::Local(name, Expression { kind: Kind::Table(fields), span })
                if *name == declared.name =>
            {
                let between = self.text.get(declared.span.end..span.start)?;
                (between.trim() == "=").then_some(&fields[..])
            }
            _ => None,
        })
    }

    /// The keys of a table as they are written.
    fn keys(&self, fields: &[Field]) -> Result<Vec<NamedField>, String> {
        let key = |field: &Field| {
            let before = self.text[..field.value.span.start].trim_end().strip_suffix('=');
            let end = before.map(|before| before.trim_end().len());
            let start = end.and_then(|end| end.checked_sub(field.name.len()));
            let span = start.zip(end).map(|(start, end)| start..end);
            let span = span.filter(|span| self.text.get(span.clone()) == Some(&field.name));
            span.map(|span| (field.name.clone(), span))
                .ok_or_else(|| format!("`{}` is written in brackets", field.name))
        };
        fields.iter().map(key).collect()
    }

    /// The fields that a variable is asked for, at all its places but these.
    fn fields_of(&self, number: usize, but: &[&Range<usize>]) -> Result<Vec<NamedField>, String> {
        let sites =
            self.sites.iter().filter(|site| site.variable == Some(number) && !but.contains(&&site.span));
        sites
            .map(|site| {
                let field = self.place(site.span.start).and_then(|at| self.field_after(at));
                let named = field.map(|span| (self.text[span.clone()].to_owned(), span));
                named.ok_or_else(|| {
                    let line = self.line(site.span.start);
                    format!(
                        "`{}` is used as a whole in line {line}, so who asks it for what cannot be told",
                        site.name
                    )
                })
            })
            .collect()
    }

    /// All places at which the text asks modules for a field, `is_meant` says which modules.
    ///
    /// # Errors
    /// Says why they cannot be known.
    pub fn asked_of(&self, is_meant: impl Fn(&str) -> bool, name: &str) -> Result<Vec<Range<usize>>, String> {
        let mut spans = Vec::new();
        for required in self.sites.iter().filter(|site| site.variable.is_none() && site.name == "require") {
            let line = self.line(required.span.start);
            let Some((module, end)) = self.required(required) else {
                return Err(format!("line {line} requires a file whose name is only known when it runs"));
            };
            if !is_meant(&module) {
                continue;
            }
            let fields = self.of_required(required, end)?;
            spans.extend(fields.into_iter().filter(|(field, _)| field == name).map(|(_, span)| span));
        }
        Ok(spans)
    }

    /// All fields of modules that are asked for, as far as they can be followed.
    pub(super) fn module_fields(&self) -> Vec<ModuleField> {
        let required = self.sites.iter().filter(|site| site.variable.is_none() && site.name == "require");
        let fields = required.filter_map(|site| {
            let (module, end) = self.required(site)?;
            Some((module, self.of_required(site, end).ok()?))
        });
        let named = |(module, fields): (String, Vec<NamedField>)| {
            fields.into_iter().map(move |(field, span)| (module.clone(), field, span)).collect::<Vec<_>>()
        };
        fields.flat_map(named).collect()
    }

    /// What `require` asks for at a place, and the place of the last token of the call.
    fn required(&self, site: &NameSite) -> Option<(String, usize)> {
        let at = self.place(site.span.start)?;
        let has_brackets = self.token(at + 1) == "(";
        let text = at + 1 + usize::from(has_brackets);
        let is_text = self.tokens.get(text).is_some_and(|token| token.kind == TokenKind::String);
        let end = text + usize::from(has_brackets);
        (is_text && (!has_brackets || self.token(end) == ")"))
            .then(|| (bare(self.token(text)).to_owned(), end))
    }

    /// The fields that are asked for of what a call of `require` gives, which ends at `end`.
    fn of_required(&self, site: &NameSite, end: usize) -> Result<Vec<NamedField>, String> {
        if let Some(span) = self.field_after(end) {
            return Ok(vec![(self.text[span.clone()].to_owned(), span)]);
        }
        let whole = || {
            let line = self.line(site.span.start);
            format!("a module is used as a whole in line {line}, so who asks it for what cannot be told")
        };
        let at = self.place(site.span.start).filter(|at| *at >= 3).ok_or_else(whole)?;
        let is_local = self.token(at - 1) == "=" && self.token(at - 3) == "local";
        let next = self.token(end + 1);
        let is_last = self.tokens.get(end + 1).is_none_or(|token| token.kind == TokenKind::Name);
        let ends = (is_last && !matches!(next, "and" | "or")) || next == ";";
        let start = self.tokens[at - 2].span.start;
        let declared = self.sites.iter().find(|one| one.is_declared && one.span.start == start);
        let declared = declared.filter(|_| is_local && ends).ok_or_else(whole)?;
        let number = declared.variable.ok_or_else(whole)?;
        self.fields_of(number, &[&declared.span])
    }
}
