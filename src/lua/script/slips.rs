//! This module knows what people write who come from other languages, where the compiler says only that it expected something
//! else.

use std::borrow::Cow;

use super::lexer::{KEYWORDS, TokenKind, tokens};
use crate::source::nearest;

/// Where in a line something stands. Strings are `""` there, and comments are left out.
enum Sign {
    /// Anywhere.
    Has(&'static str),
    /// As a word of its own.
    Word(&'static str),
    /// At the beginning, as a word of its own.
    First(&'static str),
    /// At the beginning, whatever follows.
    Begins(&'static str),
    /// At the end.
    Ends(&'static str),
}

use Sign::{Begins, Ends, First, Has, Word};

/// What to write instead, by the first sign that is found.
const SLIPS: &[(Sign, &str)] = &[
    (Has("“"), "quotes of texts are plain: `\"…\"` or `'…'`"),
    (Has("”"), "quotes of texts are plain: `\"…\"` or `'…'`"),
    (Has("‘"), "quotes of texts are plain: `\"…\"` or `'…'`"),
    (Has("’"), "quotes of texts are plain: `\"…\"` or `'…'`"),
    (Has("\u{a0}"), "there is a space here that is none to Lua (U+00A0): type it anew"),
    (Has("\u{2013}"), "a minus is `-`"),
    (Has("\u{2212}"), "a minus is `-`"),
    (Begins("for ("), "a loop is written `for i = 1, n do … end`, or `for key, value in list do … end`"),
    (Begins("for("), "a loop is written `for i = 1, n do … end`, or `for key, value in list do … end`"),
    (
        Has("${{"),
        "this is Lua already, in which a name stands alone: `item.name`, `params.name`, without `${{ }}`",
    ),
    (Has("{**"), "maps are joined by `tbl.merge(a, b)`"),
    (Has("{ **"), "maps are joined by `tbl.merge(a, b)`"),
    (Has(", **"), "maps are joined by `tbl.merge(a, b)`"),
    (Has("\"\".join("), "`table.concat(list, \",\")` joins a list"),
    (
        Has("\"\".format("),
        "texts with values in them are written in backticks, `…{value}…`; `string.format` is there too",
    ),
    (Has("!=="), "different is written `~=`"),
    (Has("!="), "different is written `~=`"),
    (Has("<>"), "different is written `~=`"),
    (Has("==="), "equal is written `==`"),
    (Has("&&"), "write `and`"),
    (Has("||"), "write `or`"),
    (Has("??"), "write `or`: `a or b` is `b` where `a` is nil or false"),
    (Has("?."), "write `a and a.b` where `a` may be nil"),
    (Has("++"), "write `x += 1`"),
    (Has("=>"), "a function is written `function(x) return … end`"),
    (Has(":="), "a variable is made by `local x = …`"),
    (Has("**"), "a power is written `a ^ b`"),
    (Has("/*"), "a comment begins with `--`, and one over several lines is `--[[ … ]]`"),
    (Begins("//"), "a comment begins with `--`"),
    (Begins("# "), "a comment begins with `--`"),
    (Begins("#!"), "a comment begins with `--`"),
    (First("try"), "errors are caught by `local ok, err = pcall(function() … end)`"),
    (First("catch"), "errors are caught by `local ok, err = pcall(function() … end)`"),
    (First("except"), "errors are caught by `local ok, err = pcall(function() … end)`"),
    (First("finally"), "errors are caught by `local ok, err = pcall(function() … end)`"),
    (First("throw"), "`error(\"…\")` raises an error, `flow.fail(\"…\")` fails the item for good"),
    (First("raise"), "`error(\"…\")` raises an error, `flow.fail(\"…\")` fails the item for good"),
    (First("var"), "a variable is made by `local x = …`"),
    (First("let"), "a variable is made by `local x = …`"),
    (First("my"), "a variable is made by `local x = …`"),
    (First("def"), "a function is written `local function name(x) … end`"),
    (First("fn"), "a function is written `local function name(x) … end`"),
    (First("func"), "a function is written `local function name(x) … end`"),
    (Word("lambda"), "a function is written `function(x) return … end`"),
    (
        First("import"),
        "modules of flowrun are there; other Lua files are loaded by `local name = require(\"name\")`",
    ),
    (
        First("from"),
        "modules of flowrun are there; other Lua files are loaded by `local name = require(\"name\")`",
    ),
    (
        First("using"),
        "modules of flowrun are there; other Lua files are loaded by `local name = require(\"name\")`",
    ),
    (Word("elif"), "write `elseif`"),
    (Word("elsif"), "write `elseif`"),
    (First("switch"), "write `if … then … elseif … then … end`, or look it up in a table"),
    (First("case"), "write `if … then … elseif … then … end`, or look it up in a table"),
    (First("match"), "write `if … then … elseif … then … end`, or look it up in a table"),
    (First("foreach"), "a loop is written `for key, value in list do … end`"),
    (First("unless"), "write `if not … then … end`"),
    (First("await"), "nothing needs to be said to wait: write the call alone"),
    (Word("await"), "nothing needs to be said to wait: write the call alone"),
    (First("async"), "nothing needs to be said to wait: write the function alone"),
    (Word("new"), "nothing is made by `new`: call the function, or write a table, `{ … }`"),
    (First("delete"), "a field is deleted by `t.field = nil`"),
    (First("del"), "a field is deleted by `t.field = nil`"),
    (First("pass"), "an empty block is just that: write nothing"),
    (Begins("print "), "a call has brackets: `print(…)`"),
    (First("echo"), "`print(…)` writes to the item's log"),
    (Word("instanceof"), "`type(x)` gives the type as a text"),
    (Word("isinstance"), "`type(x)` gives the type as a text"),
    (
        Has("not in"),
        "what a list holds is told by `table.find(list, x)`, what a text holds by `str.contains(text, part)`",
    ),
    (Word("is"), "equal is written `==`, different `~=`"),
    (Has("?"), "a choice is written `if condition then a else b`, also within an expression"),
    (Has("[]"), "an empty list is `{}`"),
    (Has("\"\":"), "fields of a table are written `{ name = value }`, or `{ [\"a name\"] = value }`"),
    (Has("\"\" :"), "fields of a table are written `{ name = value }`, or `{ [\"a name\"] = value }`"),
    (Has("!"), "write `not`"),
    (Has("&"), "bits are combined by `bit32.band(a, b)`, texts by `..`, conditions by `and`"),
    (Has("<<"), "bits are moved by `bit32.lshift(a, n)`"),
    (Has(">>"), "bits are moved by `bit32.rshift(a, n)`"),
    (Has("+ ="), "write `x += 1`"),
    (Has(" // "), "a comment begins with `--`; `//` divides and rounds down"),
    (Has(" //"), "a comment begins with `--`"),
    (Has(" # "), "a comment begins with `--`; `#list` counts the elements of a list"),
];

/// Words that begin a statement or go on with one are mistyped so long at least: shorter ones are near to everything.
const MISTYPED: usize = 4;

/// Signs of a line that looks for its condition: a word that begins it, and what it lacks.
const HEADS: &[(&str, &str, &str)] = &[
    ("if", "then", "a condition is written `if … then … end`"),
    ("elseif", "then", "a condition is written `if … then … elseif … then … end`"),
    ("while", "do", "a loop is written `while … do … end`"),
    ("for", "do", "a loop is written `for i = 1, n do … end`, or `for key, value in list do … end`"),
];

/// What was probably meant where the compiler does not take a text, in this line, counted from 0.
pub(super) fn meant(text: &str, line: usize, message: &str) -> Option<Cow<'static, str>> {
    let mistyped = || mistyped(text.lines().nth(line)?).map(Cow::Owned);
    of_others(text, line, message).map(Cow::Borrowed).or_else(mistyped)
}

/// The keyword that the first word of a line was meant to be.
fn mistyped(line: &str) -> Option<String> {
    let bare = bare(line);
    let first = words(&bare).next().filter(|word| bare.trim_start().starts_with(word))?;
    let keywords = KEYWORDS.iter().copied().filter(|word| word.len() >= MISTYPED);
    let is_long = first.len() >= MISTYPED && !KEYWORDS.contains(&first);
    let near = nearest(first, keywords).filter(|_| is_long)?;
    Some(format!("did you mean `{near}`?"))
}

/// What is written so in other languages.
fn of_others(text: &str, line: usize, message: &str) -> Option<&'static str> {
    let lines: Vec<&str> = text.lines().collect();
    let at = line.min(lines.len().saturating_sub(1));
    if let Some(found) = lines.get(at).and_then(|raw| in_line(raw, message)) {
        return Some(found);
    }
    if message.contains("'end' (to close") && text.contains("else if") {
        return Some("write `elseif`: `else if` begins an `if` of its own, which needs an `end` of its own");
    }
    // What the line before lacks, the compiler misses here; and at the end, what any line lacks.
    let reach = if message.contains("<eof>") { at } else { 1 };
    let before = lines[..at].iter().rev().take(reach);
    before.map(|raw| bare(raw)).find_map(|bare| {
        let line = bare.trim();
        let first = SLIPS.iter().find(|(sign, _)| matches!(sign, First(_)) && sign.is_in(line));
        of_head(line).or_else(|| first.map(|(_, hint)| *hint)).or_else(|| braces(line, ""))
    })
}

fn in_line(raw: &str, message: &str) -> Option<&'static str> {
    let bare = bare(raw);
    let trimmed = bare.trim();
    let is_word = |last: char| last.is_alphanumeric() || last == '_';
    if raw.trim_end().ends_with("--") && trimmed.ends_with(is_word) {
        return Some("write `x -= 1`: `--` begins a comment");
    }
    if raw.contains("\"\"\"") || raw.contains("'''") {
        return Some("a text over several lines is written `[[ … ]]`");
    }
    let slip = || SLIPS.iter().find(|(sign, _)| sign.is_in(trimmed)).map(|(_, hint)| *hint);
    let has_condition = ["if", "elseif", "while", "until"].map(First).iter().any(|sign| sign.is_in(trimmed));
    let assigns = (has_condition && message.ends_with("got '='"))
        .then_some("`==` compares, `=` gives a variable a value");
    of_keyword(&bare)
        .or_else(|| of_message(trimmed, message))
        .or_else(slip)
        .or(assigns)
        .or_else(|| of_head(trimmed))
        .or_else(|| braces(trimmed, message))
}

impl Sign {
    fn is_in(&self, line: &str) -> bool {
        match self {
            Has(text) => line.contains(text),
            Word(word) => words(line).any(|found| found == *word),
            First(word) => words(line).next() == Some(word) && line.starts_with(word),
            Begins(text) => line.starts_with(text),
            Ends(text) => line.ends_with(text),
        }
    }
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}

/// What the message tells together with the line.
fn of_message(line: &str, message: &str) -> Option<&'static str> {
    let has = |word: &str| words(line).any(|found| found == word);
    if message.ends_with("got 'if'") && has("else") && !has("then") {
        return Some("a choice is written `if condition then a else b`, also within an expression");
    }
    if message.ends_with("got 'in'") && !line.starts_with("for") && !line.contains("not in") {
        return Some(
            "what a list holds is told by `table.find(list, x)`, what a text holds by `str.contains(text, part)`",
        );
    }
    if message.starts_with("Expected ']'") && message.ends_with("got ':'") {
        return Some("a part of a text is `str.sub(text, first, last)`, counted from 1");
    }
    if message.contains("table constructor") && (line.contains("{...") || line.contains("{ ...")) {
        return Some("maps are joined by `tbl.merge(a, b)`");
    }
    let is_field = message.contains("when parsing function call") && line.contains('{') && line.contains(':');
    is_field.then_some("fields of a table are written `{ name = value }`, or `{ [\"a name\"] = value }`")
}

/// A keyword as the name of a field.
fn of_keyword(line: &str) -> Option<&'static str> {
    let is_field = |word: &str| {
        line.match_indices(&format!(".{word}")).any(|(at, found)| {
            let ends =
                !line[at + found.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_');
            ends && !line[..at].ends_with('.')
        })
    };
    KEYWORDS
        .iter()
        .any(|word| is_field(word))
        .then_some("this name is a keyword: write `[\"name\"]` with the name in quotes")
}

/// A line that begins a block and does not say so.
fn of_head(line: &str) -> Option<&'static str> {
    let first = words(line).next()?;
    let (_, lacks, hint) = HEADS.iter().find(|(word, ..)| *word == first && line.starts_with(word))?;
    (!words(line).any(|word| word == *lacks)).then_some(*hint)
}

