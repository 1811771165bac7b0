//! These tests cover `url`.

use super::{check, check_error};

#[test]
fn what_is_taken_apart_can_be_put_together() {
    for url in [
        "https://example.com/",
        "http://ada:x@example.com:81/a%20b?c=d#e",
        "https://[::1]:8443/",
        "file:///a",
    ] {
        let parts = format!("url.parse('{url}')");
        if url.starts_with("file") {
            check(&format!("{parts}.host, {parts}.path"), "nil, '/a'");
        } else {
            check(&format!("url.build({parts})"), &format!("'{url}'"));
        }
    }
    check("url.parse('https://example.com:443/').port", "nil");
    check_error(
        "url.parse('a/b')",
        "bad argument #1 to `url.parse` (`a/b` has no scheme such as `https://`)",
    );
}

#[test]
fn parts_that_make_no_address_are_refused() {
    for (parts, why) in [
        ("{host = 'a'}", "`scheme` is missing"),
        ("{scheme = 'https'}", "`host` is missing"),
        ("{scheme = 'https', host = 'a/b'}", "`a/b` is no host"),
        ("{scheme = 'https', host = 'a', port = 65536}", "`port` must be a number from 0 to 65535"),
    ] {
        check_error(&format!("url.build({parts})"), &format!("bad argument #1 to `url.build` ({why})"));
    }
}

#[test]
fn references_lead_where_browsers_go() {
    for (reference, expect) in
        [("c", "https://a/b/c"), ("/c", "https://a/c"), ("//d/", "https://d/"), ("?q", "https://a/b/x?q")]
    {
        check(&format!("url.join('https://a/b/x', '{reference}')"), &format!("'{expect}'"));
    }
}

#[test]
fn one_place_and_a_query_are_encoded_differently() {
    check("url.encode('a b+ü'), url.encode({q = 'a b+ü'})", "'a%20b%2B%C3%BC', 'q=a+b%2B%C3%BC'");
    check("url.decode(url.encode('a&b=c/%'))", "'a&b=c/%'");
    check("codec.url.encode('a/b'), codec.hex.encode('\\255')", "'a%2Fb', 'ff'");
}
