//! This module finds whether a function may wait, so that it has to run as a coroutine. It says yes when in doubt:
//! that costs little.

use super::Script;
use super::lexer::{Token, TokenKind, tokens};
use super::texts::{Texts, bare};

/// Names that host functions are reached by that wait: of a function, or of a module in which all of them do.
const WAITING: [&str; 3] = ["sleep", "http", "exec"];
/// Those of functions, which stand behind a dot.
const MEMBERS: [&str; 1] = ["sleep"];

impl Script {
    /// Whether its source, or a file that it requires by name, mentions a host function that waits.
    pub fn waits(&self) -> bool {
        let mut texts = Texts::of(self);
        while let Some(text) = texts.next() {
            let may_wait = WAITING.iter().any(|name| text.contains(name));
            if !may_wait && !text.contains("require") {
                continue;
            }
            let tokens = tokens(&text);
            let waits = may_wait && (0..tokens.len()).any(|at| names_waiting(&text, &tokens, at));
            // What a module does whose name is known only later, nobody can say.
            if waits || !texts.follow(&text, &tokens) {
                return true;
            }
        }
        false
    }
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
