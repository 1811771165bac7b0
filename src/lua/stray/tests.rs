//! These tests find names that are nothing, and nothing where all names are something.

use std::collections::BTreeMap;

use super::super::host::MODULES;
use super::super::script::{PARAMETERS, Script};
use super::super::tests::{block, source};
use super::super::{EXPRESSION_LIMIT, Scope, evaluate};
use super::{NamedText, advice, is_global, known};

#[track_caller]
fn check(text: &str, expect: &[(&str, &str)]) {
    let named = NamedText { setup: "", text, is_expression: false, parameters: PARAMETERS };
    let [of_setup, found] = named.strays();
    assert!(of_setup.is_empty());
    let found: Vec<(&str, &str)> =
        found.iter().map(|stray| (&text[stray.span.clone()], stray.label.as_str())).collect();
    assert_eq!(found, expect, "{text}");
}

#[test]
fn names_of_other_languages_and_slips_are_found_with_what_was_meant() {
    let null = "Lua writes `nil`; the null of JSON is `json.null`";
    check("if item.a == None then return { a = null } end", &[("None", null), ("null", null)]);
    check("return itme", &[("itme", "did you mean `item`?")]);
    check("local total = 1 return totl", &[("totl", "did you mean `total`?")]);
    check("return trim(item)", &[("trim", "did you mean `str.trim`?")]);
    check("return wholly_unknown", &[("wholly_unknown", "no variable and no module has this name")]);
    check("local t = `{itm.a} and {item.b}` return t", &[("itm", "did you mean `item`?")]);
    check("return ipairz(item)", &[("ipairz", "did you mean `ipairs`?")]);
}

#[test]
fn fields_that_a_module_does_not_have_are_found() {
    check("return string.trim(item)", &[("string.trim", "did you mean `str.trim`?")]);
    check("return str.trimm(item)", &[("str.trimm", "did you mean `str.trim`?")]);
    check(
        "return io.open(item)",
        &[("io.open", "`fs.read(path)` reads a file, `fs.write(path, text)` writes one")],
    );
    check("return ctx.atempt", &[("ctx.atempt", "did you mean `ctx.attempt`?")]);
    check("return codec.base63.encode(item)", &[("codec.base63", "did you mean `codec.base64`?")]);
    check("return steps.load.totl > 0", &[("totl", "did you mean `steps.load.total`?")]);
    check(
        "return steps.load.failed, steps.load.results[1].x, steps.a.errors[1]",
        &[("failed", "did you mean `steps.load.failures`?")],
    );
    check("return math.pi, utf8.charpattern, codec.hex.encode(item), ctx.remaining(), json.null", &[]);
}

#[test]
fn what_is_assigned_without_local_is_found_once() {
    let label = "write `local total` where it gets its first value";
    check("total = 1 total += item return total", &[("total", label)]);
    let label = "write `local function clean(…)`";
    check("function clean(x) return x end return clean(item)", &[("clean", label)]);
}

#[test]
fn variables_are_seen_where_they_are_there_and_only_there() {
    for text in [
        "local a, b = item, index return a + b",
        "local function f(n: number): number return if n > 0 then f(n - 1) else 0 end return f(item)",
        "for i, v in item do print(i, v) end for k = 1, 2 do print(k) end",
        "repeat local done = item until done",
        "local t = { None = 1, null = 2, [item] = 3 } function t:m() return self.x end function t.f(x) return x end return t.True",
        "return function(...) local x: Thing<string> = select(1, ...) return x :: any end",
        "while item do if index then continue end break end",
        "type Pair = { left: number, right: None } local p: Pair = item return p",
        "return item:None(), item['null'], `{item}`",
    ] {
        check(text, &[]);
    }
    check(
        "do local inner = 1 end return inner",
        &[("inner", "the variable `inner` is not there yet, or no longer")],
    );
    check(
        "repeat local done = item until done return done",
        &[("done", "the variable `done` is not there yet, or no longer")],
    );
    check("local x = x return x", &[("x", "the variable `x` is not there yet, or no longer")]);
}

#[test]
fn setup_makes_variables_for_the_function() {
    let (setup, text) = ("local words = load_all()", "return words[item], wrds");
    let named = NamedText { setup, text, is_expression: false, parameters: "item" };
    let [of_setup, of_text] = named.strays();
    assert_eq!(of_setup.len(), 1);
    assert_eq!(of_text.len(), 1);
    assert_eq!(of_text[0].label, "did you mean `words`?");
}

/// What the parser does not know is no mistake.
#[test]
fn other_syntax_has_no_stray_names() {
    check("local x <const> = 1 return None, x", &[]);
}

/// The names in every table that is global, and those of the other globals, as a VM has them.
const LISTING: &str = "
    local found = {}
    for name, value in _G do
        local of = if type(value) == 'table' and name ~= '_G' then json.array() else json.null
        if of ~= json.null then
            for field in value do table.insert(of, tostring(field)) end
            table.sort(of)
        end
        found[name] = of
    end
    return found";

#[test]
fn the_names_that_are_known_are_those_that_are_there() {
    let script = Script::body(block(&source("x"), 1, LISTING), ".".into());
    let listed = evaluate(&script, &Scope::empty(), EXPRESSION_LIMIT).unwrap();
    let listed: BTreeMap<String, Option<Vec<String>>> = serde_json::from_str(&listed).unwrap();
    assert!(listed.len() > 50);
    for (name, found) in &listed {
        assert!(is_global(name), "{name}");
        if let Some(found) = found
            && !known::OF_THE_RUN.contains(&name.as_str())
        {
            let mut fields = advice::fields(name);
            fields.sort();
            assert_eq!(&fields, found, "{name}");
        }
    }
    let there = listed.keys().map(String::as_str);
    let known = known::GLOBALS.iter().copied().chain(known::MODULES.iter().map(|(name, _)| *name));
    assert!(
        known.chain(MODULES.iter().map(|(name, _)| *name)).all(|name| there.clone().any(|one| one == name))
    );
}
