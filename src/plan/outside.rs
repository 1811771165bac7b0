//! Parameters and environment variables that Lua looks at and the file does not declare: they are always nil.

use super::codes;
use super::expand::Field;
use super::lua_text::mentions;
use super::places::{Places, Spot};
use crate::source::{Diagnostic, nearest};

/// Warns of every `params.NAME` and `env.NAME` that can only be nil.
pub(super) fn check(places: &Places, fields: &[Field], found: &mut Vec<Diagnostic>) {
    for (scope, what) in [("params", "parameter"), ("env", "variable")] {
        let declared: Vec<&str> = places.value()[scope]
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys().map(String::as_str))
            .collect();
        let mut look = |name: &str, spot: &Spot<'_>| {
            if !declared.contains(&name) {
                found.push(undeclared(places, (scope, what), name, spot, &declared));
            }
        };
        for lua in places.document.lua_fields() {
            let Some(block) = places.block(&lua.pointer) else { continue };
            for (name, range) in mentions(&block.text, scope).fields {
                let before = &block.text[..range.start];
                let start = before.rfind('\n').map_or(range.start, |feed| range.start - feed - 1);
                let line = before.matches('\n').count() + 1;
                look(&name, &Spot::Text(&lua.pointer, line, start..start + range.len()));
            }
        }
        for field in fields {
            for (name, range) in field.mentions(scope).fields {
                let (line, start) = field.line_column(range.start);
                look(&name, &Spot::Text(&field.pointer, line, start..start + range.len()));
            }
        }
    }
}

fn undeclared(
    places: &Places,
    (scope, what): (&str, &str),
    name: &str,
    spot: &Spot<'_>,
    declared: &[&str],
) -> Diagnostic {
    let message = format!("`{scope}.{name}` is nil: the file declares no {what} `{name}`");
    let label = match nearest(name, declared.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("no such {what}"),
    };
    let help = format!("declare it at the top of the file: `{scope}: {{ {name}: a default }}`");
    places.warning(codes::UNDECLARED, message, spot, &label).help(help)
}
