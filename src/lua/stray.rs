//! This module finds names in Lua that can only be nil where they stand: globals cannot be made, so whatever neither the
//! text itself nor flowrun gives a value has none.

mod advice;
mod called;
mod known;
mod methods;

use std::collections::HashSet;
use std::ops::Range;

#[cfg(test)]
pub(in crate::lua) use called::NULL;
pub(in crate::lua) use called::called;

use super::host::{MODULES, functions};
use super::script::{FreeName, FreeNames, NameUse, free_names};
use known::{CONTEXT, STEPS};

/// A name that is nothing where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrayName {
    /// The bytes of the text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What it should probably be.
    pub label: String,
}

/// A piece of Lua as its names see it.
#[derive(Debug, Clone, Copy)]
pub struct NamedText<'a> {
    /// What runs before it, and may make variables for it.
    pub setup: &'a str,
    /// Statements, or one expression.
    pub text: &'a str,
    /// Whether it is one expression.
    pub is_expression: bool,
    /// Names that it has in scope beside the globals, with commas between them.
    pub parameters: &'a str,
}

impl NamedText<'_> {
    /// The stray names, each once: those of `setup`, and those of the text. What the parser does not know has none.
    pub fn strays(&self) -> [Vec<StrayName>; 2] {
        // What is in `ctx` is known, so it is looked at like a module.
        let parameters = || self.parameters.split(", ").filter(|name| !name.is_empty());
        let variables: Vec<&str> = parameters().filter(|name| *name != CONTEXT).collect();
        let has_context = parameters().any(|name| name == CONTEXT);
        // A bare name where a key is asked for is meant as a field.
        let has_item = parameters().any(|name| name == "item");
        let Some(FreeNames { of_setup, of_text, variables }) =
            free_names(self.setup, self.text, self.is_expression, &variables)
        else {
            return Default::default();
        };
        let mut seen = HashSet::new();
        let mut strays = |names: Vec<FreeName>, has_context: bool| -> Vec<StrayName> {
            let is_there = |name: &str| is_global(name) || has_context && name == CONTEXT;
            let found = names.into_iter().filter_map(|name| {
                let mut stray = stray(&name, &is_there, &variables)?;
                if let Some(label) = seen_around(self.text, &name) {
                    stray.label = label;
                }
                if self.is_expression && has_item && self.text.trim() == name.name {
                    stray.label = format!("did you mean `item.{}`?", name.name);
                }
                // One finding says enough of a name, however often and whatever for it is used.
                let is_whole = stray.span == name.span;
                let key = if is_whole { name.name } else { stray.message.clone() };
                seen.insert(key).then_some(stray)
            });
            found.collect()
        };
        [strays(of_setup, false), strays(of_text, has_context)]
    }
}

/// What the text around a name says of it.
fn seen_around(text: &str, name: &FreeName) -> Option<String> {
    let (before, after) = (text.get(..name.span.start)?, text.get(name.span.end..)?);
    let line = before.rsplit('\n').next().unwrap_or_default().trim_start();
    if name.used == NameUse::Assigned && before.trim_end().ends_with("function") {
        return Some(format!("write `local function {}(…)`", name.name));
    }
    if line.starts_with("//") && name.used != NameUse::Assigned {
        return Some("a comment begins with `--`".to_owned());
    }
    let is_raw = ["r", "rb", "R"].contains(&&*name.name) && after.starts_with(['"', '\'']);
    is_raw.then(|| "there are no raw strings: in `[[…]]` nothing is an escape".to_owned())
}

/// Where a text, statements or one expression, looks at the global `name`, and not at a variable of its own that is called so;
/// `setup` may make variables for it. `None`: there is something in it that the parser does not know.
pub fn global_places(setup: &str, text: &str, name: &str) -> Option<HashSet<usize>> {
    let names = free_names(setup, text, false, &[]).or_else(|| free_names(setup, text, true, &[]))?;
    Some(names.of_text.into_iter().filter(|one| one.name == name).map(|one| one.span.start).collect())
}

fn stray(name: &FreeName, is_there: &dyn Fn(&str) -> bool, variables: &[String]) -> Option<StrayName> {
    let FreeName { name: text, span, field, inner, used, .. } = name;
    if *used == NameUse::Assigned {
        return Some(StrayName {
            span: span.clone(),
            message: format!("nothing can be assigned to `{text}`: globals are read-only"),
            label: format!("write `local {text}` where it gets its first value"),
        });
    }
    if let Some((field, place)) = field
        && text != STEPS
        && let Some(advice) = missing_field(text, is_there(text), field)
    {
        return Some(StrayName {
            span: span.start..place.end,
            message: format!("there is no `{text}.{field}`"),
            label: advice,
        });
    }
    if let (STEPS, Some((step, _)), Some((field, place))) = (text.as_str(), field, inner)
        && let Some(advice) = missing_field(STEPS, true, field)
    {
        return Some(StrayName {
            span: place.clone(),
            message: format!("there is no `{STEPS}.{step}.{field}`"),
            label: advice.replace(&format!("`{STEPS}."), &format!("`{STEPS}.{step}.")),
        });
    }
    if is_there(text) {
        let is_called = *used == NameUse::Called && field.is_none() && is_module(text);
        return is_called.then(|| StrayName {
            span: span.clone(),
            message: format!("`{text}` is a module, and cannot be called"),
            label: advice::of_called_module(text),
        });
    }
    let label = advice::of_name(text, variables);
    Some(StrayName {
        span: span.clone(),
        message: format!("`{text}` can only be nil: nothing gives it a value"),
        label: label.unwrap_or_else(|| "no variable and no module has this name".to_owned()),
    })
}

/// What to say of a field that its module, of those whose fields are known, does not have.
fn missing_field(module: &str, is_there: bool, field: &str) -> Option<String> {
    if !is_there {
        // `io.open` has an answer of its own, although there is no `io`.
        return (module == "io").then(|| advice::of_field(module, field)).flatten();
    }
    let fields = advice::fields(module);
    if fields.is_empty() || fields.iter().any(|known| known == field) {
        return None;
    }
    let advice = advice::of_field(module, field);
    Some(advice.unwrap_or_else(|| format!("`{module}` has {}", advice::listed(&fields))))
}

fn is_module(name: &str) -> bool {
    known::MODULES.iter().any(|(module, _)| *module == name)
        || MODULES.iter().any(|(module, _)| *module == name)
}

fn is_global(name: &str) -> bool {
    known::GLOBALS.contains(&name)
        || known::OF_THE_RUN.contains(&name)
        || known::MODULES.iter().any(|(module, _)| *module == name)
        || MODULES.iter().any(|(module, _)| *module == name)
        || functions().iter().any(|function| function.module.is_empty() && function.name == name)
        // What tests of workers that never come back call.
        || cfg!(test) && name == "stall"
}

#[cfg(test)]
mod tests;
