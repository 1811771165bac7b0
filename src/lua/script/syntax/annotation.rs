//! Types say nothing about what a function does. They are passed over.

use super::Parser;
use crate::lua::script::lexer::TokenKind;

impl Parser<'_> {
    /// Passes a type.
    pub(super) fn skip_type(&mut self) -> Option<()> {
        self.nested(|parser| {
            // A union or an intersection may begin with its sign.
            let _ = parser.take("|") || parser.take("&");
            loop {
                parser.simple_type()?;
                while parser.take("?") {}
                if parser.take("->") {
                    return parser.skip_type();
                }
                if !parser.take("|") && !parser.take("&") {
                    return Some(());
                }
            }
        })
    }

    /// `<T, U>` before the parameters of a function.
    pub(super) fn skip_generics(&mut self) -> Option<()> {
        if self.peek() == "<" { self.balanced("<", ">") } else { Some(()) }
    }

    fn simple_type(&mut self) -> Option<()> {
        match (self.kind()?, self.peek()) {
            (TokenKind::String, _) | (_, "nil" | "true" | "false") => self.at += 1,
            (_, "{") => return self.balanced("{", "}"),
            (_, "(") => return self.balanced("(", ")"),
            (_, "typeof") => {
                self.at += 1;
                return self.balanced("(", ")");
            }
            _ => {
                self.take("...");
                self.name()?;
                if self.take(".") {
                    self.name()?;
                }
                self.skip_generics()?;
            }
        }
        Some(())
    }

    /// Passes everything from `open`, which is at hand, to the `close` that belongs to it.
    fn balanced(&mut self, open: &str, close: &str) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match self.peek() {
                // What assigns is in no type.
                "" | "=" | "function" => return None,
                text if text == open => depth += 1,
                text if text == close => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}
