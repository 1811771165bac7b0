//! Editor stubs list every function, type and variable that item functions find, as LuaCATS annotations, which the
//! Lua language servers read. They are made from the table of functions; the command line writes the file.

mod functions;
mod lines;

use super::host::{Field, MODULES, Meaning, NAMED, VARIABLES, functions as registry};
use super::signature::{Signature, TypeKind};
use lines::line;

/// What Luau has beside the Lua of the language servers.
const STANDARD: &str = include_str!("stubs/standard.lua");

const HEAD: &str = "\
---@meta
-- What Lua functions of flowrun pipelines find in scope. Written by `flowrun types`; not to be run.
";

/// The text of the stubs.
pub fn stubs() -> String {
    let mut out = HEAD.to_owned();
    for named in NAMED {
        section(&mut out, named.doc);
        match named.meaning {
            Meaning::Alias(kind) => line(&mut out, &format!("---@alias {} {}", named.name, annotation(kind))),
            Meaning::Fields(fields) => {
                line(&mut out, &format!("---@class {}", named.name));
                for field in fields {
                    write_field(&mut out, field);
                }
                let has_methods = registry().iter().any(|function| function.module == named.name);
                if has_methods {
                    line(&mut out, &format!("local {} = {{}}", named.name));
                    functions::write(&mut out, named.name);
                }
            }
        }
    }
    for variable in VARIABLES {
        section(&mut out, variable.doc);
        line(&mut out, &format!("---@type {}", annotation(variable.kind)));
        line(&mut out, &format!("{} = nil", variable.name));
    }
    for (module, doc) in MODULES {
        write_module(&mut out, module, doc);
    }
    functions::write(&mut out, "");
    out.push('\n');
    out.push_str(STANDARD);
    out
}

/// A module with its values as fields, its functions, and the modules inside of it.
fn write_module(out: &mut String, module: &str, doc: &str) {
    section(out, doc);
    line(out, &format!("---@class flowrun.{module}"));
    for function in registry().iter().filter(|function| function.module == module) {
        if let Ok(Signature::Value(_)) = Signature::read(function.signature) {
            let kind = function.signature.trim_start_matches(':').trim();
            write_field(out, &Field { name: function.name, kind, doc: function.doc });
        }
    }
    line(out, &format!("{module} = {{}}"));
    functions::write(out, module);
    let mut inner: Vec<&str> = registry().iter().map(|function| function.module).collect();
    inner.dedup();
    for name in inner {
        if name.strip_prefix(module).is_some_and(|rest| rest.starts_with('.') && !rest[1..].contains('.')) {
            write_module(out, name, &format!("See `{module}`."));
        }
    }
}

fn write_field(out: &mut String, field: &Field) {
    let (name, kind) = match TypeKind::read(field.kind) {
        Ok(TypeKind::Optional(kind)) => (format!("{}?", field.name), kind.to_string()),
        _ => (field.name.to_owned(), annotation(field.kind)),
    };
    // A function in a field needs parentheses, because a comment follows.
    let kind = if kind.starts_with("fun(") { format!("({kind})") } else { kind };
    line(out, &format!("---@field {name} {kind} {}", field.doc));
}

/// A type of the registry as an annotation; what cannot be read is any type, and a test finds it.
fn annotation(kind: &str) -> String {
    TypeKind::read(kind).map_or_else(|_| "any".to_owned(), |kind| kind.to_string())
}

fn section(out: &mut String, doc: &str) {
    out.push('\n');
    line(out, &format!("---{doc}"));
}

#[cfg(test)]
mod tests;
