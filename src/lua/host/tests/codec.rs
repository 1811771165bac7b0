//! These tests cover `codec`. `tests/it/escapes.rs` shows how large the unpacked may be.

use super::{check, check_error};

#[test]
fn base64_is_that_of_the_standards() {
    for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("\\251\\255", "+/8=")] {
        check(&format!("codec.base64.encode('{plain}')"), &format!("'{coded}'"));
        check(&format!("codec.base64.decode('{coded}')"), &format!("'{plain}'"));
    }
    check("codec.base64.encode('\\255\\254', 'url')", "'__4'");
    check("codec.base64.decode('__4'), codec.base64.decode(' /\\n/4=')", "'\\255\\254', '\\255\\254'");
    check("#codec.base64.decode(codec.base64.encode(string.rep('xyz.', 100001)))", "400004");
    for wrong in ["Z", "Zg=x", "Z!", "====", "Zh"] {
        check_error(
            &format!("codec.base64.decode('{wrong}')"),
            "bad argument #1 to `codec.base64.decode` (Base64 expected)",
        );
    }
    check_error(
        "codec.base64.encode('', 'x')",
        "bad argument #2 to `codec.base64.encode` (`standard` or `url` expected)",
    );
}

#[test]
fn hexadecimal_and_percent_codes_round_trip() {
    let all = "local s = '' for i = 0, 255 do s ..= string.char(i) end";
    for codec in ["hex", "url", "base64", "gzip", "zstd"] {
        let expression =
            format!("(function() {all} return codec.{codec}.decode(codec.{codec}.encode(s)) == s end)()");
        check(&expression, "true");
    }
    check("codec.url.decode('%41%zz%+%C3%BC')", "'A%zz%+ü'");
    check_error(
        "codec.hex.decode('abc')",
        "bad argument #1 to `codec.hex.decode` (an even number of hexadecimal digits expected)",
    );
    check_error(
        "codec.hex.decode('zz')",
        "bad argument #1 to `codec.hex.decode` (hexadecimal digits expected)",
    );
}

#[test]
fn compression_takes_levels_and_refuses_what_it_did_not_make() {
    check("codec.gzip.decode(codec.gzip.encode('a', 0) .. codec.gzip.encode('b', 9))", "'ab'");
    check("codec.zstd.decode(codec.zstd.encode('a', 1) .. codec.zstd.encode('b', 19))", "'ab'");
    check("codec.gzip.encode('same') == codec.gzip.encode('same')", "true");
    check_error(
        "codec.gzip.encode('', 10)",
        "bad argument #2 to `codec.gzip.encode` (a level from 0 to 9 expected, got 10)",
    );
    check_error(
        "codec.zstd.encode('', 0)",
        "bad argument #2 to `codec.zstd.encode` (a level from 1 to 19 expected, got 0)",
    );
    check_error("codec.gzip.decode('no gzip at all')", "`codec.gzip.decode` failed: invalid gzip header");
    check_error("codec.zstd.decode('no zstd')", "`codec.zstd.decode` failed: Unknown frame descriptor");
}
