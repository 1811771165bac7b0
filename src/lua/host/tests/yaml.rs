//! These tests cover `yaml`.

use std::path::Path;

use proptest::prelude::*;

use super::{check, check_error, vm};

#[test]
fn scalars_mean_what_they_mean_in_pipeline_files() {
    check(
        "yaml.decode('[1, 010, 0x1F, -1.5, 1e3, true, no, ~, \"1\", 2024-01-01, 9007199254740993]')",
        "json.decode('[1,10,31,-1.5,1000,true,\"no\",null,\"1\",\"2024-01-01\",9007199254740993]')",
    );
    check("yaml.decode('9007199254740993')", "json.decode('9007199254740993')");
    check("yaml.decode('') == json.null and yaml.decode('# nothing') == json.null", "true");
    check("yaml.decode('---\\ntext: |\\n  a\\n  b\\n...\\n')", "{text = 'a\\nb\\n'}");
    check(
        "yaml.decode('1: a\\ntrue: b\\n~: c\\n1.50: d')",
        "{['1'] = 'a', ['true'] = 'b', ['~'] = 'c', ['1.50'] = 'd'}",
    );
    check("json.encode(yaml.decode('a: []\\nb: {}'))", "'{\"a\":[],\"b\":{}}'");
    check("yaml.decode('a: !!str 1\\nb: ! 2\\nc: !!float 3')", "{a = '1', b = '2', c = 3}");
}

#[test]
fn anchors_aliases_and_merges_are_resolved() {
    check(
        "yaml.decode('a: &x {n: [1]}\\nb: *x\\nc: [*x, *x]')",
        "{a = {n = {1}}, b = {n = {1}}, c = {{n = {1}}, {n = {1}}}}",
    );
    check(
        "yaml.decode('d: &d {a: 1, b: 2}\\nm:\\n  <<: *d\\n  b: 3')",
        "{d = {a = 1, b = 2}, m = {a = 1, b = 3}}",
    );
    check(
        "yaml.decode('- &a {a: 1, z: 1}\\n- &b {a: 2, b: 2}\\n- {<<: [*a, *b], c: 3}')[3]",
        "{a = 1, b = 2, c = 3, z = 1}",
    );
    check("yaml.decode('{<<: &x {a: 1}, b: *x}')", "{a = 1, b = {a = 1}}");
    check("yaml.decode('{\"<<\": 1}')", "{['<<'] = 1}");
}

#[test]
fn keys_have_anchors_and_are_aliases() {
    check(
        "yaml.decode('&k name: &v x\\n*v : *k\\nlist: [*k, *v]')",
        "{name = 'x', x = 'name', list = {'name', 'x'}}",
    );
    // A key is a text; its anchor stands for what was written there.
    check(
        "yaml.decode('&n 1.50: a\\nv: *n\\n&t true: b\\nw: *t\\nx: {*n : c, *t : d}')",
        "{['1.50'] = 'a', v = 1.5, ['true'] = 'b', w = true, x = {['1.50'] = 'c', ['true'] = 'd'}}",
    );
    check("yaml.decode('- &i 0x1F\\n- {*i : a}\\n- &e\\n- {*e : b}')[2]", "{['0x1F'] = 'a'}");
    check("yaml.decode('- &e\\n- {*e : b}')[2]", "{[''] = 'b'}");
    check_error(
        "yaml.decode('&k \"a b\" : 1\\n? *k\\n: 2')",
        "`yaml.decode`: the key `a b` is given twice at line 2, column 3",
    );
    check_error(
        "yaml.decode('- &l [a]\\n- {*l : 1}')",
        "`yaml.decode`: a key cannot be a list or a map at line 2, column 4",
    );
    check_error(
        "yaml.decode('&x {*x : 1}')",
        "`yaml.decode`: an alias stands inside of its own anchor at line 1, column 5",
    );
    // An anchor may hold a colon, and the last one of a name counts.
    check("yaml.decode('&a: k: &a: v\\nx:\\n  *a: : 1')", "{k = 'v', x = {v = 1}}");
    check(
        "yaml.decode('&m <<: &d {a: 1, b: 2}\\nx:\\n  *m : *d\\n  b: 3')",
        "{a = 1, b = 2, x = {a = 1, b = 3}}",
    );
    check(
        "yaml.decode('a: &m \"<<\"\\nb: {*m : 1}\\nc: {!!str <<: 2}')",
        "{a = '<<', b = {['<<'] = 1}, c = {['<<'] = 2}}",
    );
}

