//! This module finds whether a function may wait, so that it has to run as a coroutine. It says yes when in doubt:
//! that costs little.

use std::collections::HashSet;
use std::sync::Arc;

use super::Script;
use super::lexer::{Token, TokenKind, tokens};
use crate::lua::globals::{module_path, module_text};

/// Names that host functions are reached by that wait: of a function, or of a module in which all of them do.
const WAITING: [&str; 3] = ["sleep", "http", "exec"];
/// Those of functions, which stand behind a dot.
const MEMBERS: [&str; 1] = ["sleep"];

impl Script {
    /// Whether its source, or a file that it requires by name, mentions a host function that waits.
    pub fn waits(&self) -> bool {
        let blocks = std::iter::once(self.source.block()).chain(&self.setup);
        let mut pending: Vec<Arc<str>> = blocks.map(|block| Arc::clone(&block.text)).collect();
        // A list, because a chain of modules may be longer than a stack.
        let mut seen = HashSet::new();
        while let Some(text) = pending.pop() {
            match text_waits(&text) {
                WaitsFound::Waiting => return true,
                WaitsFound::Required(names) => {
                    let paths = names.iter().filter_map(|name| module_path(&self.root, name).ok());
                    for path in paths {
                        if seen.insert(path.clone()) {
                            pending.extend(module_text(&path));
                        }
                    }
                }
            }
        }
        false
    }
}

/// What a text says about waiting.
enum WaitsFound {
    /// It may wait, or require a module whose name is known only later.
    Waiting,
    /// It waits where one of these modules does.
    Required(Vec<String>),
}

fn text_waits(text: &str) -> WaitsFound {
    let may_wait = WAITING.iter().any(|name| text.contains(name));
    let mut names = Vec::new();
    if !may_wait && !text.contains("require") {
        return WaitsFound::Required(names);
    }
    let tokens = tokens(text);
    if may_wait && (0..tokens.len()).any(|at| names_waiting(text, &tokens, at)) {
        return WaitsFound::Waiting;
    }
    for (at, _) in tokens.iter().enumerate().filter(|(_, token)| token.text(text) == "require") {
        let argument = tokens[at + 1..].iter().find(|token| token.text(text) != "(");
        let Some(argument) = argument.filter(|token| token.kind == TokenKind::String) else {
            return WaitsFound::Waiting;
        };
        names.push(argument.text(text).trim_matches(['"', '\'', '[', ']', '=']).to_owned());
    }
    WaitsFound::Required(names)
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
        TokenKind::String => WAITING.contains(&name.trim_matches(['"', '\'', '[', ']', '='])),
        // May have anything in it.
        TokenKind::Template => WAITING.iter().any(|waiting| name.contains(waiting)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{block, source};
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
