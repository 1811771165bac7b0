//! This module writes functions as stubs: doc line, example with its result, parameters, results, and a head without
//! a body.

use super::lines::line;
use super::registry;
use crate::lua::host::Function;
use crate::lua::signature::{FunctionShape, Signature, TypeKind};

/// Writes the functions of a module or the methods of a type; of no module, the globals.
pub(super) fn write(out: &mut String, module: &str) {
    for function in registry().iter().filter(|function| function.module == module) {
        if let Ok(Signature::Function(shape)) = Signature::read(function.signature) {
            write_function(out, function, shape);
        }
    }
}

fn write_function(out: &mut String, function: &Function, mut shape: FunctionShape) {
    let name = function.shown();
    // A colon in the name stands for the first parameter.
    if name.contains(':') && shape.parameters.first().is_some_and(|(name, _)| name == "self") {
        shape.parameters.remove(0);
    }
    out.push('\n');
    line(out, &format!("---{}", function.doc));
    line(out, "---```lua");
    line(out, &format!("---{}{}", function.example, result(function)));
    line(out, "---```");
    for (name, kind) in &shape.parameters {
        line(out, &parameter(name, kind));
    }
    for kind in &shape.results {
        line(out, &format!("---@return {kind}"));
    }
    let names: Vec<&str> = shape.parameters.iter().map(|(name, _)| name.as_str()).collect();
    line(out, &format!("function {name}({}) end", names.join(", ")));
}

fn parameter(name: &str, kind: &TypeKind) -> String {
    match kind {
        TypeKind::Optional(kind) if name != "..." => format!("---@param {name}? {kind}"),
        kind => format!("---@param {name} {kind}"),
    }
}

/// The result as a comment behind the example.
fn result(function: &Function) -> String {
    if function.result.is_empty() { String::new() } else { format!(" --> {}", function.result) }
}
