//! `html` gets text out of HTML.
//!
//! `strip` only takes tags out, in one pass and without building a document; `text` and `select` parse as a browser does.

mod document;
mod entities;
mod layout;
mod rendering;
mod select;
mod strip;
mod style;
mod visible;

use super::function::{Function, Module};

const HTML: Module = Module("html");

pub(super) const FUNCTIONS: &[Function] = &[
    HTML.rust("strip", "(s: string): string", |bind| bind.to(strip::strip)).explained(
        "Takes out tags, comments (`</!x>` and `</ x>` are some) and the content of scripts and styles, and decodes entities; \
         all other text, white space included, stays as it is. A `<` that begins no tag is text. Not a sanitizer: `&lt;b&gt;` becomes `<b>`.",
        r#"html.strip("<p>Fish &amp; <b>chips</b></p><!-- x -->")"#,
        r#""Fish & chips""#,
    ),
    HTML.rust("text", "(s: string): string", |bind| bind.to(visible::text)).explained(
        "The text a browser would show: white space collapsed, blocks and line breaks on lines of their own, blank lines kept \
         in `pre`. Without what is hidden by its element, by `hidden` or by its own `style`, and without closed `details` and \
         dialogs; style sheets do not count.",
        r#"html.text("<h1>Menu</h1><p>Fish &amp;\n chips<br>Tea</p><script>x()</script>")"#,
        r#""Menu\nFish & chips\nTea""#,
    ),
    HTML.rust(
        "select",
        "(s: string, css: string): {{tag: string, text: string, html: string, attrs: {[string]: string}}}",
        |bind| bind.to(select::select),
    )
    .explained(
        "The elements that a CSS selector finds, in the order of the document, inside `noscript` too; `html` has their attributes sorted, `text` is \
         what a browser shows of them, or all of it where it shows nothing (`title`, `script`, `hidden`). \
         A selector has at most 4096 bytes and 16 levels of brackets; one with `:has(` and `~` takes documents of \
         20,000 nodes.",
        r#"html.select('<ul><li id="a">One</li><li>Two</li></ul>', "li#a")"#,
        r#"{{tag = "li", text = "One", html = '<li id="a">One</li>', attrs = {id = "a"}}}"#,
    ),
    HTML.rust("escape", "(s: string): string", |bind| bind.to(entities::escape)).explained(
        "Makes text safe to put into HTML, in attributes too.",
        r#"html.escape([[<a href="x">Fish & 'chips'</a>]])"#,
        r#""&lt;a href=&quot;x&quot;&gt;Fish &amp; &#39;chips&#39;&lt;/a&gt;""#,
    ),
    HTML.rust("unescape", "(s: string): string", |bind| bind.to(entities::unescape)).explained(
        "Decodes all named and numeric entities of HTML.",
        r#"html.unescape("&lt;&eacute;&#128512;&nbsp;&gt;")"#,
        r#""<é😀\u{a0}>""#,
    ),
];
