//! This module writes the graph in the language of Graphviz.

use std::fmt::Write as _;

use super::graph::{Graph, Tie};

/// The whole graph.
pub fn draw(graph: &Graph) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&graph.name));
    out.push_str("    rankdir=TB;\n    node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
    out.push_str("    edge [fontname=\"sans-serif\", fontsize=10];\n");
    for (at, node) in graph.nodes.iter().enumerate() {
        let about = if node.detail.is_empty() { String::new() } else { format!(" {}", node.detail) };
        let label = quoted(&format!("{}\n{}{about}", node.name, node.verb));
        let _ = writeln!(out, "    s{at} [label={label}];");
    }
    for edge in &graph.edges {
        let look = match edge.kind {
            Tie::Data => "",
            Tie::Failed => " [label=\"failed\", color=\"firebrick\"]",
            Tie::With => " [label=\"with\"]",
            Tie::WithFailed => " [label=\"with failed\", color=\"firebrick\"]",
            Tie::Needs => " [label=\"needs\", style=dashed]",
        };
        let _ = writeln!(out, "    s{} -> s{}{look};", edge.from, edge.to);
    }
    out.push_str("}\n");
    out
}

/// A text in quotes. A backslash would begin an escape of Graphviz's own.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
