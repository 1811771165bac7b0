//! This module finds parameters, environment variables and secrets that Lua looks at and the file does not declare,
//! or that are not there where it looks.

use std::collections::HashSet;

use super::expand::ExpressionField;
use super::global_mentions::global_mentions;
use super::lua_text::mentions;
use super::places::{DocumentPart, PlacedDocument};
use super::{FINDINGS_MAX, codes};
use crate::source::{Diagnostic, LineStarts, nearest};

/// Warns of every `params.NAME` and `env.NAME` that can only be nil.
pub(super) fn check(places: &PlacedDocument, fields: &[ExpressionField], found: &mut Vec<Diagnostic>) {
    refuse_secrets(places, fields, found);
    for (scope, what) in [("params", "parameter"), ("env", "variable"), ("secrets", "secret")] {
        let declared: Vec<&str> = places.value()[scope]
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys().map(String::as_str))
            .collect();
        let known: HashSet<&str> = declared.iter().copied().collect();
        let mut look = |name: &str, spot: &DocumentPart<'_>| {
            if !known.contains(name) {
                // Looking for the nearest name takes its time.
                let likes = if found.len() < FINDINGS_MAX { declared.as_slice() } else { &[] };
                found.push(undeclared(places, (scope, what), name, spot, likes));
            }
        };
        for lua in places.document.lua_fields() {
            let Some(block) = places.block(&lua.pointer) else { continue };
            let lines = LineStarts::of(&block.text);
            for (name, range) in global_mentions(places, &lua.pointer, &block.text, scope) {
                let (line, start) = lines.line_column(range.start);
                look(&name, &DocumentPart::Text(&lua.pointer, line, start..start + range.len()));
            }
        }
        // Those that are there in expressions at all.
        for field in fields.iter().filter(|_| scope != "secrets") {
            for (name, range) in field.mentions(scope).fields {
                look(&name, &field.spot(range));
            }
        }
    }
}

/// What expressions give becomes a part of the plan, which is shown and kept.
fn refuse_secrets(places: &PlacedDocument, fields: &[ExpressionField], found: &mut Vec<Diagnostic>) {
    let mut refuse = |spot: &DocumentPart<'_>| {
        let message = "`secrets` cannot be used here".to_owned();
        let error = places.error(codes::EXPRESSION, message, spot, "expressions do not see secrets");
        found.push(error.help("secrets are for the Lua of `map`, `flat_map`, `filter`, `items` and `setup`"));
    };
    for lua in places.document.lua_fields() {
        let Some(block) = places.block(&lua.pointer) else { continue };
        let is_when = lua.pointer.ends_with("/when") && lua.pointer.matches('/').count() == 3;
        if is_when && mentions(&block.text, "secrets").any() {
            refuse(&DocumentPart::Value(&lua.pointer));
        }
    }
    for field in fields.iter().filter(|field| field.mentions("secrets").any()) {
        refuse(&DocumentPart::Value(&field.pointer));
    }
}

fn undeclared(
    places: &PlacedDocument,
    (scope, what): (&str, &str),
    name: &str,
    spot: &DocumentPart<'_>,
    declared: &[&str],
) -> Diagnostic {
    let (is_what, example) = match scope {
        "secrets" => ("raises an error", "{ env: A_VARIABLE }"),
        _ => ("is nil", "a default"),
    };
    let message = format!("`{scope}.{name}` {is_what}: the file declares no {what} `{name}`");
    let label = match nearest(name, declared.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("no such {what}"),
    };
    let help = format!("declare it at the top of the file: `{scope}: {{ {name}: {example} }}`");
    places.warning(codes::UNDECLARED, message, spot, &label).help(help)
}
