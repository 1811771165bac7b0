//! The page of Lua modules, made from the table of functions.

use flowrun::lua::{Function, MODULES, Meaning, NAMED, functions};

const HEAD: &str = "# Lua modules\n\n\
    What functions find beside Lua's own `string table math utf8 coroutine bit32 os`. What they see besides, and how their Lua differs from others, \
    is in [Lua](lua.md).\n\n\
    Signatures are in Luau's notation; `?` marks what may be left out. Below a function stands an example and, behind `-->`, what it gives. Editors complete and \
    check `.lua` files with the stubs that `flowrun types DIR` writes.\n\n\
    This page is made from the table of functions in the binary, and its examples are run by the tests.\n";

/// The whole page.
pub(super) fn page() -> String {
    let mut text = HEAD.to_owned();
    text.push('\n');
    for (module, _) in MODULES {
        text.extend([if *module == "flow" { "" } else { " · " }, &format!("[`{module}`](#{module})")]);
    }
    text.push('\n');
    for (module, doc) in MODULES {
        let inner = format!("{module}.");
        section(&mut text, &format!("`{module}`"), doc, &|function| {
            function.module == *module || function.module.starts_with(&inner)
        });
    }
    for named in NAMED {
        section(&mut text, &format!("`{}`", named.name), named.doc, &|function| {
            function.module == named.name
        });
    }
    section(&mut text, "Global", "Beside Lua's own.", &|function| function.module.is_empty());
    text.push_str("\n## Types\n\nNames in the signatures above.\n\n");
    for named in NAMED {
        let meaning = match named.meaning {
            Meaning::Alias(kind) => format!(" is `{kind}`"),
            Meaning::Fields(fields) => {
                let fields = fields.iter().map(|field| format!(", `{}: {}`", field.name, field.kind));
                fields.collect::<Vec<_>>().concat()
            }
        };
        text.extend(["- `", named.name, "`", &meaning, ": ", named.doc, "\n"]);
    }
    text
}

fn section(text: &mut String, title: &str, doc: &str, is_here: &dyn Fn(&Function) -> bool) {
    let entries: Vec<String> = functions().iter().filter(|function| is_here(function)).map(entry).collect();
    if !entries.is_empty() {
        text.extend(["\n## ", title, "\n\n", doc, "\n\n", &entries.join("\n")]);
    }
}

/// Signature, sentence, example.
fn entry(function: &Function) -> String {
    let mut entry = format!("- `{}{}`  \n  {}\n", function.shown(), function.signature, function.doc);
    if !function.example.is_empty() {
        let result = match function.result {
            "" => String::new(),
            result => format!(" --> {result}"),
        };
        let lines = format!("{}{result}", function.example);
        entry.push_str("\n  ```lua tested\n");
        entry.extend(lines.lines().map(|line| format!("  {line}\n")));
        entry.push_str("  ```\n");
    }
    entry
}
