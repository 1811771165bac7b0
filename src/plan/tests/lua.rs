//! These tests put Lua in every field and in files of its own.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them so")]

use expect_test::expect;

use super::*;

#[test]
fn lua_is_compiled_in_every_field_and_placed_exactly() {
    check(
        "defaults: {map: {retries: {max: 1, when: 'err.kind == '}}}
steps:
  a: {items: {lua: 'return {1,'}}
  b:
    from: a
    when: params.x >
    map:
      setup: |
        local x = = 1
      lua: |

        local y = 1
        if y the return 1 end
      retries: {max: 1, when: \"return err.kind = 1\"}
  c: {from: b, flat_map: item.list}
  d: {from: c, filter: item.ok and}
  e: {from: d, filter: 'if item then return true end return false'}
  f: {from: e, filter: {lua: item.ok}}
  g:
    from: f
    map: |
      if item then
        return 1
  h: {from: g, write: \"h-${{ params. }}-${{ 1 + }}.csv\"}
",
        &expect![[r#"
            1:54 lua_syntax: the Lua of `defaults.map.retries.when` cannot be compiled | expected identifier when parsing expression, got <eof>
            3:31 lua_syntax: the Lua of `items.lua` in step `a` cannot be compiled | expected identifier when parsing expression, got <eof>
            6:18 warning undeclared: `params.x` is nil: the file declares no parameter `x` | no such parameter | help: declare it at the top of the file: `params: { x: a default }`
            6:21 lua_syntax: the Lua of `when` in step `b` cannot be compiled | expected identifier when parsing expression, got <eof>
            9:19 lua_syntax: the Lua of `map.setup` in step `b` cannot be compiled | expected identifier when parsing expression, got '='
            13:14 lua_syntax: the Lua of `map.lua` in step `b` cannot be compiled | expected 'then' when parsing if statement, got 'the' | help: a condition is written `if … then … end`
            14:48 lua_syntax: the Lua of `map.retries.when` in step `b` cannot be compiled | expected <eof>, got '=' | help: `==` compares, `=` gives a variable a value
            15:26 lua_syntax: the Lua of `flat_map` in step `c` cannot be compiled | incomplete statement: expected assignment or a function call | help: did you forget `return`?
            16:35 lua_syntax: the Lua of `filter` in step `d` cannot be compiled | expected identifier when parsing expression, got <eof>
            23:17 lua_syntax: the Lua of `map` in step `g` cannot be compiled | expected 'end' (to close 'then' at line 22), got <eof> | 22:7 opened here
            24:37 lua_syntax: the Lua of this expression cannot be compiled | expected identifier, got <eof>
            24:48 lua_syntax: the Lua of this expression cannot be compiled | expected identifier when parsing expression, got <eof>
        "#]],
    );
}

#[test]
fn big_literals_are_found_in_every_lua_file_once() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(dir.path().join("lib")).expect("a folder");
    let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("a file");
    put("limits.lua", "return { max = 9223372036854775806 }\n");
    put("lib/a.lua", "local b = require('limits')\nreturn function() return 1234567890123456789 end\n");
    put("f.lua", "local a = require('lib.a')\nreturn function(item) return 18014398509481985 end\n");
    let text = "steps:
  a: {items: [1]}
  b: {from: a, map: {file: f.lua}}
  c: {from: b, map: {file: f.lua}}
  d: {from: c, map: {setup: 'local l = require(\"limits\")', lua: 'return item'}}
  e: {from: d, write: x.csv}
";
    let loaded =
        load(config::load(text.as_bytes(), "in/p.yaml", &dir.path().join("p.yaml")), &Inputs::default());
    let place = |found: &Diagnostic| {
        assert_eq!(found.code, "flowrun::big_literal");
        format!("{}:{}", found.file.name(), found.file.position(found.start()).line)
    };
    let mut found: Vec<String> = loaded.diagnostics.iter().map(place).collect();
    found.sort();
    assert_eq!(found, ["in/f.lua:2", "in/lib/a.lua:2", "in/limits.lua:1"]);
}

#[test]
fn lua_files_lie_below_the_pipeline_and_compile() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("pipes");
    std::fs::create_dir_all(root.join("lua")).expect("a folder");
    let put = |name: &str, text: &str| std::fs::write(root.join(name), text).expect("a file");
    put("lua/good.lua", "local m = {}\nfunction m.clean(item) return item end\nreturn m\n");
    put("lua/bad.lua", "return function(item)\n  return item +\nend\n");
    put("lua/none.lua", "local x = 1\n");
    std::fs::write(dir.path().join("outside.lua"), "return print").expect("a file");
    std::os::unix::fs::symlink(dir.path().join("outside.lua"), root.join("link.lua")).expect("a link");
    let text = "steps:
  a: {items: [1]}
  b: {from: a, map: {file: lua/good.lua#clean}}
  c: {from: b, map: {file: lua/bad.lua}}
  d: {from: c, map: {file: lua/none.lua}}
  e: {from: d, map: {file: ../outside.lua}}
  f: {from: e, map: {file: link.lua}}
  g: {from: f, map: {file: 'gone.lua#1x'}}
  h: {from: g, map: {file: gone.lua}}
  i: {from: h, filter: {file: lua}}
  j: {from: i, write: x.csv}
";
    let loaded = load(config::load(text.as_bytes(), "in/p.yaml", &root.join("p.yaml")), &Inputs::default());
    let findings = listed_findings(&loaded.diagnostics, &loaded.usage);
    expect![[r#"
        3:1 lua_syntax: this Lua file cannot be compiled | expected identifier when parsing expression, got 'end'
        5:28 lua_file: the Lua file `lua/none.lua` cannot be used | it returns nothing | help: end the file with `return function(item) … end`
        6:28 lua_file: the Lua file `../outside.lua` cannot be used | it lies outside the pipeline's folder `ROOT` | help: a Lua file lies in the pipeline's folder or below, or in a folder that `lua_path` names
        7:28 lua_file: the Lua file `link.lua` cannot be used | it lies outside the pipeline's folder `ROOT` | help: a Lua file lies in the pipeline's folder or below, or in a folder that `lua_path` names
        8:28 lua_file: the Lua file `gone.lua#1x` cannot be used | `1x` is no name | help: write `FILE.lua#NAME`
        9:28 lua_file: the Lua file `gone.lua` cannot be used | there is no such file | help: paths are relative to the pipeline file
        10:31 lua_file: the Lua file `lua` cannot be used | it is a folder | help: name a file in it
    "#]].assert_eq(&findings.replace(&root.display().to_string(), "ROOT"));
    let bad =
        loaded.diagnostics.iter().find(|found| found.file.name() != "in/p.yaml").expect("one in a Lua file");
    assert_eq!(bad.file.name(), "in/lua/bad.lua");
}
