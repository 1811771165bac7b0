//! These tests look at the text that is made of functions.

use super::super::super::tests::{block, source};
use super::*;

fn script(lua: &str) -> Script {
    let file = source("x");
    Script::body(block(&file, 1, lua), ".".into())
}

#[test]
fn fields_are_known_only_where_the_text_proves_it() {
    for (lua, expect) in [
        ("return item.a + item.b.c[1] + item.a", Some("a b")),
        ("return item['x y'], item[\"z\"]", Some("x y z")),
        ("return x.item, y:item(), { a = item.n }", Some("n")),
        ("return { a = item.n, b = 1 }", Some("n a b")),
        ("if item.x then return { n = 1, x = 2 } end return { ['x y'] = item.n }", Some("x n x y")),
        ("local t = `it's {item.a} and {f(`{item.b}`)}` return t", Some("a b")),
        ("item.n = 1 item.m += 2 return item.n:upper()", Some("n m")),
        ("item.n = 1 return { m = item.n }", Some("n m")),
        ("-- item\nreturn index --[[ item ]] .. 'item' .. [[item]]", Some("")),
        ("return a..item.b", Some("b")),
        ("return item", None),
        ("return f(item)", None),
        ("return item:method()", None),
        ("return item[k]", None),
        ("return item['a' .. k]", None),
        ("return item['\\x61']", None),
        ("return item[ [[a]] ]", None),
        ("for k in item do end", None),
        ("local item = item return item.a", None),
        ("return function(item) return item.a end", None),
        ("item = nil", None),
        ("return `{item}`", None),
        ("return #item", None),
        ("return { item = item.a }", None),
        ("return (item).a", None),
        ("return item.a, item", None),
        ("return item", None),
        ("return item .", None),
    ] {
        assert_eq!(script(lua).used_fields().map(|used| used.names.join(" ")).as_deref(), expect, "{lua}");
    }
}

/// The second function, and what is known of it.
fn shown(lua: &str) -> String {
    let script = script(lua);
    let direct = match script.direct() {
        Ok(direct) => direct,
        Err(obstacle) => return format!("- {obstacle}"),
    };
    let text = &direct.chunk.text;
    let second = text.rfind("function(").map_or("", |at| &text[at..]);
    let program = if direct.program.is_some() { " alone" } else { "" };
    let copied: Vec<&str> = (0..direct.looked_at)
        .filter(|at| !direct.passed.contains(at))
        .map(|at| &*direct.fields[at])
        .collect();
    format!("{:?} [{}]{program} {}", direct.results, copied.join(" "), second.trim())
}

#[test]
fn a_function_becomes_one_of_its_fields() {
    for (lua, expect) in [
        (
            "return { a = item.a, b = item.b + 1 }",
            "Table [a] alone function(field_1) return field_1 + 1\nend",
        ),
        ("return { a = f(), b = g() }", "Table [] function() return (f()), (g())\nend"),
        ("return item.a", "Plain [] alone function(field_0) return field_0\nend"),
        (
            "return index + item.a, ctx",
            "Plain [] function(field_0, index, ctx) return index + field_0, ctx\nend",
        ),
        (
            "if item.a then return nil end\nreturn { b = item.b }",
            "Marked [b] alone function(field_0, field_mark) if field_0 then return nil end\nreturn field_mark, 0\nend",
        ),
        (
            "return {\n  a = item.a, -- first\n  b = item.b.c,\n}",
            "Table [a] function(field_1) return \n\nfield_1.c\nend",
        ),
        (
            "local field_ = 1 return item.x",
            "Plain [] alone function(field__0) local field_ = 1 return field__0\nend",
        ),
        ("return `{item.a}`", "Plain [] function(field_0) return `{field_0}`\nend"),
        ("return { a = 1, a = item.b }", "Plain [] function(field_0) return { a = 1, a = field_0 }\nend"),
        ("return item", "- `item` is used other than as `item.name` (line 1)"),
        ("local t = 1\nreturn f(item)", "- `item` is used other than as `item.name` (line 2)"),
        ("item.a = 1 return item.a", "- a field of `item` is assigned to"),
        ("local x <const> = item.a return x", "- there is syntax in the function that only Lua itself knows"),
    ] {
        assert_eq!(shown(lua), expect, "{lua}");
    }
}

#[test]
fn an_expression_becomes_a_function_too() {
    let file = source("x");
    for (lua, expect) in [
        ("item.a > 1", "function(field_0) return (field_0 > 1\n) end"),
        ("{ a = item.a }", "function() return\nend"),
    ] {
        let script = Script::expression(block(&file, 1, lua), ".".into());
        let direct = script.direct().expect(lua);
        let at = direct.chunk.text.rfind("function(").expect("a function");
        assert_eq!(direct.chunk.text[at..].trim(), expect, "{lua}");
    }
}

#[test]
fn lines_of_the_second_function_are_those_of_the_first() {
    let file = source("a\nb\nmap: |\n  local x = item.a\n  return { y = x.z }\nmore: 1\n");
    let script = Script::body(block(&file, 4, "local x = item.a\nreturn { y = x.z }\n"), ".".into());
    let chunk = &script.direct().expect("fast").chunk;
    let lines: Vec<usize> = chunk
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains("local x") || line.contains("x.z"))
        .map(|(at, _)| chunk.lines.line(at + 1))
        .collect();
    assert_eq!(lines, [4, 5, 4, 5], "{}", chunk.text);
}
