//! These tests look at the stubs as text; that an analyser takes them is tested with the binary.

use super::*;

#[test]
fn the_stubs_are_lua() {
    let script = mlua::Lua::new().load(stubs()).into_function();
    assert!(script.is_ok(), "{script:?}");
}

#[test]
fn every_function_has_its_stub() {
    let text = stubs();
    for function in registry() {
        let name = function.shown();
        let head = format!("\nfunction {name}(");
        let field = format!("\n---@field {} ", function.name);
        assert!(text.contains(&head) || text.contains(&field), "{name}");
    }
}

#[test]
fn every_annotation_has_the_form_that_editors_read() {
    let mut declared: Vec<String> = Vec::new();
    for line in stubs().lines() {
        let Some(annotation) = line.strip_prefix("---@") else {
            if line.starts_with("function ") {
                let names = line.split_once('(').and_then(|(_, rest)| rest.split_once(')')).expect(line).0;
                let names: Vec<&str> = names.split(", ").filter(|name| !name.is_empty()).collect();
                assert_eq!(declared, names, "{line}");
            }
            if !line.starts_with("---") {
                declared.clear();
            }
            continue;
        };
        let (word, rest) = annotation.split_once(' ').unwrap_or((annotation, ""));
        match word {
            "meta" | "generic" | "class" | "alias" | "field" | "type" | "return" => {
                assert_eq!(rest.is_empty(), word == "meta", "{line}");
            }
            "param" => {
                let (name, kind) = rest.split_once(' ').expect(line);
                assert!(!kind.is_empty(), "{line}");
                declared.push(name.trim_end_matches('?').to_owned());
            }
            _ => panic!("{line}"),
        }
        assert!(!rest.contains("->"), "Luau's notation in {line}");
    }
}
