//! These tests cover `toml`.

use super::{check, check_error};

#[test]
fn values_keep_their_types() {
    check(
        "toml.decode('i = 9007199254740993\\nf = 1.5\\nb = true\\ns = \"x\"\\nl = []\\nm = {}')",
        "json.decode('{\"i\":9007199254740993,\"f\":1.5,\"b\":true,\"s\":\"x\",\"l\":[],\"m\":{}}')",
    );
    check(
        "toml.decode('a = 1979-05-27T07:32:00Z\\nb = 1979-05-27\\nc = 07:32:00')",
        "{a = '1979-05-27T07:32:00Z', b = '1979-05-27', c = '07:32:00'}",
    );
    check(
        "json.encode(toml.decode('l = []\\nm = {}\\n[[t]]\\nx = 1'))",
        "'{\"l\":[],\"m\":{},\"t\":[{\"x\":1}]}'",
    );
    check("json.encode(toml.decode(''))", "'{}'");
}

#[test]
fn encode_writes_what_decode_reads() {
    check(
        "toml.encode({b = 1, a = {x = {y = 'z'}}, l = {1, 'a', {k = true}}})",
        "'b = 1\\nl = [1, \"a\", { k = true }]\\n\\n[a.x]\\ny = \"z\"\\n'",
    );
    for json in [
        r#"{"i":-9223372036854775808,"f":0.1,"e":1e300,"z":-0.0,"s":"a\"b\\n\u0001é","l":[],"m":{},"deep":[[{"a":[1]}]]}"#,
        r#"{"a b":{"":{"x.y":1}},"t":[{"a":1},{"b":[{"c":2}]}]}"#,
    ] {
        check(
            &format!("toml.decode(toml.encode(json.decode('{}')))", json.replace('\\', "\\\\")),
            &format!("json.decode('{}')", json.replace('\\', "\\\\")),
        );
    }
}

#[test]
fn what_toml_does_not_have_is_refused() {
    check_error(
        "toml.encode({a = {1, json.null}})",
        "`toml.encode`: `.a[2]` is null, which TOML does not have",
    );
    check_error("toml.encode({1})", "bad argument #1 to `toml.encode` (a map expected, got a list)");
    check_error("toml.encode({a = tostring})", "`toml.encode`: `.a` is a function");
    check_error(
        "toml.decode('a = nan')",
        "`toml.decode`: `NaN` is not a finite number; quote it to keep it as a string",
    );
}

#[test]
fn text_that_is_no_toml_is_refused_at_its_place() {
    check_error(
        "toml.decode('a = 1\\nb = = 2')",
        "`toml.decode`: extra `=`, expected nothing at line 2, column 5",
    );
    check_error("toml.decode('a = 1\\na = 2')", "`toml.decode`: duplicate key at line 2, column 1");
    check("select(2, pcall(toml.decode, '=')).retryable", "false");
    check_error(
        "toml.decode('a = ' .. string.rep('[', 100000))",
        "`toml.decode`: cannot recurse further; max recursion depth met at line 1, column 85",
    );
}
