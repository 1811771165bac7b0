//! These tests read what people write, and what nobody should.

use super::*;
use crate::lua::script::operator::Operator;

/// Whether the parser takes all of a text.
fn reads(lua: &str) -> bool {
    function(lua).is_some()
}

#[test]
fn what_people_write_is_read() {
    for lua in [
        "",
        ";;",
        "return",
        "return;",
        "return 1, 'a', \"b\", [[c]], nil, true, ...",
        "local a, b = f(), g {} local c local d: number? = 1 local e: {[string]: any} | nil = {}",
        "local function f(a, b: string, ...): (number, string) return a end",
        "function t.a.b:c() end",
        "function f<T>(x: T): T return x end",
        "if a then elseif b then return 1 else return 2 end",
        "for i = 1, 10, 2 do continue end for k, v in pairs(t) do break end for k, v in t do end",
        "while true do repeat local x = 1 until x end do end",
        "a.b[1].c, d = 1, 2 a += 1 a.b ..= 'x' s:upper() f'x' f{1} f[[y]] f`z`",
        "return if a then b elseif c then d else e",
        "return not a == b, -x ^ 2, #t .. 'x', a and b or c, (f)(x), 2 ^ -3",
        "return x :: number, (y :: any).z, function(a): number return a end",
        "return { a = 1, ['b c'] = 2, [k] = 3, 4; 5, },",
    ] {
        assert!(reads(lua.trim_end_matches(',')), "{lua}");
    }
}

#[test]
fn what_it_does_not_know_it_does_not_read() {
    for lua in [
        "local x <const> = 1",
        "return `{function() item.x = 1 end}`",
        "return 1 return 2",
        "a b",
        "@native function f() end",
        "return ==",
        "end",
        "return a.1",
    ] {
        assert!(!reads(lua), "{lua}");
    }
    assert!(!reads(&format!("return {}1{}", "(".repeat(500), ")".repeat(500))));
    assert!(!reads(&format!("{}{}", "do ".repeat(500), "end ".repeat(500))));
}

#[test]
fn operators_bind_as_in_lua() {
    for (lua, expect) in [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a or b and c", "(a or (b and c))"),
        ("a < b == c", "((a < b) == c)"),
        ("not a == b", "((not a) == b)"),
        ("- a * b", "((- a) * b)"),
        ("a + b < c - d and e", "(((a + b) < (c - d)) and e)"),
        ("a .. b .. c", "(a ? (b ? c))"),
        ("a * b ^ c", "(a * (b ? c))"),
    ] {
        let read = expression(lua).expect(lua);
        assert_eq!(shown(&read.returns[0].values[0]), expect, "{lua}");
    }
}

fn shown(expression: &Expression) -> String {
    match &expression.kind {
        Kind::Name(name) => name.clone(),
        Kind::Not(of) => format!("(not {})", shown(of)),
        Kind::Minus(of) => format!("(- {})", shown(of)),
        Kind::Binary(operator, left, right) => {
            let sign = match operator {
                Operator::Add => "+",
                Operator::Subtract => "-",
                Operator::Multiply => "*",
                Operator::Less => "<",
                Operator::Equal => "==",
                Operator::And => "and",
                Operator::Or => "or",
                _ => "?",
            };
            format!("({} {sign} {})", shown(left), shown(right))
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn returns_of_the_function_itself_are_found() {
    let lua = "if a then return 1 end local f = function() return 2 end for i = 1, 2 do return { x = 3 } end return 4";
    let read = function(lua).expect("reads");
    let texts: Vec<&str> = read.returns.iter().map(|found| &lua[found.span.clone()]).collect();
    assert_eq!(texts, ["return 1", "return { x = 3 }", "return 4"]);
}

#[test]
fn what_is_assigned_to_the_item_is_found() {
    for (lua, writes) in [
        ("item.a = 1", true),
        ("item['a'] += 1", true),
        ("x, item.a = 1, 2", true),
        ("local f = function() item.a = 1 end", true),
        ("function item.f() end", true),
        ("item.a.b = 1", false),
        ("local t = { item = 1 } t.item = 2", false),
        ("x = item.a == 1", false),
        ("return { a = item.a }", false),
    ] {
        assert_eq!(function(lua).expect(lua).writes_item, writes, "{lua}");
    }
}
