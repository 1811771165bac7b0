//! This module finds whether a function may wait, so that it has to run as a coroutine. It says yes when in doubt:
//! that costs little.

use super::Script;
use super::lexer::{Token, TokenKind, tokens};
use super::texts::{Texts, bare};

/// Names that host functions are reached by that wait: of a function, or of a module in which all of them do.
const WAITING: [&str; 3] = ["sleep", "http", "exec"];
/// Those of functions, which stand behind a dot.
const MEMBERS: [&str; 1] = ["sleep"];
/// The module whose functions wait where there are transactions: other statements have a lock for a moment only.
const DATABASES: &str = "sqlite";
/// What begins one, in any case of letters.
const BEGIN: &str = "begin";

impl Script {
    /// Whether its source, or a file that it requires by name, mentions a host function that waits.
    pub fn waits(&self) -> bool {
        let mut texts = Texts::of(self);
        let (mut has_databases, mut has_transactions) = (false, false);
        while let Some(text) = texts.next() {
            let may_wait = WAITING.iter().any(|name| text.contains(name));
            has_databases |= text.contains(DATABASES);
            let may_begin = text.to_ascii_lowercase().contains(BEGIN);
            if !may_wait && !may_begin && !text.contains("require") {
                continue;
            }
            let tokens = tokens(&text);
            has_transactions |= may_begin && tokens.iter().any(|token| begins_transaction(&text, token));
            let waits = may_wait && (0..tokens.len()).any(|at| names_waiting(&text, &tokens, at));
            // What a module does whose name is known only later, nobody can say.
            if waits || !texts.follow(&text, &tokens) {
                return true;
            }
        }
        has_databases && has_transactions
    }
}

/// Whether a token is a text in which a statement begins a transaction.
fn begins_transaction(text: &str, token: &Token) -> bool {
    matches!(token.kind, TokenKind::String | TokenKind::Template)
        && token.text(text).split(';').any(|statement| {
            let statement = statement.trim_start_matches(|first: char| !first.is_alphanumeric());
            statement.get(..BEGIN.len()).is_some_and(|word| word.eq_ignore_ascii_case(BEGIN))
        })
}

/// Whether the token at `at` may lead to a host function that waits. A field such as `item.http` does not.
fn names_waiting(text: &str, tokens: &[Token], at: usize) -> bool {
    let name = tokens[at].text(text);
    match tokens[at].kind {
        TokenKind::Name => {
            let is_field = at > 0 && matches!(tokens[at - 1].text(text), "." | ":");
            WAITING.contains(&name) && (!is_field || MEMBERS.contains(&name))
        }
        // As in `time["sleep"]`.
        TokenKind::String => WAITING.contains(&bare(name)),
        // May have anything in it.
        TokenKind::Template => WAITING.iter().any(|waiting| name.contains(waiting)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{block, source};
    use super::*;

    #[test]
    fn waiting_is_found_in_setup_and_required_files() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("slow.lua"), "local pause = require('pause') return {}")
            .expect("written");
        std::fs::write(folder.path().join("pause.lua"), "return time.sleep").expect("written");
        std::fs::write(folder.path().join("quick.lua"), "return require('quick')").expect("written");
        for (setup, lua, expect) in [
            ("", "return item", false),
            ("", "time.sleep(1)", true),
            ("", "return http.get(item.url).body", true),
            ("", "return `{exec.run({item}).stdout}`", true),
            ("", "local get = http.get return get(item)", true),
            ("", "return item.http, 'http://', \"https://x/\", item.exec -- http.get", false),
            ("", "return _G['exec']", true),
            ("", "return item.sqlite", false),
            ("local db = sqlite.open('a.db')", "db:exec('insert into t values (1)')", false),
            ("local db = sqlite.open('a.db')", "db:exec('begin immediate')", true),
            ("local db = sqlite.open('a.db')", "db:exec [[ select 1; BEGIN ]]", true),
            ("", "return 'begin immediate'", false),
            ("local s = time['sleep']", "s(1)", true),
            ("local slow = require 'slow'", "return slow", true),
            ("local quick = require(\"quick\")", "return quick", false),
            ("local any = require(params.lib)", "return any", true),
            ("local gone = require('gone')", "return gone", false),
        ] {
            let file = source("x");
            let script = Script::body(block(&file, 1, lua), folder.path().into());
            assert_eq!(script.with_setup(block(&file, 1, setup)).waits(), expect, "{setup} {lua}");
        }
    }
}
