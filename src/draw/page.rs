//! A page shows the picture of a pipeline that is given as text.

use std::path::Path;

use super::graph::Graph;
use super::svg;
use crate::config;

/// Steps of a picture within a page: beyond, nobody sees anything, and the page gets large.
const STEPS_MAX: usize = 300;

/// The picture for a page, with the status of each step. `None`: the text is no pipeline, or has too many steps.
pub fn for_page<'a>(text: &str, file: &Path, status: impl Fn(&str) -> &'a str) -> Option<String> {
    let document = config::load(text.as_bytes(), &file.to_string_lossy(), file).document?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let graph = Graph::of(&document.value, &stem);
    (graph.nodes.len() <= STEPS_MAX).then(|| svg::inline(&graph, status))
}
