//! `flowrun graph` draws the steps and what flows between them, as text or as a picture. It draws from the file as
//! written, so that no parameter needs a value.

mod dot;
mod mermaid;
mod shape;
mod svg;
mod text;

use std::path::Path;

use self::shape::Graph;
use super::args::{GraphArguments, GraphFormat};
use super::console::{Console, put};
use super::exit::{Exit, Fault};
use super::load;
use crate::config;
use crate::source::Severity;

/// Steps of a picture within a page: beyond, nobody sees anything, and the page gets large.
const INLINE_MAX: usize = 300;

/// Draws the graph.
pub(super) fn command(console: &Console, arguments: &GraphArguments) -> Result<Exit, Fault> {
    load::refuse_standard_input(&arguments.file)?;
    let checked = load::pipeline(&arguments.file, &load::no_inputs(console))?;
    if checked.diagnostics.iter().any(|found| found.severity == Severity::Error) {
        return Err(Fault::Invalid(checked.diagnostics, checked.complaints));
    }
    let bytes = std::fs::read(&arguments.file)
        .map_err(|error| load::cannot("read the pipeline file", &arguments.file, &error))?;
    let document = config::load(&bytes, &arguments.file.to_string_lossy(), &arguments.file).document;
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
    let document = config::load(text.as_bytes(), &file.to_string_lossy(), file).document?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let graph = Graph::of(&document.value, &stem);
    (graph.nodes.len() <= INLINE_MAX).then(|| svg::inline(&graph, status))
}

#[cfg(test)]
mod tests;
