//! `flowrun graph`: the steps and what flows between them, as text or as a picture. Drawn from the file as written, so
//! that no parameter needs a value.

mod dot;
mod mermaid;
mod svg;
mod text;

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::args::{GraphArguments, GraphFormat};
use super::console::{Console, put};
use super::exit::{Exit, Fault};
use super::load;
use crate::source::Severity;
use crate::spec;

/// Steps of a picture within a page: beyond, nobody sees anything, and the page gets large.
const INLINE_MAX: usize = 300;

/// Steps and ties.
#[derive(Debug, Default)]
struct Graph {
    name: String,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

/// A step.
#[derive(Debug)]
struct Node {
    name: String,
    verb: String,
    /// What it reads or writes.
    detail: String,
    /// Ties between it and the farthest source, at most.
    layer: usize,
}

/// A tie.
#[derive(Debug, Clone, Copy)]
struct Edge {
    from: usize,
    to: usize,
    kind: Kind,
}

/// What ties two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Results.
    Data,
    /// Failed items.
    Failed,
    /// Order alone.
    Needs,
}

/// Draws the graph.
pub(super) fn command(console: &Console, arguments: &GraphArguments) -> Result<Exit, Fault> {
    load::refuse_standard_input(&arguments.file)?;
    let checked = load::pipeline(&arguments.file, &load::no_inputs(console))?;
    if checked.diagnostics.iter().any(|found| found.severity == Severity::Error) {
        return Err(Fault::Invalid(checked.diagnostics, checked.complaints));
    }
    let bytes = std::fs::read(&arguments.file)
        .map_err(|error| load::cannot("read the pipeline file", &arguments.file, &error))?;
    let document = spec::load(&bytes, &arguments.file.to_string_lossy(), &arguments.file).document;
    let stem = arguments.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let value = document.map(|document| document.value).unwrap_or_default();
    let graph = Graph::of(&value, &stem.unwrap_or_default());
    let drawn = match arguments.format {
        GraphFormat::Text => text::draw(&graph, console.stdout_color(arguments.console.color)),
        GraphFormat::Mermaid => mermaid::draw(&graph),
        GraphFormat::Dot => dot::draw(&graph),
        GraphFormat::Svg => svg::draw(&graph),
    };
    put(drawn.as_bytes())?;
    Ok(Exit::Success)
}

/// The picture for a page, with the status of each step; `None`: the text is no pipeline.
pub(super) fn inline<'a>(text: &str, file: &Path, status: impl Fn(&str) -> &'a str) -> Option<String> {
    let document = spec::load(text.as_bytes(), &file.to_string_lossy(), file).document?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let graph = Graph::of(&document.value, &stem);
    (graph.nodes.len() <= INLINE_MAX).then(|| svg::inline(&graph, status))
}

impl Graph {
    /// From a valid file.
    fn of(value: &Value, stem: &str) -> Self {
        let name = value.get("name").and_then(Value::as_str).unwrap_or(stem).to_owned();
        let mut graph = Self { name, ..Self::default() };
        let steps = value.get("steps").and_then(Value::as_object);
        let steps: Vec<(&String, &Value)> = steps.into_iter().flatten().collect();
        let places: HashMap<&str, usize> =
            steps.iter().enumerate().map(|(at, (name, _))| (name.as_str(), at)).collect();
        for (at, (name, step)) in steps.iter().enumerate() {
            let verb = spec::VERBS.into_iter().find(|verb| step.get(verb).is_some()).unwrap_or_default();
            graph.nodes.push(Node {
                name: (*name).clone(),
                verb: verb.to_owned(),
                detail: detail(verb, &step[verb]),
                layer: 0,
            });
            for (key, tie) in [("from", Kind::Data), ("needs", Kind::Needs)] {
                for text in texts(&step[key]) {
                    let (id, kind) = match text.strip_suffix(".failed") {
                        Some(id) if tie == Kind::Data => (id, Kind::Failed),
                        _ => (text, tie),
                    };
                    if let Some(&from) = places.get(id) {
                        graph.edges.push(Edge { from, to: at, kind });
                    }
                }
            }
        }
        graph.lay();
        graph
    }

    /// Puts each step one layer below the lowest that it waits for. The ties of a valid file have no circle.
    fn lay(&mut self) {
        let mut waits = vec![0usize; self.nodes.len()];
        let mut below: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for edge in &self.edges {
            waits[edge.to] += 1;
            below[edge.from].push(edge.to);
        }
        let mut open: Vec<usize> = (0..self.nodes.len()).filter(|at| waits[*at] == 0).collect();
        while let Some(at) = open.pop() {
            for &to in &below[at] {
                self.nodes[to].layer = self.nodes[to].layer.max(self.nodes[at].layer + 1);
                waits[to] -= 1;
                if waits[to] == 0 {
                    open.push(to);
                }
            }
        }
    }

    /// The steps of each layer, in the order of the file.
    fn layers(&self) -> Vec<Vec<usize>> {
        let count = self.nodes.iter().map(|node| node.layer + 1).max().unwrap_or(0);
        let mut layers = vec![Vec::new(); count];
        for (at, node) in self.nodes.iter().enumerate() {
            layers[node.layer].push(at);
        }
        layers
    }
}

/// The path of what reads or writes files, as written.
fn detail(verb: &str, value: &Value) -> String {
    let key = if verb == "glob" { "pattern" } else { "path" };
    match (verb, value) {
        ("read" | "write" | "glob", Value::String(path)) => path.clone(),
        ("read" | "write" | "glob", Value::Object(map)) => {
            map.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}

/// One text or a list of them.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
