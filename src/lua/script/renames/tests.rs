//! Each text has a mark before the name that is renamed.

use super::{LuaName, NamedLua, check_lua_name};

/// The text with the variable at the mark renamed.
fn renamed(text: &str, new: &str) -> Result<String, String> {
    let at = text.find('‸').expect("a mark");
    let text = text.replacen('‸', "", 1);
    let lua = NamedLua::read(&text, false).expect("it is Lua");
    let Some(LuaName::Variable(span)) = lua.name_at(at) else { return Err("no variable".to_owned()) };
    Ok(with(&text, lua.variable(&span, new)?, new))
}

fn with(text: &str, mut spans: Vec<std::ops::Range<usize>>, new: &str) -> String {
    spans.sort_by_key(|span| span.start);
    let mut text = text.to_owned();
    for span in spans.into_iter().rev() {
        text.replace_range(span, new);
    }
    text
}

#[test]
fn a_variable_is_renamed_where_it_is_meant_and_nowhere_else() {
    for (text, expect) in [
        ("local ‸f = 1 return f + t.f + f", "local g = 1 return g + t.f + g"),
        ("local function ‸f(f) return f end return f(1)", "local function g(f) return f end return g(1)"),
        ("local function f(‸f) return f end return f(1)", "local function f(g) return g end return f(1)"),
        ("local f = 1 do local f = ‸f f += 1 end return f", "local g = 1 do local f = g f += 1 end return g"),
        ("local f = 1 do local ‸f = f f += 1 end return f", "local f = 1 do local g = f g += 1 end return f"),
        ("for ‸f, v in pairs(x) do y(f) end return f", "for g, v in pairs(x) do y(g) end return f"),
        ("local ‸f = 1 return `a {f} f`, 'f', { f = f }", "local g = 1 return `a {g} f`, 'f', { f = g }"),
        ("repeat local ‸f = 1 until f return f", "repeat local g = 1 until g return f"),
        ("local ‸f: f = 1 -- f\nfunction f() end return f", "local g: f = 1 -- f\nfunction g() end return g"),
    ] {
        assert_eq!(renamed(text, "g"), Ok(expect.to_owned()), "{text}");
    }
}

#[test]
fn a_name_that_would_mean_something_else_is_refused() {
    for text in [
        "local ‸f = 1 local g = 2 return f + g",
        "local ‸f = 1 return f + g",
        "local g = 2 local function h(‸f) return f + g end return h",
        "local ‸f = 1 return function(g) return f end",
    ] {
        assert_eq!(
            renamed(text, "g"),
            Err("`g` is another name where this one is used".to_owned()),
            "{text}"
        );
    }
    // Neither sees the other.
    assert!(renamed("do local ‸f = 1 end do local g = 2 end return 1", "g").is_ok());
    assert_eq!(renamed("return ‸f", "g"), Err("no variable".to_owned()));
    assert!(renamed("local t = {} function t:a() return ‸self end return t", "g").is_err());
    assert!(renamed("local ‸f = 1 type T = typeof(f) return f", "g").is_err());
    for new in ["end", "1a", "a-b", "", "continue", "é"] {
        assert!(check_lua_name(new).is_err(), "{new}");
    }
}

/// The module with its field `f` named `g`.
fn given(text: &str) -> Result<String, String> {
    let lua = NamedLua::read(text, false).expect("it is Lua");
    Ok(with(text, lua.given_as("f", "g")?, "g"))
}

#[test]
fn what_a_module_gives_is_renamed_where_its_table_is_only_asked_for_fields() {
    for (text, expect) in [
        (
            "local M = {} function M.f(f) return M.h(f) end function M.h(x) return M.f(x) end return M",
            "local M = {} function M.g(f) return M.h(f) end function M.h(x) return M.g(x) end return M",
        ),
        ("local function f() end return { f = f, h = f }", "local function f() end return { g = f, h = f }"),
        ("local M = { f = 1 }\nM.f = M.f + 1\nreturn M", "local M = { g = 1 }\nM.g = M.g + 1\nreturn M"),
        ("local M = {} function M:f() end M:f() return M", "local M = {} function M:g() end M:g() return M"),
    ] {
        assert_eq!(given(text), Ok(expect.to_owned()), "{text}");
    }
    for (text, expect) in [
        (
            "local M = {} function M.f() end for k in pairs(M) do M.h(k) end return M",
            "used as a whole in line 1",
        ),
        ("local M = {}\nfunction M.f() end\nM['f']()\nreturn M", "used as a whole in line 3"),
        ("local M = {} function M.f() end return setmetatable(M, {})", "no table whose fields"),
        ("local M = {} function M.f() end function M.g() end return M", "there is a `g` already"),
        ("local M = {} if x then return M end return M", "no table whose fields"),
        ("return { ['f'] = 1 }", "in brackets"),
        ("local M = {} return M", "no place is found that makes `f`"),
        ("local M = {} function M.f() end return `{M.f()}`", "no table whose fields"),
        ("local M = {} function M.f() end print(`{M.f()}`) return M", "used as a whole"),
    ] {
        let refused = given(text).expect_err(text);
        assert!(refused.contains(expect), "{text}: {refused}");
    }
}

/// The text with `f` of `lib` named `g`.
fn asked(text: &str) -> Result<String, String> {
    let lua = NamedLua::read(text, false).expect("it is Lua");
    Ok(with(text, lua.asked_of(|module| module == "lib", "f")?, "g"))
}

#[test]
fn what_is_asked_of_a_module_is_renamed_where_it_can_be_followed() {
    for (text, expect) in [
        (
            "local m = require('lib') local n = require 'other' return m.f(n.f, m.h)",
            "local m = require('lib') local n = require 'other' return m.g(n.f, m.h)",
        ),
        ("return require('lib').f(1)", "return require('lib').g(1)"),
        ("local f = require \"lib\".f\nreturn f(1)", "local f = require \"lib\".g\nreturn f(1)"),
        (
            "local m = require('lib')\nlocal k = m.f\ndo local m = {} m.f() end",
            "local m = require('lib')\nlocal k = m.g\ndo local m = {} m.f() end",
        ),
        ("local require = x return require('lib').f", "local require = x return require('lib').f"),
    ] {
        assert_eq!(asked(text), Ok(expect.to_owned()), "{text}");
    }
    for (text, expect) in [
        ("local m = require('lib') return h(m)", "`m` is used as a whole in line 1"),
        ("return require('lib')", "a module is used as a whole"),
        ("local m = require('lib') or x return m.f", "a module is used as a whole"),
        ("local m = x or require('lib') return m.f", "a module is used as a whole"),
        ("return require(name).f", "only known when it runs"),
        ("return pcall(require, 'lib')", "only known when it runs"),
    ] {
        let refused = asked(text).expect_err(text);
        assert!(refused.contains(expect), "{text}: {refused}");
    }
    let text = "local m = require('lib') return m.f";
    let lua = NamedLua::read(text, false).expect("it is Lua");
    assert_eq!(
        lua.name_at(text.len()),
        Some(LuaName::OfModule("lib".to_owned(), text.len() - 1..text.len()))
    );
}
