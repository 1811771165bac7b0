//! This module finds what does not compile, and where. It does not run anything.

use mlua::chunk::Compiler;

use super::chunk::alone;
use super::lexer::{self, Token};
use super::lines::LuaChunk;
use super::{Block, Script, ScriptSource};
use crate::lua::SyntaxError;
use crate::source::LineStarts;

/// What a function has in scope by name.
pub const PARAMETERS: &str = "item, index, ctx";

/// What `retries.when` has.
pub const RETRY_PARAMETERS: &str = "err, attempt";

/// What the function of a fold has.
pub const FOLD_PARAMETERS: &str = "acc, item, index, ctx";

/// What the function has that makes one value of two.
pub const COMBINE_PARAMETERS: &str = "a, b, ctx";

/// A complaint of the compiler.
struct Complaint {
    /// Line of the chunk.
    line: usize,
    message: String,
}

impl Complaint {
    /// Whether more text might mend it.
    fn is_incomplete(&self) -> bool {
        self.message.ends_with("<eof>") || self.message.ends_with("'<eof>'")
    }
}

fn compile(text: &str) -> Option<Complaint> {
    match Compiler::new().compile(text) {
        Ok(_) => None,
        Err(mlua::Error::SyntaxError { message, .. }) => {
            let message = message.trim_start_matches(':');
            let (line, rest) = message.split_once(':').unwrap_or(("", message));
            Some(Complaint { line: line.trim().parse().unwrap_or(1), message: rest.trim().to_owned() })
        }
        Err(other) => Some(Complaint { line: 1, message: other.to_string() }),
    }
}

/// Whether a text compiles.
pub(super) fn compiles(text: &str) -> bool {
    compile(text).is_none()
}

impl Script {
    /// What does not compile: at most one complaint for `setup` and one for the function, because Luau stops at the
    /// first. Empty when the script can be loaded.
    pub fn check(&self) -> Vec<SyntaxError> {
        self.checked.get_or_init(|| self.find_errors()).clone()
    }

    fn find_errors(&self) -> Vec<SyntaxError> {
        let mut errors: Vec<SyntaxError> = Vec::new();
        if let Some(setup) = &self.setup {
            errors.extend(check_block(setup, ""));
        }
        errors.extend(match &self.source {
            ScriptSource::Body(block) => check_block(block, &format!("local {PARAMETERS} = ... ")),
            ScriptSource::File { block, .. } => check_block(block, ""),
            ScriptSource::Expression(block) => check_expression(block),
        });
        if errors.is_empty() {
            errors.extend(self.chunk(PARAMETERS).and_then(|chunk| self.check_whole(&chunk)));
        }
        errors
    }

    /// Setup and function are fine, but not together, or not as a function: `...`, two expressions, too many locals.
    fn check_whole(&self, chunk: &LuaChunk) -> Option<SyntaxError> {
        let complaint = compile(&chunk.text)?;
        let line = chunk.lines.line(complaint.line);
        let block = match (&self.setup, self.source.block()) {
            (Some(setup), _) if (setup.line..setup.line + setup.text.lines().count()).contains(&line) => {
                setup
            }
            (_, block) => block,
        };
        let message = match self.source {
            // The compiler's words would be about brackets that the user did not write.
            ScriptSource::Expression(_) => "this must be one expression, with one value".to_owned(),
            _ => complaint.message,
        };
        Some(describe(block, &Complaint { line, message }, whole_line(block, line)))
    }
}

impl ScriptSource {
    pub(in crate::lua) fn block(&self) -> &Block {
        match self {
            Self::Body(block) | Self::Expression(block) | Self::File { block, .. } => block,
        }
    }
}

fn check_expression(block: &Block) -> Option<SyntaxError> {
    if block.text.trim().is_empty() {
        let complaint =
            Complaint { line: block.line, message: "expected an expression, found nothing".to_owned() };
        return Some(describe(block, &complaint, 0..0));
    }
    let tokens = lexer::tokens(&block.text);
    if let Some(first) = tokens.first()
        && first.text(&block.text) == "return"
    {
        let complaint = Complaint {
            line: line_of(block, first),
            message: "this is an expression: write the value without `return`".to_owned(),
        };
        let columns = columns(block, first);
        return Some(describe(block, &complaint, columns));
    }
    check_block(block, "return ")
}

