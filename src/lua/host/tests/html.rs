//! These tests cover `html`.

use proptest::prelude::*;

use super::{check, check_error, vm};

fn strips(html: &str, text: &str) {
    check(&format!("html.strip([==[{html}]==])"), &format!("[==[{text}]==]"));
}

#[test]
fn strip_takes_out_markup_and_nothing_else() {
    strips("plain", "plain");
    strips("a <b>bold</b>  word", "a bold  word");
    strips("a<br>b<br/>c", "abc");
    strips("<p class=x\n>a</p\n>", "a");
    strips("<!DOCTYPE html><?xml version='1'?>a<!-- <b> -->b", "ab");
    strips("<svg:rect/>a</my-tag>", "a");
    strips("a<!---->b<!-->c<!--->d", "abcd");
}

#[test]
fn strip_takes_scripts_and_styles_with_their_content() {
    strips("a<script>if (a < b) { '</b>' }</script>b", "ab");
    strips("a<STYLE type='x'>p > a {}</Style >b", "ab");
    strips("a<script>x</scripture></script>b", "ab");
    strips("a<scripted>b</scripted>c", "abc");
    strips("a<script>never closed", "a");
    strips("a</script>b", "ab");
}

#[test]
fn strip_leaves_what_only_looks_like_a_tag() {
    strips("1 < 2 > 0 <3 <- < / > <", "1 < 2 > 0 <3 <- < / > <");
    strips("a <b c", "a <b c");
    strips("tail <", "tail <");
    strips("tail </", "tail </");
    strips("a<!-- never closed", "a");
}

#[test]
fn strip_takes_comments_by_mistake_out() {
    strips("a</!-->b</>c</ x>d", "abcd");
    strips("a</3 <b>c</&amp; \"> d", "ac d");
    strips("a<!b c>d<?php e ?>f<![CDATA[g]]>h<!>i<?>j", "adfhij");
    strips("a<!-- b --!>c<!-- d -- > --- --!e -->f<!-- g --!", "acf");
    strips("I <3 you </3", "I <3 you ");
    strips("tail <!", "tail ");
    strips("a<? never closed <b>", "a");
    strips("a</ never closed", "a");
}

