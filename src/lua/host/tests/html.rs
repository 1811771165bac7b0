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
    strips("1 < 2 > 0 <3 <- </ > <", "1 < 2 > 0 <3 <- </ > <");
    strips("a <b c", "a <b c");
    strips("tail <", "tail <");
    strips("tail <!", "tail <!");
    strips("a<!-- never closed", "a");
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
        "bad argument #2 to `html.select` (not a CSS selector: Unexpected EOL)",
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
        "bad argument #2 to `html.select` (not a CSS selector: more than 16 brackets within each other)",
    );
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