fn braces(line: &str, message: &str) -> Option<&'static str> {
    if message.ends_with("got '['") && line.contains('[') {
        return Some("a list is written `{ 1, 2, 3 }`");
    }
    if (message.ends_with("got ':'") || message.contains("method name")) && line.contains('{') {
        return Some("fields of a table are written `{ name = value }`, or `{ [\"a name\"] = value }`");
    }
    (Ends("{").is_in(line) || line == "}" || Begins("}").is_in(line))
        .then_some("a block has no braces: it ends with `end`")
}

/// The line with nothing in its strings, and without its comment.
fn bare(line: &str) -> String {
    let (mut bare, mut copied) = (String::new(), 0);
    for token in tokens(line) {
        bare.push_str(&between(&line[copied..token.span.start]));
        match token.kind {
            TokenKind::String | TokenKind::Template => bare.push_str("\"\""),
            _ => bare.push_str(token.text(line)),
        }
        copied = token.span.end;
    }
    bare.push_str(&between(&line[copied..]));
    bare
}

/// What stands between tokens, without the comment in it.
fn between(text: &str) -> String {
    text.split("--").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn what_stands_in_strings_and_comments_is_no_slip() {
        for line in ["return 'a != b' x", "return 1 x -- a && b", "local s = \"{ 'a': 1 }\" )", "a b"] {
            assert_eq!(meant(line, 0, "Expected <eof>, got 'x'"), None, "{line}");
        }
    }

    #[test]
    fn decrements_are_comments() {
        assert_eq!(
            meant("local a = 1\na--", 1, "").as_deref(),
            Some("write `x -= 1`: `--` begins a comment")
        );
        assert_eq!(meant("f( --", 0, ""), None);
    }
}
