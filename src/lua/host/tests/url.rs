//! These tests cover `url`.

use super::{check, check_error};

#[test]
fn what_is_taken_apart_can_be_put_together() {
    for url in [
        "https://example.com/",
        "http://ada:x@example.com:81/a%20b?c=d#e",
        "https://[::1]:8443/",
        "file:///a",
        "file:///tmp/a%20b",
        "file://server/share",
        "mailto:a@example.org?subject=x%20y",
        "mailto:a@example.org,b@example.org",
        "tel:+10000000",
        "data:text/plain,hi%20there%3F",
        "data:text/html;base64,PGI+#x",
        "javascript:alert(1)",
        "urn:isbn:0451450523",
        "about:blank",
        "blob:https://a/b",
        "x:/a/b?c#d",
        "/a/b?x=1#top",
        "../a%20b",
        "./a",
        "/",
        "?q=1",
        "#top",
    ] {
        check(&format!("url.build(url.parse('{url}'))"), &format!("'{url}'"));
    }
    check("url.parse('file:///a').host, url.parse('file:///a').path", "nil, '/a'");
    check("url.parse('mailto:a@b.c?subject=x')", "{scheme = 'mailto', path = 'a@b.c', query = 'subject=x'}");
    check("url.parse('/a?b#c')", "{path = '/a', query = 'b', fragment = 'c'}");
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
        ("{}", "`scheme` is missing"),
        ("{scheme = 'https'}", "`host` is missing"),
        ("{scheme = 'HTTP', path = '/a'}", "`host` is missing"),
        ("{scheme = 'mailto', path = 'a', user = 'b'}", "`user` needs a `host`"),
        ("{path = '/a', port = 80}", "`port` needs a `host`"),
        ("{scheme = '1a', path = 'x'}", "`1a:x` has no scheme such as `https://`"),
        ("{scheme = 'a b', path = 'x'}", "`a b:x` has no scheme such as `https://`"),
        ("{scheme = 'x:y', path = 'z'}", "`x:y` is no scheme"),
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
fn bases_without_a_scheme_give_addresses_without_one() {
    for (base, reference, expect) in [
        ("/docs/a.html", "b.html", "/docs/b.html"),
        ("/docs/a.html", "../img/b.png", "/img/b.png"),
        ("/docs/a.html", "#top", "/docs/a.html#top"),
        ("docs/a.html", "b.html?x=1", "docs/b.html?x=1"),
        ("docs/a.html", "../img/b.png", "img/b.png"),
        ("docs/a.html", "/b", "/b"),
        ("docs/a.html", "../../../b", "b"),
        ("docs/a.html", "", "docs/a.html"),
        ("//h/a/b", "c", "//h/a/c"),
        ("/a", "//h/c", "//h/c"),
        ("a", "https://h/c", "https://h/c"),
    ] {
        check(&format!("url.join('{base}', '{reference}')"), &format!("'{expect}'"));
    }
}

#[test]
fn a_host_may_stand_without_a_scheme() {
    check("url.parse('//h.org/a?b#c')", "{host = 'h.org', path = '/a', query = 'b', fragment = 'c'}");
    check(
        "url.parse('//h.org:443/a').port, url.parse('//h.org:80').port, url.parse('//h.org').port",
        "443, 80, nil",
    );
    check_error("url.parse('//')", "bad argument #1 to `url.parse` (this is no URL: empty host)");
}

#[test]
fn one_place_and_a_query_are_encoded_differently() {
    check("url.encode('a b+ü'), url.encode({q = 'a b+ü'})", "'a%20b%2B%C3%BC', 'q=a+b%2B%C3%BC'");
    check("url.decode(url.encode('a&b=c/%'))", "'a&b=c/%'");
    check("codec.url.encode('a/b'), codec.hex.encode('\\255')", "'a%2Fb', 'ff'");
}

#[test]
fn what_stands_without_a_host_is_encoded_where_it_has_to_be() {
    for (parts, url) in [
        (
            "{scheme = 'mailto', path = 'a@b.c', query = {subject = 'x y', cc = 'd@e.f'}}",
            "mailto:a@b.c?cc=d%40e.f&subject=x+y",
        ),
        ("{scheme = 'mailto', path = 'what?#1@b.c'}", "mailto:what%3F%231@b.c"),
        ("{scheme = 'file', path = '/a b?.txt'}", "file:///a%20b%3F.txt"),
        ("{scheme = 'file', path = 'a'}", "file:///a"),
        ("{scheme = 'file', host = '', path = '/a'}", "file:///a"),
        ("{scheme = 'x', path = '//a'}", "x:/.//a"),
        ("{scheme = 'x'}", "x:"),
        ("{path = '/a b', query = {q = 'ü'}, fragment = 'x y'}", "/a%20b?q=%C3%BC#x%20y"),
        ("{path = 'a:b'}", "./a:b"),
        ("{path = '//a'}", "/.//a"),
        ("{path = 'what?#'}", "what%3F%23"),
        ("{query = 'a b'}", "?a%20b"),
    ] {
        check(&format!("url.build({parts})"), &format!("'{url}'"));
    }
}
