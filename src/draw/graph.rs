//! The graph holds the steps of a file and what ties them, each step on its layer.

use std::collections::HashMap;

use serde_json::Value;

use crate::event::Verb;
use crate::value::Choice as _;

/// Steps and ties.
#[derive(Debug, Default)]
pub struct Graph {
    pub(super) name: String,
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

/// A step.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) verb: String,
    /// What it reads or writes.
    pub(super) detail: String,
    /// Ties between it and the farthest source, at most.
    pub(super) layer: usize,
}

/// Two steps that are tied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) kind: Tie,
}

/// What ties two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    /// Results.
    Data,
    /// Results for the other side of a `join`.
    With,
    /// Failed items for the other side of a `join`.
    WithFailed,
    /// Failed items.
    Failed,
    /// Order alone.
    Needs,
}

impl Graph {
    /// From a valid file.
    pub fn of(value: &Value, stem: &str) -> Self {
        let name = value.get("name").and_then(Value::as_str).unwrap_or(stem).to_owned();
        let mut graph = Self { name, ..Self::default() };
        let steps = value.get("steps").and_then(Value::as_object);
        let steps: Vec<(&String, &Value)> = steps.into_iter().flatten().collect();
        let places: HashMap<&str, usize> =
            steps.iter().enumerate().map(|(at, (name, _))| (name.as_str(), at)).collect();
        for (at, (name, step)) in steps.iter().enumerate() {
            let verb = Verb::all().find(|verb| step.get(verb.name()).is_some());
            let name_of_verb = verb.map_or("", Verb::name);
            graph.nodes.push(Node {
                name: (*name).clone(),
                verb: name_of_verb.to_owned(),
                detail: verb.map(|verb| detail(verb, &step[name_of_verb])).unwrap_or_default(),
                layer: 0,
            });
            let with = &step["join"]["with"];
            for (value, tie) in [(&step["from"], Tie::Data), (with, Tie::With), (&step["needs"], Tie::Needs)]
            {
                for text in texts(value) {
                    let (id, kind) = match (text.strip_suffix(".failed"), tie) {
                        (Some(id), Tie::Data) => (id, Tie::Failed),
                        (Some(id), Tie::With) => (id, Tie::WithFailed),
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
    pub(super) fn layers(&self) -> Vec<Vec<usize>> {
        let count = self.nodes.iter().map(|node| node.layer + 1).max().unwrap_or(0);
        let mut layers = vec![Vec::new(); count];
        for (at, node) in self.nodes.iter().enumerate() {
            layers[node.layer].push(at);
        }
        layers
    }
}

/// The path of what reads or writes files, as written.
fn detail(verb: Verb, value: &Value) -> String {
    let key = if verb == Verb::Glob { "pattern" } else { "path" };
    match (verb, value) {
        (Verb::Read | Verb::Write | Verb::Glob, Value::String(path)) => path.clone(),
        (Verb::Read | Verb::Write | Verb::Glob, Value::Object(map)) => {
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