fn check_block(block: &Block, before: &str) -> Option<SyntaxError> {
    let complaint = compile(&alone(block, before).text)?;
    let last = last_line(block);
    if complaint.is_incomplete() || complaint.line > last {
        // Where the text ends, whatever line the compiler takes that for.
        let complaint = Complaint { line: last, ..complaint };
        let end = whole_line(block, last).end;
        return Some(describe(block, &complaint, end..end));
    }
    let columns = faulty_token(block, before, &complaint)
        .map_or_else(|| whole_line(block, complaint.line), |token| columns(block, &token));
    let before = if complaint.line == block.line { before.len() } else { 0 };
    let opened = opened_column(&complaint.message).and_then(|(_, column)| column.checked_sub(before));
    Some(SyntaxError { opened_column: opened, ..describe(block, &complaint, columns) })
}

/// Texts that are compiled to find out which token is the faulty one. It is nearly always the first that is tried.
const CUTS_MAX: usize = 16;

/// Luau names the line only. So the text is compiled once more with each token of that line on a line of its own: the
/// complaint's place is then that of a token. The faulty one is that, or one soon behind it: the last of the shortest
/// text that gives the same complaint.
fn faulty_token(block: &Block, before: &str, complaint: &Complaint) -> Option<Token> {
    let line = line_bytes(block, complaint.line);
    let tokens = lexer::tokens(&block.text);
    let first = tokens.partition_point(|token| token.span.start < line.start);
    let on_line = tokens[first..].iter().take_while(|token| token.span.start <= line.end);
    let on_line: Vec<&Token> = on_line.collect();
    let suspect = suspect(block, before, complaint, &on_line);
    let found = on_line.iter().skip(suspect).take(CUTS_MAX).find(|token| {
        let cut = Block { text: block.text[..token.span.end].into(), ..block.clone() };
        compile(&alone(&cut, before).text)
            .is_some_and(|found| found.line == complaint.line && found.message == complaint.message)
    });
    found.map(|token| (*token).clone())
}

/// The position among `tokens`, those of the faulty line, of the first that Luau complains of when lines tell them apart.
fn suspect(block: &Block, before: &str, complaint: &Complaint, tokens: &[&Token]) -> usize {
    // What ends a line in the spread text: all but the last, and not before `(`, where a line end means something.
    let ends = |pair: &[&Token]| pair[1].text(&block.text) != "(";
    let mut text = String::with_capacity(block.text.len() + tokens.len());
    let (mut copied, mut firsts) = (0, vec![0]);
    for (at, pair) in tokens.windows(2).enumerate().filter(|(_, pair)| ends(pair)) {
        text.push_str(&block.text[copied..pair[1].span.start]);
        text.push('\n');
        copied = pair[1].span.start;
        firsts.push(at + 1);
    }
    text.push_str(&block.text[copied..]);
    let spread = Block { text: text.into(), ..block.clone() };
    let line = compile(&alone(&spread, before).text).map_or(0, |found| found.line);
    line.checked_sub(complaint.line).and_then(|at| firsts.get(at)).copied().unwrap_or(0)
}

/// Line of the file.
fn line_of(block: &Block, token: &Token) -> usize {
    block.line + block.text[..token.span.start].matches('\n').count()
}

/// The bytes of the block that stand on the file's `line`, without the line end.
fn line_bytes(block: &Block, line: usize) -> std::ops::Range<usize> {
    let starts = LineStarts::of(&block.text);
    let at = (line + 1).saturating_sub(block.line);
    let start = starts.start(at).unwrap_or(block.text.len());
    start..starts.start(at + 1).map_or(block.text.len(), |next| next - 1)
}