#[test]
fn strip_knows_quoted_attributes() {
    strips(r#"<a title="x > y">z</a>"#, "z");
    strips(r#"<a title = 'x > "y"'>z</a>"#, "z");
    strips("<a title=it's>z</a>", "z");
    strips(r#"<a title="never closed>z</a>"#, "z");
    strips(r#"<a b"c>z</a>"#, "z");
}

#[test]
fn strip_decodes_entities() {
    strips("&lt;b&gt; &amp;amp; &quot;&#39;&apos;&#x41;&eacute;&notin;&nbsp;", "<b> &amp; \"''Aé∉\u{a0}");
    strips("a & b &; &unknown; &#; &copy2024 AT&T", "a & b &; &unknown; &#; ©2024 AT&T");
    strips("&#0; &#1114112; &#xD800; &#128;", "\u{fffd} \u{fffd} \u{fffd} €");
    check(r#"html.strip("\xff<b>\xfe&amp;\xfd")"#, r#""\xff\xfe&\xfd""#);
}

#[test]
fn text_is_what_a_browser_shows() {
    check(r#"html.text("")"#, r#""""#);
    check(r#"html.text("a  <b> b</b>\n<i>c </i> d")"#, r#""a b c d""#);
    check(r#"html.text("x<b>y</b>z")"#, r#""xyz""#);
    check(r#"html.text("<p>a<p>b<div><div>c</div></div>d")"#, r#""a\nb\nc\nd""#);
    check(r#"html.text("<title>t</title><noscript>n</noscript><p hidden>h</p>a")"#, r#""a""#);
    check(r#"html.text("<ul><li>a<li>b</ul>")"#, r#""a\nb""#);
    check(r#"html.text("<table><tr><td>a<td>b<tr><td>c</table>")"#, r#""a b\nc""#);
    check(r#"html.text("a<pre>  x\n    y\n</pre>b")"#, r#""a\n  x\n    y\nb""#);
    check(r#"html.text("a&nbsp;&nbsp;b &lt;c&gt;")"#, r#""a\u{a0}\u{a0}b <c>""#);
    check_error(
        r#"html.text("a\xff")"#,
        "bad argument #1 to `html.text` (valid UTF-8 expected, byte 2 is not)",
    );
}

#[test]
fn blank_lines_stay_in_preformatted_text() {
    check(r#"html.text("<pre>a\n\nb</pre>c")"#, r#""a\n\nb\nc""#);
    check(r#"html.text("<pre>a\n\n<b>b</b>\n\n\n<i>c</i>\n</pre>d")"#, r#""a\n\nb\n\n\nc\nd""#);
    check(r#"html.text("<pre>\n\na</pre>")"#, r#""\na""#);
    check(r#"html.text("x<pre>\n\na</pre>")"#, r#""x\n\na""#);
    check(r#"html.text("<pre><code>a\n\n</code></pre><p>b")"#, r#""a\n\nb""#);
    check(r#"html.text("<pre>a\n\n</pre>")"#, r#""a""#);
    check(r#"html.text("<p style='white-space: pre-wrap'>a  b\n\nc</p>")"#, r#""a  b\n\nc""#);
}

#[test]
fn what_a_browser_hides_is_no_text() {
    for (html, text) in [
        ("<svg><title>t</title><desc>d</desc><metadata>m</metadata><defs><text>x</text></defs></svg>a", "a"),
        (
            "<svg><symbol><text>s</text></symbol><clipPath><text>c</text></clipPath><text>shown</text></svg>",
            "shown",
        ),
        ("<math><mi>x</mi><annotation>tex</annotation></math>", "x"),
        ("a<noscript><p>b</p></noscript>c", "ac"),
        ("<head><noscript><p>b</p></noscript></head>c", "c"),
        ("a<div hidden>b</div><div popover>c</div><object data=x>d</object>", "a"),
        ("<p style='visibility: hidden'>a<b style='visibility: visible'>b</b></p>", "b"),
        ("<ul hidden style='display: block'><li>a</ul>", "a"),
        ("<p style='display:none'>a<p>b", "b"),
    ] {
        check(&format!("html.text([==[{html}]==])"), &format!("'{text}'"));
    }
}

#[test]
fn the_text_of_what_no_browser_shows_is_all_of_its_text() {
    for (html, css, text) in [
        ("<title> a  b </title>", "title", " a  b "),
        ("<style>p > a {}</style>", "style", "p > a {}"),
        ("<div hidden><p> a <b>b</b></p></div>", "p", " a b"),
        ("<p style='display:none'>a\\n b</p>", "p", "a\\n b"),
        ("<svg><desc>d</desc></svg>", "desc", "d"),
        ("<noscript><p>a</p></noscript>", "p", "a"),
        ("<textarea>a\\n\\nb</textarea>", "textarea", "a\\n\\nb"),
        ("<dialog><p>a</p>b</dialog>", "dialog", "ab"),
        ("<details><summary>s</summary><p>a  b</p></details>", "details p", "a b"),
        ("<details><summary>s</summary><p>a  b</p></details>", "details", "s"),
        ("<div>a<script>x</script><p hidden>b</p></div>", "div", "a"),
        ("<p style='visibility:hidden'>a</p>", "p", "a"),
    ] {
        check(
            &format!("html.select([==[{}]==], '{css}')[1].text", html.replace("\\n", "\n")),
            &format!("'{text}'"),
        );
    }
    check("#html.select('<body><noscript><img src=a><img src=b></noscript>', 'noscript img')", "2");
    check("html.select('<head><noscript><link rel=x></noscript>', 'head noscript link')[1].attrs.rel", "'x'");
}

#[test]
fn select_gives_elements_in_the_order_of_the_document() {
    let list = "local h = '<div><p>1</p><div><p class=x>2 <b>3</b></p></div></div><p>4</p>'";
    let texts = |css: &str| {
        format!(
            "(function() {list} return tbl.map(html.select(h, '{css}'), function(e) return e.text end) end)()"
        )
    };
    check(&texts("p"), r#"{"1", "2 3", "4"}"#);
    check(&texts("div div > p.x"), r#"{"2 3"}"#);
    check(&texts("p:not(.x), b"), r#"{"1", "3", "4"}"#);
    check(&texts("h1"), "{}");
    check(
        r#"html.select("<a href='/x?a=1&amp;b=2' DATA-X>t</a>", "a")[1]"#,
        r#"{tag = "a", text = "t", html = '<a data-x="" href="/x?a=1&amp;b=2">t</a>', attrs = {href = "/x?a=1&b=2", ["data-x"] = ""}}"#,
    );
}

#[test]
fn a_bad_selector_says_so() {
    check_error(
        "html.select('', 'p[')",
        "bad argument #2 to `html.select` (`p[` is no CSS selector: it ends too early)",
    );
    check_error(
        "html.select('', string.rep(':not(', 50000))",
        "bad argument #2 to `html.select` (a selector of at most 4096 bytes expected)",
    );
    check("#html.select(string.rep('<p>x', 100), 'body:has(p ~ p)')", "1");
    check_error(
        "html.select(string.rep('<p>x', 10001), 'body:has(q ~ p)')",
        "bad argument #2 to `html.select` (`:has(` with `~` takes a document of at most 20000 nodes)",
    );
    check_error(
        "html.select('', string.rep(':not(', 17))",
        "bad argument #2 to `html.select` (`:not(:not(:not(:not(:not(:not(:not(:not(:not(:not(:not(:not(:not(:not(:not(:not(…` is \
         no CSS selector: more than 16 brackets within each other)",
    );
    for (css, why) in [
        ("p:first > a", "`p:first > a` is no CSS selector: `:first` is not known"),
        ("p:contains(x)", "`p:contains(x)` is no CSS selector: `:contains` is not known"),
        ("a:not(p:eq(1))", "`a:not(p:eq(1))` is no CSS selector: `:eq` is not known"),
        ("p::text", "`p::text` is no CSS selector: `::text` is not known"),
        ("", "`` is no CSS selector: a part of it is empty"),
        ("p >", "`p >` is no CSS selector: nothing stands behind its last combinator"),
        ("p, ", "`p, ` is no CSS selector: a part of it is empty"),
        ("p..a", "`p..a` is no CSS selector: a `.` has no class behind it"),
        ("//p", "`//p` is no CSS selector: a part of it is empty"),
        ("p/a", "`p/a` is no CSS selector: something stands in it that is no part of a selector"),
    ] {
        check_error(
            &format!("html.select('', '{css}')"),
            &format!("bad argument #2 to `html.select` ({why})"),
        );
    }
}

#[test]
fn escape_and_unescape_are_inverse() {
    check(r#"html.escape("plain"), html.unescape("plain")"#, r#""plain", "plain""#);
    check(r#"html.unescape("&amp;lt; &Eacute; &hearts; &fjlig;")"#, r#""&lt; É ♥ fj""#);
    check(r#"html.escape("\xff<")"#, r#""\xff&lt;""#);
}

proptest! {
    #[test]
    fn for_every_text_escaped_text_survives_strip_and_unescape(text in "[a-z<>&\"' /!=#;é-]{0,40}") {
        let lua = vm(std::path::Path::new("."));
        lua.globals().raw_set("text", text.clone()).unwrap();
        let stripped: String = lua.load("return html.strip(html.escape(text))").eval().unwrap();
        prop_assert_eq!(&stripped, &text);
        let unescaped: String = lua.load("return html.unescape(html.escape(text))").eval().unwrap();
        prop_assert_eq!(&unescaped, &text);
    }

    #[test]
    fn for_every_soup_of_markup_strip_ends_and_does_not_grow(text in "(<|>|</|<!--|-->|<b|<script|</script>|=|\"|'|&amp;|&|;|a| ){0,30}") {
        let lua = vm(std::path::Path::new("."));
        lua.globals().raw_set("text", text.clone()).unwrap();
        let stripped: String = lua.load("return html.strip(text)").eval().unwrap();
        prop_assert!(stripped.len() <= text.len());
    }
}
