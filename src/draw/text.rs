//! This module draws the graph for terminals: layer by layer, each step with what it takes.

use std::fmt::Write as _;

use super::graph::{Graph, Node, Tie};
use crate::value::printable;

/// All lines.
pub fn draw(graph: &Graph, color: bool) -> String {
    let paint =
        |code: &str, text: &str| if color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() };
    let count = |name: fn(&Node) -> usize| graph.nodes.iter().map(name).max().unwrap_or(0);
    let (verb, name) = (count(|node| node.verb.len()), count(|node| node.name.len()));
    let mut inputs: Vec<Vec<String>> = vec![Vec::new(); graph.nodes.len()];
    for edge in &graph.edges {
        let from = &graph.nodes[edge.from].name;
        inputs[edge.to].push(match edge.kind {
            Tie::Data => from.clone(),
            Tie::Failed => format!("{from}.failed"),
            Tie::With => format!("with {from}"),
            Tie::WithFailed => format!("with {from}.failed"),
            Tie::Needs => format!("after {from}"),
        });
    }
    let mut out = format!("{}\n\n", paint("1", &graph.name));
    for (at, layer) in graph.layers().into_iter().enumerate() {
        if at > 0 {
            let _ = writeln!(out, "  {:verb$} ↓", "");
        }
        for at in layer {
            let node = &graph.nodes[at];
            let mut line = format!("  {:>verb$} {}", node.verb, paint("1", &format!("{:<name$}", node.name)));
            if !inputs[at].is_empty() {
                let _ = write!(line, "  ← {}", inputs[at].join(", "));
            }
            if !node.detail.is_empty() {
                line.push_str(&paint("2", &format!("  {}", printable(&node.detail))));
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}