/// The bytes of `token` within its line of the block, cut at the line's end.
fn columns(block: &Block, token: &Token) -> std::ops::Range<usize> {
    let start = block.text[..token.span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let token_text = token.text(&block.text);
    let len = token_text.find('\n').unwrap_or(token_text.len());
    token.span.start - start..token.span.start - start + len
}

/// The bytes of the file's `line` within the block, without white space around them.
fn whole_line(block: &Block, line: usize) -> std::ops::Range<usize> {
    let text = line.checked_sub(block.line).and_then(|at| block.text.lines().nth(at)).unwrap_or("");
    let start = text.len() - text.trim_start().len();
    start..text.trim_end().len().max(start)
}

/// The last line of the file with code of `block` on it.
fn last_line(block: &Block) -> usize {
    block.line + block.text.trim_end().matches('\n').count()
}

fn describe(block: &Block, complaint: &Complaint, columns: std::ops::Range<usize>) -> SyntaxError {
    let opened = complaint.message.split("at line ").nth(1).and_then(|rest| {
        let digits = rest.len() - rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
        rest[..digits].parse().ok()
    });
    let line = complaint.line.clamp(block.line, last_line(block));
    let meant = super::slips::meant(&block.text, line - block.line, &complaint.message);
    let message = match opened_column(&complaint.message) {
        // It counts in the chunk, which nobody sees.
        Some((said, _)) => complaint.message.replacen(said, "", 1),
        None => complaint.message.clone(),
    };
    SyntaxError { line, columns, message, opened, opened_column: None, meant }
}

/// Where the message says that something was opened in the same line: its words, and the byte in the line of the chunk.
fn opened_column(message: &str) -> Option<(&str, usize)> {
    let start = message.find(" at column ")?;
    let digits = &message[start + " at column ".len()..];
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    let column: usize = digits[..length].parse().ok()?;
    Some((&message[start..start + " at column ".len() + length], column.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{block, source};
    use super::*;

    fn check(make: fn(Block, crate::lua::LuaPath) -> Script, lua: &str, expect: &[&str]) {
        let file = source(&format!("steps:\n  a:\n{lua}\n"));
        let script = make(block(&file, 3, lua), ".".into());
        let got: Vec<String> = script
            .check()
            .iter()
            .map(|error| format!("{}:{:?} {:?} {}", error.line, error.columns, error.opened, error.message))
            .collect();
        assert_eq!(got, expect, "{lua}");
    }

    #[test]
    fn a_syntax_error_has_line_and_columns() {
        for (lua, expect) in [
            ("return item", None),
            ("local x = 1\nreturn `{x}` .. ((x))", None),
            ("local name = = 2", Some("3:13..14 None Expected identifier when parsing expression, got '='")),
            (
                "local a = 1\nif a the\n  return a\nend",
                Some("4:5..8 None Expected 'then' when parsing if statement, got 'the'"),
            ),
            (
                "if item then\n  return 1\n\n",
                Some("4:10..10 Some(3) Expected 'end' (to close 'then' at line 3), got <eof>"),
            ),
            ("local t = f(1, { a = 2 ]", Some("3:23..24 None Expected '}' (to close '{'), got ']'")),
            ("return 1 end", Some("3:9..12 None Expected <eof>, got 'end'")),
            (
                "local s = 'abc\nreturn s",
                Some("3:10..14 None Malformed string; did you forget to finish it?"),
            ),
            ("foo bar", Some("3:0..3 None Incomplete statement: expected assignment or a function call")),
            (
                "x = 1; y = a.b = 3",
                Some("3:15..16 None Expected identifier when parsing expression, got '='"),
            ),
            (
                "local a = f(1)(2)(-)",
                Some("3:19..20 None Expected identifier when parsing expression, got ')'"),
            ),
            ("a.b c", Some("3:0..1 None Incomplete statement: expected assignment or a function call")),
            (
                "--[[ x ]] local 1 = 'a' -- b",
                Some("3:16..17 None Expected identifier when parsing variable name, got '1'"),
            ),
            ("return ...", Some("3:0..10 None Cannot use '...' outside of a vararg function")),
        ] {
            check(Script::body, lua, expect.as_slice());
        }
    }

    #[test]
    fn an_expression_is_exactly_one() {
        for (lua, expect) in [
            ("item.a > 1 -- yes", None),
            ("return item.a", Some("3:0..6 None this is an expression: write the value without `return`")),
            ("  ", Some("3:0..0 None expected an expression, found nothing")),
            ("item.a, 2", Some("3:0..9 None this must be one expression, with one value")),
            ("item.a =", Some("3:7..8 None Expected <eof>, got '='")),
        ] {
            check(Script::expression, lua, expect.as_slice());
        }
    }
}
