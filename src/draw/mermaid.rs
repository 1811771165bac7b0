//! This module writes the graph as a Mermaid flowchart, which code hosts draw in Markdown.

use std::fmt::Write as _;

use super::graph::{Graph, Tie};

/// The whole chart.
pub fn draw(graph: &Graph) -> String {
    let mut out = String::from("flowchart TD\n");
    for (at, node) in graph.nodes.iter().enumerate() {
        let about =
            if node.detail.is_empty() { String::new() } else { format!(" {}", escaped(&node.detail)) };
        let (open, close) = match node.verb.as_str() {
            "read" | "glob" | "items" => ("([", "])"),
            "write" => ("[(", ")]"),
            _ => ("[", "]"),
        };
        let (name, verb) = (escaped(&node.name), &node.verb);
        let _ = writeln!(out, "    s{at}{open}\"{name}<br/>{verb}{about}\"{close}");
    }
    for edge in &graph.edges {
        let arrow = match edge.kind {
            Tie::Data => "-->",
            Tie::Failed => "-->|failed|",
            Tie::With => "-->|with|",
            Tie::WithFailed => "-->|with failed|",
            Tie::Needs => "-.->|needs|",
        };
        let _ = writeln!(out, "    s{} {arrow} s{}", edge.from, edge.to);
    }
    out
}

/// What means something to Mermaid or to HTML, as entity codes of Mermaid.
fn escaped(text: &str) -> String {
    let escape = |character: char| match character {
        '"' | '<' | '>' | '&' | '#' | '`' | '\\' | ';' | '{' | '}' | '[' | ']' | '(' | ')' | '|' => {
            format!("#{};", u32::from(character))
        }
        control if control.is_control() => " ".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(escape).collect()
}