#[test]
fn lines_in_brackets_and_quotes_are_indented_further_than_their_key() {
    for (text, value) in [
        ("[a,\\nb\\n]", "{'a', 'b'}"),
        ("{\\na: 1\\n}", "{a = 1}"),
        ("\"a\\nb\"", "'a b'"),
        ("k: [a,\\n b,\\n ]", "{k = {'a', 'b'}}"),
        ("k:\\n- [a,\\n b]", "{k = {{'a', 'b'}}}"),
        ("- k: 'a\\n\\n   b'", "{{k = 'a\\nb'}}"),
        ("k: \"a\\n \\tb\"", "{k = 'a b'}"),
        ("k: \"a\\\\\\n b\"", "{k = 'ab'}"),
        ("k: plain\\n  text", "{k = 'plain text'}"),
    ] {
        check(&format!("yaml.decode('{}')", text.replace('\'', "\\'")), value);
    }
    let far_left =
        "a line in brackets or quotes is not indented further than the key or `-` that it belongs to";
    for (text, place) in [
        ("k: [a,\\nb]", "line 2, column 1"),
        ("k: [a\\n]", "line 2, column 1"),
        ("k: [a\\n, b]", "line 2, column 1"),
        ("k: {a: 1,\\n\\n# note\\nb: 2}", "line 4, column 1"),
        ("k: [a b\\nc]", "line 2, column 1"),
        ("l:\\n  k: [\\n  a]", "line 3, column 3"),
        ("- - [a,\\n  b]", "line 2, column 3"),
        ("k: \"a\\nb\"", "line 2, column 1"),
        ("k: \"a\\n\\n\"", "line 3, column 1"),
        ("- é: [\"a\\n  b\"]", "line 2, column 3"),
        ("k: \\'a\\nb\\'", "line 2, column 1"),
    ] {
        check_error(&format!("yaml.decode('{text}')"), &format!("`yaml.decode`: {far_left} at {place}"));
    }
    check_error(
        "yaml.decode('k: \"a\\n\\tb\"')",
        "`yaml.decode`: a tab is used for indentation at line 2, column 1",
    );
}

#[test]
fn text_that_is_no_document_is_refused_at_its_place() {
    for (text, expect) in [
        ("a: 1\\n---\\nb: 2", "a second document begins; `yaml.decode` reads one at line 2, column 1"),
        ("a: 1\\né: {a: 1, a: 2}", "the key `a` is given twice at line 2, column 11"),
        ("a: *b", "there is no anchor `&b` above at line 1, column 4"),
        ("a: &x [*x]", "an alias stands inside of its own anchor at line 1, column 8"),
        ("a: !x 1", "the tag `!x` has no meaning here at line 1, column 7"),
        ("a: !!int x", "`x` does not fit to its tag at line 1, column 10"),
        ("[1]: 2", "a key cannot be a list or a map at line 1, column 1"),
        ("a: .inf", "`.inf` is not a finite number; quote it to keep it as a string at line 1, column 4"),
        (
            "a: 9223372036854775808",
            "the integer `9223372036854775808` does not fit into 64 bits; quote it to keep it as a string at line 1, column 4",
        ),
        ("{<<: 1}", "`<<` takes a map or a list of maps at line 1, column 7"),
    ] {
        check_error(&format!("yaml.decode('{text}')"), &format!("`yaml.decode`: {expect}"));
    }
    check("select(2, pcall(yaml.decode, 'a: [')).message:match('at line %d+, column %d+') ~= nil", "true");
    check("select(2, pcall(yaml.decode, 'a: [')).retryable", "false");
}

#[test]
fn encode_sorts_keys_and_quotes_what_would_be_read_otherwise() {
    check("yaml.encode({b = {}, a = json.array(), c = json.null})", "'a: []\\nb: {}\\nc: null\\n'");
    check("yaml.encode(json.decode('9007199254740993'))", "'9007199254740993\\n'");
    check(
        "yaml.encode({['<<'] = {a = 1}, no = 'yes', b = '1:30', c = 1e300})",
        "\"'<<':\\n  a: 1\\nb: '1:30'\\nc: 1.0e+300\\n'no': 'yes'\\n\"",
    );
    check("yaml.decode(yaml.encode({['<<'] = {a = 1}}))['<<'].a", "1");
    check_error("yaml.encode({a = {tostring}})", "`yaml.encode`: `.a[1]` is a function");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn for_every_list_of_texts_decode_undoes_encode(
        texts in prop::collection::vec(prop_oneof!["[-+.0-9a-fox_:~ n]{0,6}", "\\PC{0,8}", "[ -~\n\t]{0,8}"], 1..8)
    ) {
        let json = serde_json::to_string(&texts).expect("texts");
        let lua = vm(Path::new("."));
        let text: mlua::LuaString = lua.create_string(&json).expect("made");
        let same: mlua::Function = lua
            .load("return function(s) local v = json.decode(s) local m = {} for _, t in v do m[t] = t end \
                   return tbl.equal(yaml.decode(yaml.encode(v)), v) and tbl.equal(yaml.decode(yaml.encode(m)), m) end")
            .eval()
            .expect("compiles");
        prop_assert!(same.call::<mlua::Value>(text).expect("round trip") == mlua::Value::Boolean(true), "{}", json);
    }
}
