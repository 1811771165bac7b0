//! What editors make of the committed schema: the real `yaml-language-server` over its standard streams, and two more
//! validators. `tests/editors` pins them.

use std::fmt::Write as _;

use serde_json::Value;

mod install;
mod server;

use server::Server;

/// Where the cursor is; no YAML needs it.
const CURSOR: char = '‸';

/// A text without its cursor, and the line and column of that.
fn cursor(text: &str) -> (String, usize, usize) {
    let (before, after) = text.split_once(CURSOR).expect("the text has a cursor");
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().encode_utf16().count();
    (format!("{before}{after}"), line, column)
}

#[test]
fn probe() {
    let Some(mut server) = Server::start() else { return };
    let text = std::fs::read_to_string("/tmp/edit-scratch/probe.txt").unwrap();
    for block in text.split("\n====\n") {
        let (text, line, column) = cursor(block);
        println!("######## {}", block);
        for item in server.completion(&text, line, column) {
            let doc = item["documentation"]["value"].as_str().or(item["documentation"].as_str()).unwrap_or("NONE");
            println!("  {} => {} // {}", item["label"], item["insertText"], doc.chars().take(30).collect::<String>());
        }
        println!("  HOVER {}", server.hover(&text, line, column));
    }
}
